"""Forty seeded edits of a book: what changes, what follows, and for how many persons."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from model.canonical import NamedSource
from model.errors import Problems
from model.local_engine import LocalEngine
from model.strict_yaml import parse_yaml
from tags.catalog import catalog_rows
from tags.definition_changes import Kind, definition_changes, recomputed
from tags.definitions import TagBook
from tags.kernel.differences import differences_of
from tags.loading import load_tags
from tags.planning import plan_over, plan_tags
from tests.tags.arrow_rows import D, wide_of
from tests.tags.books import GOLDEN, MODEL

PEOPLE = 30
Texts = Mapping[str, str]
TEXTS: Texts = {
    "gender": "pick: gender",
    "born": "pick: birth_date, type: date, pii: high, mask: month_day",
    "spend": "measure: sum(amount), over: [7d, 90d, ever], absent: 0, where: amount > 2",
    "bought": "measure: count(), over: [90d, ever]",
    "views": "measure: count(), from: page_views, over: 90d",
    "gap": "measure: days_since_last()",
    "shop": "top: store_id, over: ever, give: [value, score]",
    "rare": "top: channel, over: 90d, rarity: true",
    "age": "bins: years_since(born), edges: [25, 40], values: {a: A, b: B, c: C}",
    "mean": "calc: 'share(spend_90d, bought_90d)'",
    "level": "bins: spend_ever, shares: [20%, rest], values: {hi: H, lo: L}",
    "tier": "cases: [{value: x, when: mean > 10}, {value: y, when: {did: page_views, over: 9d}}], "
            "else: z",
    "vip": "cases: [{value: v, when: \"level = 'hi' and age = 'b'\"}], else: n",
    "rfm": "rfm: {recency: gap, frequency: bought_ever, monetary: spend_ever}",
    "mood": "stages: [{value: up, when: bought_ever > 1}], else: down, give: [stage, since]",
    "best": "sql: 'select one_id, max(amount) as value from by_person.orders group by one_id'",
    "way": "steps: [page_views, carts, orders], within: 7d",
    "old": "measure: days(), status: retired",
    "newer": "measure: days(), replaces: old",
}  # fmt: skip
SOURCE = "name = 'page_view'"


def book_of(texts: Texts, source: str = SOURCE) -> TagBook:
    lines = [
        f"  {name}: {{title: T, {text}{'' if 'status' in text else ', status: online'}}}"
        for name, text in texts.items()
    ]
    problems = Problems()
    file = parse_yaml("\n".join(["defaults: {from: orders}", "tags:", *lines]), "a.yml", problems)
    views = NamedSource("events", source)
    model = replace(MODEL, sources={**MODEL.sources, "page_views": views})
    book = load_tags({"a.yml": file}, model, GOLDEN, problems)
    problems.raise_if_any()
    return book


def catalog_of(book: TagBook) -> list[dict[str, Any]]:
    """The catalogue as a lake gives it back."""
    return [
        {n: list(v) if isinstance(v, tuple) else v for n, v in vars(row).items()}
        for row in catalog_rows(book)
    ]


# --- the edits, each with the tags that it edits by its own account ---------------------------

Edit = tuple[Texts, str, dict[str, Kind]]


def with_text(name: str, old: str, new: str) -> Edit:
    assert old in TEXTS[name]
    return {**TEXTS, name: TEXTS[name].replace(old, new)}, SOURCE, {name: "changed"}


def a_filter(chance: random.Random) -> Edit:
    return with_text("spend", "amount > 2", f"amount > {chance.randint(3, 900)}")


def a_window(chance: random.Random) -> Edit:
    name = chance.choice(["spend", "bought"])
    return with_text(name, "over: [", f"over: [{chance.randint(91, 300)}d, ")


def an_edge(chance: random.Random) -> Edit:
    return chance.choice([
        with_text("age", "25", str(chance.randint(18, 39))),
        with_text("level", "20%", f"{chance.randint(21, 60)}%"),
        with_text("tier", "> 10", f"> {chance.randint(11, 99)}"),
    ])  # fmt: skip


def a_title(chance: random.Random) -> Edit:
    name = chance.choice(sorted(TEXTS))
    return {**TEXTS, name: f"{TEXTS[name]}, description: New"}, SOURCE, {name: "words"}


def a_status(chance: random.Random) -> Edit:
    leaf = chance.choice(["vip", "rfm", "mood", "way", "shop", "gender"])
    word = chance.choice(["testing", "paused", "offline"])
    return {**TEXTS, leaf: f"{TEXTS[leaf]}, status: {word}"}, SOURCE, {leaf: "status"}


def an_end(_: random.Random) -> Edit:
    return with_text("old", "retired", "offline")[0], SOURCE, {"old": "status"}


def a_removal(chance: random.Random) -> Edit:
    leaf = chance.choice(["vip", "rfm", "mood", "best", "rare", "newer"])
    return {n: t for n, t in TEXTS.items() if n != leaf}, SOURCE, {leaf: "removed"}


def an_addition(chance: random.Random) -> Edit:
    column = chance.choice(["spend_7d", "mean", "gap", "views"])
    return {**TEXTS, "more": f"calc: {column} + 1"}, SOURCE, {"more": "new"}


def a_source(chance: random.Random) -> Edit:
    word = chance.choice(["pos", "a", "add_to_cart"])
    return TEXTS, f"name = '{word}'", dict.fromkeys(("views", "tier", "way"), "changed")


def a_name(chance: random.Random) -> Edit:
    name = chance.choice(["mean", "level", "gap", "age"])
    readers = [other for other in TEXTS if name in words_of(other, TEXTS)]
    texts = {n: re.sub(rf"\b{name}\b", "other", t) for n, t in TEXTS.items()}
    texts = {("other" if n == name else n): t for n, t in texts.items()}
    edited: dict[str, Kind] = {name: "removed", "other": "new"}
    return texts, SOURCE, edited | dict.fromkeys(readers, "changed")


def two_at_once(chance: random.Random) -> Edit:
    texts, source, edited = a_filter(chance)
    rfm = TEXTS["rfm"].replace("frequency: bought_ever", "frequency: spend_7d")
    return {**texts, "rfm": rfm}, source, edited | {"rfm": "changed"}


EDITS: list[Callable[[random.Random], Edit]] = [
    a_filter, a_window, an_edge, a_title, a_status, an_end, a_removal, an_addition, a_source,
    a_name, two_at_once,
]  # fmt: skip


# --- the oracle: a closure over the texts -----------------------------------------------------


def words_of(name: str, texts: Texts) -> set[str]:
    """The tags whose columns a tag's text names, as plain words."""
    body = re.sub(r"^\w+: ", "", texts[name])
    return {
        other for other in texts
        if other != name and "replaces" not in body
        and re.search(rf"\b{other}(_\d+d|_ever)?\b(?!:)", re.sub(r"values: .*|from: \w+", "", body))
    }  # fmt: skip


def expected(texts: Texts, edited: Mapping[str, Kind]) -> dict[str, Kind]:
    found: dict[str, Kind] = dict(edited)
    values = {name for name, kind in edited.items() if kind in ("changed", "new")}
    while True:
        more = {n for n in texts if words_of(n, texts) & values} - values
        if not more:
            break
        values |= more
        found |= dict.fromkeys(more, "follows")
    if "old" in found and found["old"] != "words" and "newer" not in found:
        found["newer"] = "continues"
    return found


@pytest.mark.parametrize("seed", range(40))
def test_an_edit_changes_exactly_what_depends_on_it(seed: int) -> None:
    texts, source, edited = EDITS[seed % len(EDITS)](random.Random(seed))
    changes = definition_changes(book_of(texts, source), catalog_of(book_of(TEXTS)))
    assert {change.tag: change.kind for change in changes} == expected(texts, edited)
    for change in changes:
        assert change.kind != "follows" or set(change.because) <= words_of(change.tag, texts)
        assert change.is_computed == (
            change.kind in ("new", "changed", "follows") and change.status == "online"
        )


def test_nothing_is_changed_by_nothing_and_all_by_all() -> None:
    book = book_of(TEXTS)
    assert definition_changes(book, catalog_of(book)) == ()
    assert {change.kind for change in definition_changes(book, [])} == {"new"}


# --- numbers of persons against a whole recompute ---------------------------------------------


def differing(old: pa.Table, new: pa.Table, names: set[str]) -> dict[str, dict[int, str]]:
    """Plain Python: by column, the persons whose cell differs, and how."""
    before, after = (
        {row["one_id"]: row for row in table.to_pylist(maps_as_pydicts="strict")}
        for table in (old, new)
    )
    found: dict[str, dict[int, str]] = {name: {} for name in names}
    for one in before.keys() | after.keys():
        for name in names:
            was, now = before.get(one, {}).get(name), after.get(one, {}).get(name)
            if was != now:
                kind = "appeared" if was is None else "gone" if now is None else "changed"
                found[name][one] = kind
    return found


@pytest.fixture(scope="module")
def old() -> pa.Table:
    """The wide table before any edit."""
    book = book_of(TEXTS)
    with LocalEngine() as engine:
        return wide_of(engine, book, plan_tags(book), PEOPLE)


@pytest.mark.parametrize("seed", range(len(EDITS)))
def test_persons_are_counted_as_a_whole_recompute_would(seed: int, old: pa.Table) -> None:
    texts, source, _ = EDITS[seed](random.Random(100 + seed))
    before, after = book_of(TEXTS), book_of(texts, source)
    changes = definition_changes(after, catalog_of(before))
    anew, stored = recomputed(after, changes)
    owners = {c: each.tag for each in changes for c in each.gone}
    owners |= {c: each.tag for each in changes if each.is_computed for c in each.columns}
    with LocalEngine() as engine:
        whole = wide_of(engine, after, plan_tags(after), PEOPLE)
        part = wide_of(engine, after, plan_over(after, anew, stored), PEOPLE, old)
        told = differences_of(
            engine, *(t.select(["one_id", *(c for c in owners if c in t.column_names)])
                      for t in (old, part)), owners, {"tier", "age"} & owners.keys(), D,
        )  # fmt: skip
    known = {*old.column_names, *whole.column_names} - {"one_id", "business_date"}
    oracle = differing(old, whole, known)
    assert not any(oracle[name] for name in known - owners.keys()), "nothing else may differ"
    for name, one in told.of_columns.items():
        kinds = list(oracle[name].values())
        found = {"changed": one.changed, "appeared": one.appeared, "gone": one.gone}
        assert found == {kind: kinds.count(kind) for kind in found}, name
        if one.after is not None:
            values = whole[name].to_pylist()
            assert dict(one.after) == {value: values.count(value) for value in set(values)}
    persons = {one for name in owners for one in oracle[name]}
    assert (told.persons, told.touched) == (PEOPLE, len(persons))
    for tag, count in told.of_tags.items():
        own = {one for name in owners if owners[name] == tag for one in oracle[name]}
        assert count == len(own)
