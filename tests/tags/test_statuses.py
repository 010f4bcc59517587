"""The six statuses: who may read whom, and who may replace whom."""

from itertools import product
from typing import get_args

import pytest

from tags.catalog import catalog_rows
from tags.definitions import COMPUTED, Status
from tags.planning import plan_tags
from tags.statuses import ENDED
from tests.tags.books import book_of, messages_of

STATUSES: tuple[Status, ...] = get_args(Status)
READERS = {
    "calc": "calc: read + 1",
    "bins": "bins: read, edges: [1], values: {a: A, b: B}",
    "cases": "cases: [{value: a, when: {any: [read > 1, {did: orders}]}}]",
    "rfm": "rfm: {recency: read, frequency: read, monetary: read}",
}


@pytest.mark.parametrize("shape", READERS)
def test_what_is_computed_reads_only_what_is_computed(shape: str) -> None:
    for reader, read in product(STATUSES, STATUSES):
        text = (
            f"tags:\n  read: {{title: R, pick: kids_count, status: {read}}}\n"
            f"  t: {{title: T, {READERS[shape]}, status: {reader}}}\n"
        )
        is_wrong = reader in COMPUTED and read not in COMPUTED
        expected = [f"a.yml:3: reads 'read', whose status is {read}: it is not computed"]
        assert messages_of(text) == (expected if is_wrong else []), (reader, read)


def test_only_two_statuses_are_computed_but_all_are_in_the_catalogue() -> None:
    lines = [f"  {status}: {{title: T, pick: city, status: {status}}}" for status in STATUSES]
    book = book_of("tags:\n" + "\n".join(lines))
    assert {column.name for column in plan_tags(book).columns} == {"testing", "online"} == COMPUTED
    assert {row.column_name: row.status for row in catalog_rows(book)} == {s: s for s in STATUSES}


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_tag_that_has_ended_is_replaced(status: Status) -> None:
    found = messages_of(
        f"tags:\n  old: {{title: O, pick: city, status: {status}}}\n"
        "  new:\n    title: N\n    pick: province\n    replaces: old\n"
    )
    expected = [
        f"a.yml:6: replaces: 'old' is {status}; set its status to retired or offline"
    ]
    assert found == ([] if status in ENDED else expected)


@pytest.mark.parametrize(
    ("replaces", "message"),
    [
        ("odl", "a.yml:4: replaces: unknown tag 'odl'; did you mean 'old'?"),
        ("nowhere_near", "a.yml:4: replaces: unknown tag 'nowhere_near'"),
        ("old", "a.yml:4: replaces: 'old' is replaced by 'heir' already"),
        ("t", "a.yml:4: replaces: 't' cannot replace itself"),
    ],
)
def test_a_tag_replaces_one_known_tag_and_is_its_only_heir(replaces: str, message: str) -> None:
    (found,) = messages_of(
        "tags:\n  old: {title: O, pick: city, status: retired}\n"
        "  heir: {title: H, pick: province, replaces: old}\n"
        f"  t: {{title: T, pick: city, status: retired, replaces: {replaces}}}\n"
    )
    assert found.startswith(message)


def test_the_catalogue_shows_which_column_continues_which() -> None:
    book = book_of(
        "defaults: {from: orders}\n"
        "tags:\n"
        "  old: {title: O, measure: sum(amount), over: [7d, 30d], status: retired}\n"
        "  new: {title: N, measure: sum(amount), over: [30d, ever], replaces: old}\n"
        "  was: {title: O, top: store_id, give: [value, score], status: offline}\n"
        "  fav: {title: F, top: store_id, give: [score, value, share], replaces: was}\n"
        "  city: {title: C, pick: city}\n"
    )
    assert {row.column_name: row.replaces for row in catalog_rows(book) if row.replaces} == {
        "new_30d": "old_30d",
        "fav": "was",
    }
    hashes = {tag.name: tag.definition_hash for tag in book.tags.values()}
    alone = book_of(
        "tags:\n  new: {title: N, measure: sum(amount), over: [30d, ever], from: orders}\n"
    )
    assert alone.tags["new"].definition_hash == hashes["new"]
