"""conf/identity.yml: all it may say is read, what is wrong is named, what has no effect is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.dates import Duration
from model.errors import Problems
from model.identity_gate import Count, IdentityGate, Percentage, SightingCount
from model.identity_policy import IdentityPolicy, read_identity_policy
from model.match_rules import MatchRule
from model.strict_yaml import load_yaml, parse_yaml

ROOT = Path(__file__).parents[2]
GOLDEN = ("name", "birth_date", "gender")
EVERY_OPTION = """\
kinds:
  national_id: {rank: 1, normalise: cn_id_card}
  account:     {rank: 2, normalise: text, scope: channel, pii: low}
  member_card: {rank: 3, normalise: text, pii: low}
  unionid:     {rank: 4, normalise: text, max_peers: 10}
  openid:      {rank: 5, normalise: text, scope: app}
  phone:       {rank: 6, normalise: phone, region: CN, max_sightings: 20, max_peers: 5, window: 720d}
  email:       {rank: 7, normalise: email, max_sightings: 20, max_peers: 5}
  device:      {rank: 8, normalise: device, max_sightings: 50, max_peers: 8, window: 365d, strength: weak}
  cookie:      {rank: 9, normalise: text, window: 90d, strength: weak}
invalid:
  any: ["", "null", "n/a", "unknown", "anonymous", "-1"]
  phone: ["13800000000"]
  email: ["*@example.*", "noreply@*"]
  device: ["00000000-0000-0000-0000-000000000000"]
never_merge: [national_id]
disagree: {kinds: [member_card], names: true}
components: {full_build: graphframes, night: auto, local_edges: 20000000}
match:
  - name: person
    compare: {family_name: name, given_name: name, birth_date: date, postcode: text, street: address, phone: phone}
    block: [[family_name, birth_date], [postcode, given_name]]
    accept: 0.95
    review: 0.6
golden: {prefer: trusted, then: latest, per_column: {email: {prefer: frequent}, street: {prefer: latest}}}
gate: {largest_person: 50 sightings, people_change: 5%, merges: 2%, splits: 0.5%, new_hubs: 100}
"""  # noqa: E501  # as people write it
KINDS = "kinds: {card: {rank: 1, normalise: text}}\n"


def policy_of(text: str) -> tuple[IdentityPolicy, list[str]]:
    problems = Problems()
    policy = read_identity_policy(parse_yaml(text, "i.yml", problems), problems, GOLDEN)
    return policy, [str(problem) for problem in problems.found]


def test_a_policy_with_every_option_is_read_to_the_last_word() -> None:
    policy, problems = policy_of(EVERY_OPTION)
    assert problems == []
    windows = {name: kind.window for name, kind in policy.kinds.items() if kind.window}
    assert windows == {"phone": Duration(720), "device": Duration(365), "cookie": Duration(90)}
    assert policy.gate == IdentityGate(
        SightingCount(50), Percentage(5), Percentage(2), Percentage(0.5), Count(100)
    )
    (rule,) = policy.match
    compared = {
        "family_name": "name", "given_name": "name", "birth_date": "date", "postcode": "text",
        "street": "address", "phone": "phone",
    }  # fmt: skip
    blocks = (("family_name", "birth_date"), ("postcode", "given_name"))
    assert rule == MatchRule("person", compared, blocks, 0.95, 0.6, rule.location)
    assert (policy.never_merge_kinds, policy.never_merge_composites) == (("national_id",), ())


def test_what_is_read_and_not_computed_yet_is_told_by_place() -> None:
    composites = EVERY_OPTION.replace("[national_id]", "[national_id, [birth_date, gender]]")
    policy, problems = policy_of(composites)
    assert problems == []
    assert policy.never_merge_kinds == ("national_id",)
    assert policy.never_merge_composites == (("birth_date", "gender"),)
    assert [str(note) for note in policy.not_computed()] == [
        "i.yml:20: match person: joins nobody yet",
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("never_merge: [[birth_date]]", "never_merge [birth_date]: a composite is two different "
         "columns or more"),
        ("never_merge: [[gender, gender]]", "never_merge [gender, gender]: a composite is two "
         "different columns or more"),
        ("never_merge: [[birth_dat, gender]]", "never_merge [birth_dat, gender]: unknown column "
         "'birth_dat'; composites name columns of a golden table; did you mean 'birth_date'?"),
        ("never_merge: [7]", "never_merge[0]: expected text or a list; found 7"),
        ("gate: {merges: 2}", "merges: '2' is no percentage; expected one such as 5% or 0.5%"),
        ("gate: {largest_person: 50}", "largest_person: '50' is no size of a person; expected one "
         "such as 50 sightings"),
        ("gate: {floor: 20}", "floor: '20' is no number of persons; expected one such as 20 "
         "persons"),
        ("gate: {new_hubs: -1}", "new_hubs: '-1' is no count; expected a whole number such as 100, "
         "or 0"),
        ("gate: {merge: 2%}", "unknown key 'merge'; did you mean 'merges'?"),
        ("match: {name: person}", "match: expected a list; found a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(written: str, told: str) -> None:
    _, problems = policy_of(KINDS + written)
    assert problems == [f"i.yml:2: {told}"]


@pytest.mark.parametrize(
    "wrong", ["never_marge: [card]", "kinds: {card: {rank: 1, normalise: txt}}", "kinds: {card: 3}"]
)
def test_kinds_are_known_where_something_is_wrong(wrong: str) -> None:
    """So that channels which name them are not told that there are none, beside what is wrong."""
    policy, problems = policy_of(wrong if wrong.startswith("kinds") else KINDS + wrong)
    assert problems and list(policy.kinds) == ["card"]


@pytest.mark.parametrize("key", ["window", "reissued_after"])
@pytest.mark.parametrize("length", ["soon", "90", "0d", "6m", "90 d", "-3d", "30d..90d"])
def test_a_window_is_a_number_of_days(key: str, length: str) -> None:
    _, problems = policy_of(f"kinds:\n  card: {{rank: 1, normalise: text, {key}: {length}}}")
    expected = f"{length!r} is no duration; expected days or weeks such as 180d or 12w"
    assert problems == [f"i.yml:2: {key}: {expected}"]


def test_phones_may_be_reissued_after_ninety_days_and_nothing_else_unless_it_is_said() -> None:
    policy, problems = policy_of("""\
kinds:
  phone: {rank: 1, normalise: phone}
  number: {rank: 2, normalise: phone, reissued_after: 180d}
  email: {rank: 3, normalise: email}
  device: {rank: 4, normalise: device, reissued_after: 26w}
""")
    assert problems == []
    silences = {name: kind.silence for name, kind in policy.kinds.items()}
    assert silences == {
        "phone": Duration(90), "number": Duration(180), "email": None, "device": Duration(182),
    }  # fmt: skip


def test_a_window_may_be_of_weeks() -> None:
    policy, problems = policy_of("kinds: {card: {rank: 1, normalise: text, window: 2w}}")
    assert (policy.kinds["card"].window, problems) == (Duration(14), [])


def test_match_rules_are_held_to_what_they_compare() -> None:
    rule = "  - {name: a, compare: {city: text}, block: [%s], accept: %s, review: 0.6}\n"
    text = KINDS + "match:\n" + rule % ("[cty]", 0.9) + rule % ("[city]", 0.5) + rule % ("", 0.9)
    _, problems = policy_of(text)
    assert problems == [
        "i.yml:3: match a: block names 'cty', which is not compared; did you mean 'city'?",
        "i.yml:4: match a: expected 0 < review <= accept <= 1",
        "i.yml:4: match a: two rules bear this name",
        "i.yml:5: match a: block needs sets of columns, each with one at least; without, all meet "
        "all",
        "i.yml:5: match a: two rules bear this name",
    ]


def test_the_shipped_policy_is_sound_and_orders_weak_kinds_by_rank() -> None:
    problems = Problems()
    policy = read_identity_policy(load_yaml(ROOT / "conf/identity.yml", problems), problems)
    assert problems.found == []
    assert policy.not_computed() == (), "what is shipped does all it says"
    assert policy.weak_kinds == ("device", "cookie")
    assert policy.rank("national_id") == 1


def test_unknown_kinds_and_equal_ranks_are_problems() -> None:
    problems = Problems()
    text = """
kinds:
  phone: {rank: 1, normalise: phone}
  email: {rank: 1, normalise: email}
never_merge: [phne]
invalid: {any: [""], mail: ["x"]}
"""
    read_identity_policy(parse_yaml(text, "i.yml", problems), problems)
    assert [str(problem) for problem in problems.found] == [
        "i.yml:5: unknown kind 'phne'; did you mean 'phone'?",
        "i.yml:6: unknown kind 'mail'; did you mean 'email'?",
        "i.yml:4: email has the rank of phone; ranks differ",
    ]


def test_options_that_do_not_fit_a_kind_are_problems() -> None:
    problems = Problems()
    text = """
kinds:
  phone: {rank: 1, normalise: phone, region: UK}
  mobile: {rank: 2, normalise: phone, region: ZZ}
  login: {rank: 3, normalise: text, aliases: provider}
  email: {rank: 4, normalise: email, aliases: tags}
  openid: {rank: 5, normalise: openid}
  mini_openid: {rank: 6, normalise: openid, scope: app}
  unionid: {rank: 7, normalise: unionid}
  gadget: {rank: 8, normalise: imie}
"""
    policy = read_identity_policy(parse_yaml(text, "i.yml", problems), problems)
    assert list(policy.kinds) == [
        "phone", "mobile", "login", "email", "openid", "mini_openid", "unionid", "gadget",
    ]  # fmt: skip
    assert policy.kinds["gadget"].normalise == "text", "a stand-in, for who names it"
    assert len(problems.found) == 1
    problems = Problems()
    policy = read_identity_policy(
        parse_yaml(text.replace("imie", "imei"), "i.yml", problems), problems
    )
    assert [str(problem) for problem in problems.found] == [
        "i.yml:3: phone: unknown region 'UK'; expected two letters such as CN, or ZZ",
        "i.yml:5: login: aliases are of e-mail addresses; this one is normalised as text",
        "i.yml:7: openid: an OpenID counts within one app: add `scope: app`; across apps there is "
        "the UnionID",
    ]
