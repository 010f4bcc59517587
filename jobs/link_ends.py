"""The two that `onefold explain link` is asked about: who holds each of them on the night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from identity.apart import Place
from identity.corrections import Correction
from jobs.cut_words import blocked
from jobs.identifier_lookup import (
    FoundIdentifier,
    FoundNode,
    PublishedIdentifiers,
    nobody_has,
    wanted,
)
from model.errors import InputMissingError
from model.fixed_tables import ONE_ID_EVENTS, ONE_IDS
from model.number_events import HAS_ENDED, last_told


@dataclass(frozen=True)
class End:
    """A value or a OneID, and the node it is in the graph.

    `place` and `node_id` None: no node is left of it. `note` says what became of a number, or why
    nobody holds a value.
    """

    kind: str
    token: str | None
    one_id: int | None
    place: Place | None
    node_id: int | None
    note: str = ""


def both_ends(
    known: PublishedIdentifiers, words: tuple[str, str], corrections: Sequence[Correction]
) -> tuple[End, End]:
    """What two words mean, each kind:value, kind@scope:value or a OneID.

    Of a value that several persons hold, in scopes or one after the other, the one that is the
    other word's person too, else the latest. `corrections` are those that hold on the night.
    UsageError where a word is none of these, InputMissingError where nobody was ever seen with a
    value or given a number.
    """
    ones, others = _ends(known, words, corrections)
    pairs = list(product(ones, others))
    same = [(one, other) for one, other in pairs if one.place and one.place == other.place]
    return (same or pairs)[-1]


def one_end(
    known: PublishedIdentifiers, word: str, corrections: Sequence[Correction]
) -> End:
    """What one word means; of a value that several persons hold, the latest. Errors as of two."""
    (ends,) = _ends(known, [word], corrections)
    return ends[-1]


def _ends(
    known: PublishedIdentifiers, words: Sequence[str], corrections: Sequence[Correction]
) -> list[list[End]]:
    """All that each word may mean, the latest at the end."""
    asked = [None if word.isdecimal() else wanted(word, known.definitions.policy) for word in words]
    found = known.find([each for each in asked if each is not None])
    return [
        [_of_number(known, int(word))] if each is None else _of_value(found[each], corrections)
        for word, each in zip(words, asked, strict=True)
    ]


def _of_value(
    found: Sequence[FoundIdentifier], corrections: Sequence[Correction]
) -> list[End]:
    """All that a value may mean, the latest at the end."""
    if not found:
        raise InputMissingError(nobody_has(found))
    nodes = [(each, node) for each in found for node in each.nodes]
    if not nodes:
        each = found[0]
        note = blocked(each.token, corrections) or nobody_has(found)
        return [End(each.kind, each.token, None, None, None, note)]
    nodes.sort(key=lambda pair: (pair[1].last_date, pair[1].node_id))
    return [_of_node(each, node) for each, node in nodes]


def _of_node(each: FoundIdentifier, node: FoundNode) -> End:
    note = nobody_has([each]) if node.one_id is None else ""
    return End(each.kind, each.token, node.one_id, place_of(node), node.node_id, note)


def place_of(node: FoundNode) -> Place:
    """Who holds a node."""
    return Place(False, node.node_id) if node.one_id is None else Place(True, node.one_id)


def _of_number(known: PublishedIdentifiers, number: int) -> End:
    """A number, by the node that stands for it while its person holds that, else by the anchor of
    the person it leads to."""
    told = _last_told(known, number)
    if told is None:
        raise InputMissingError(f"OneID {number} was never given to anybody")
    if not told["has_ended"]:
        return _of_person(number, told["node_id"])
    other, since = told["other_one_id"], f"since {told['business_date']}: {told['reason']}"
    if other is None:
        return End("OneID", None, number, None, None, f"OneID {number} is retired {since}")
    living = _last_told(known, other) or told
    anchor = told["node_id"] if _holds(known, other, told["node_id"]) else living["node_id"]
    return _of_person(other, anchor, f"OneID {number} leads to {other} {since}")


def _of_person(one_id: int, node_id: int, note: str = "") -> End:
    return End("OneID", None, one_id, Place(True, one_id), node_id, note)


def _last_told(known: PublishedIdentifiers, number: int) -> dict[str, Any] | None:
    """The last event of a number up to the night, and whether it has ended; None: never given."""
    engine, day = known.engine, known.night.business_date
    own = engine.rows(
        "told_of_number", f"select * from log where one_id = {number}",
        log=known.holding(ONE_ID_EVENTS),
    )  # fmt: skip
    sql = f"select told.*, {HAS_ENDED} as has_ended from ({last_told('own', day)}) told"
    rows: list[dict[str, Any]] = engine.arrow(engine.rows("last_told", sql, own=own)).to_pylist()
    return rows[0] if rows else None


def _holds(known: PublishedIdentifiers, one_id: int, node_id: int) -> bool:
    sql = f"select one_id from one_ids where node_id = {node_id} and one_id = {one_id}"
    rows = known.engine.rows("holds", sql, one_ids=known.holding(ONE_IDS))
    return known.engine.arrow(rows).num_rows > 0
