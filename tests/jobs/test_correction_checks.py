"""What is answered to corrections of hubs, and of weak, listed, unseen and ambiguous values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.correction_checks import Judge, Judged
from jobs.correction_words import Draft
from jobs.identifier_lookup import FoundIdentifier, FoundNode, Wanted, wanted_of_any_kind
from model.errors import InputMissingError, UsageError
from model.identity_policy import IdentifierKind, IdentityPolicy

DAY = date(2024, 5, 2)
POLICY = IdentityPolicy(kinds={
    "account": IdentifierKind(1, "text", scope="channel"),
    "phone": IdentifierKind(2, "phone"),
    "device": IdentifierKind(3, "device", strength="weak"),
    "cookie": IdentifierKind(4, "text", strength="weak"),
})


def found(
    kind: str, *one_ids: int | None, scope: str = "global", listed: str | None = None,
    hub: str | None = None, value: str = "1",
) -> FoundIdentifier:  # fmt: skip
    nodes = tuple(FoundNode(n, one_id, hub, DAY, DAY) for n, one_id in enumerate(one_ids))
    return FoundIdentifier(kind, scope, f"{kind} {scope} {value}", listed, nodes)


class Known:
    """A published night that knows what it is told, by value."""

    definitions = SimpleNamespace(policy=POLICY)

    def __init__(self, **told: FoundIdentifier | tuple[FoundIdentifier, ...]) -> None:
        self.told = {
            value: each if isinstance(each, tuple) else (each,) for value, each in told.items()
        }

    def find(self, asked: Collection[Wanted]) -> Mapping[Wanted, tuple[FoundIdentifier, ...]]:
        return {each: self.told.get(each.value, ()) for each in asked}

    def holders(self, one_ids: Collection[int]) -> Mapping[int, bool]:
        return {one_id: one_id < 5 for one_id in one_ids if one_id < 9}


def judged(
    kind: Any, *values: str, one_id: int | None = None, **told: Any
) -> Judged:
    asked = Draft("", tuple(Wanted("account", None, value) for value in values), one_id)
    known: Any = Known(**told)
    (one,) = Judge(known, []).all_of(kind, [asked], DAY, None)
    return one


ANN, BO = found("account", 1), found("account", 2, value="2")
HUB = found("phone", None, hub="max_peers")
NOWHERE = found("phone")


def test_a_link_to_a_hub_is_made_and_says_what_it_does_not_do() -> None:
    one = judged("link", "a", "b", a=ANN, b=HUB)
    assert one.notes == (
        "B is a hub: it becomes an attribute of the other's person, and the rows that show it stay "
        "where they are",
    )
    assert one.told({"account global 1": "d1"}).splitlines()[0] == (
        "correction 1: link account d1 (OneID 1) and phone ? (nobody's), from 2024-05-02"
    )


def test_what_has_no_effect_yet_is_told() -> None:
    (note,) = judged("link", "a", "b", a=ANN, b=NOWHERE).notes
    assert "its channel is in shadow" in note and "this holds as soon as that changes" in note
    (note,) = judged("unlink", "a", "b", a=HUB, b=ANN).notes
    assert note.startswith("A: this identifier is a hub (max_peers)")
    (note,) = judged("block", "a", a=found("phone", listed="invalid.any")).notes
    assert note == "A is on the list invalid.any of conf/identity.yml already"
    assert judged("block", "a", a=NOWHERE).notes == ()


@pytest.mark.parametrize("kind", ["link", "unlink"])
def test_a_listed_value_is_refused_with_the_name_of_its_list(kind: str) -> None:
    with pytest.raises(UsageError, match=r"B: .*names nobody: it is on the list invalid\.phone"):
        judged(kind, "a", "b", a=ANN, b=found("phone", listed="invalid.phone"))


def test_weak_identifiers_are_linked_and_unlinked_from_stronger_ones_only() -> None:
    device, cookie = found("device", 3), found("cookie", 3)
    assert judged("link", "a", "b", a=device, b=cookie).is_new
    assert judged("unlink", "a", "b", a=device, b=ANN).is_new
    with pytest.raises(UsageError, match=r"only attach \(device, cookie\): unlink each from"):
        judged("unlink", "a", "b", a=device, b=cookie)


@pytest.mark.parametrize("nobody", [HUB, NOWHERE, found("phone", listed="invalid.phone")])
def test_a_number_is_pinned_to_a_person_only(nobody: FoundIdentifier) -> None:
    with pytest.raises(UsageError, match=r"^A: "):
        judged("pin", "a", one_id=7, a=nobody)


def test_a_pinned_number_was_given_once_and_is_nobody_elses() -> None:
    assert judged("pin", "a", one_id=1, a=ANN).correction.one_id == 1
    assert judged("pin", "a", one_id=7, a=ANN).is_new, "nobody bears it any longer"
    assert judged("pin", "a", one_id=2, a=found("phone", 1, 2)).is_new, "re-issued: one of the two"
    with pytest.raises(UsageError, match="2 is another person's"):
        judged("pin", "a", one_id=2, a=ANN)
    with pytest.raises(UsageError, match="nobody ever had the number 9"):
        judged("pin", "a", one_id=9, a=ANN)


def test_a_value_of_several_scopes_wants_one_named() -> None:
    both = (found("account", 1, scope="desk"), found("account", 2, scope="web"))
    with pytest.raises(UsageError, match=r"2 scopes; name one: account@desk:…, account@web:…"):
        judged("block", "a", a=both)


def test_all_problems_are_told_and_a_missing_value_alone_may_come_later() -> None:
    known: Any = Known(a=ANN, b=(ANN, BO))

    def blocked(*values: str) -> None:
        asked = [
            Draft(f"f:{n}: ", (Wanted("account", None, value),)) for n, value in enumerate(values)
        ]
        Judge(known, []).all_of("block", asked, DAY, None)

    with pytest.raises(InputMissingError, match=r"^f:1: A: nobody(.|\n)*f:2: A: nobody"):
        blocked("a", "x", "y")
    with pytest.raises(UsageError, match=r"^f:1: A: nobody(.|\n)*f:2: A: this value is known in 2"):
        blocked("a", "x", "b")


def test_each_correction_is_held_against_those_before_it_in_the_same_file() -> None:
    known: Any = Known(a=ANN, b=BO, c=found("account", 3, value="3"))
    pairs = [Draft("", tuple(Wanted("account", None, v) for v in pair)) for pair in ("ab", "ba")]
    first, again = Judge(known, []).all_of("link", pairs, DAY, None)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.told({}).startswith("correction 1 says so already: link")
    twice = [Draft(f"f:{n}: ", (pairs[0].identifiers[n - 1],), 7) for n in (1, 2)]
    with pytest.raises(UsageError, match=r"^f:2: this pin contradicts correction 1 \(pin\)"):
        Judge(known, []).all_of("pin", twice, DAY, None)


def test_a_word_names_its_kind_or_is_tried_as_every_kind_that_can_read_it() -> None:
    assert {each.kind for each in wanted_of_any_kind("13911110001", POLICY)} == {
        "account", "phone", "device", "cookie",
    }  # fmt: skip
    (one,) = wanted_of_any_kind("phone: 139 1111 0001", POLICY)
    assert (one.kind, one.value) == ("phone", "+8613911110001")
    assert "139" not in repr(one)
    assert {each.value for each in wanted_of_any_kind("web:1", POLICY)} == {"web:1"}
    assert wanted_of_any_kind("  ", POLICY) == ()
