"""What measures, their windows and tops refuse: by file and line, with the next step."""

import pytest

from tests.tags.books import messages_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "measure: count(), from: orders, over: last 1001",
            "over: 'last 1001' is no window; expected 30d, 12w, 6m, 1y, ever, 31d..90d, "
            "this month or last month; last 5 takes the 5 newest rows, up to 1000",
        ),
        (
            "measure: count(), from: orders, over: next 30d",
            "over: 'next 30d' lies ahead, where no row is yet; expected a window such as 30d",
        ),
        (
            "top: category_l1, from: order_lines, over: last 5",
            "over: last 5 counts rows; a top takes windows of days, such as 90d",
        ),
        (
            "cases: [{value: a, when: {did: orders, over: last 5}}]",
            "over: 'last 5' is no window",
        ),
        (
            "measure: 'list(store_id, 5)', from: orders, by: channel",
            "by: 'list(store_id, 5)' is a list already; leave by: out",
        ),
        (
            "measure: histogram(store_id), from: orders, by: channel",
            "by: 'histogram(store_id)' is a map already; leave by: out",
        ),
        (
            "measure: histogram(store_id), from: orders, absent: 0",
            "absent: a map has none; leave it out",
        ),
        (
            "measure: histogram(item_count), from: orders",
            "'histogram(item_count)': histogram() cannot count by the text of "
            "number 'item_count'; cast(x as money) first",
        ),
        (
            "measure: 'percentile(amount, 90)', from: orders",
            "'percentile(amount, 90)': percentile(): expected a number from 0 to 1 behind "
            "the value, such as .5",
        ),
        ("measure: stddev(amount), from: orders, type: text", "type: text cannot hold number"),
        (
            "top: category_l1, from: order_lines, decay: half every 2m",
            "decay: expected half every and days or weeks, such as half every 30d; "
            "found 'half every 2m'",
        ),
        (
            "top: category_l1, from: order_lines, decay: 30d",
            "decay: expected half every and days or weeks",
        ),
        (
            "top: category_l1, from: order_lines, rarity: true, "
            "examples: [{rows: [{days_ago: 1, category_l1: A}], gives: {t: A}}]",
            "'t' ranks people; one person is no example of it",
        ),
    ],
)
def test_what_makes_no_sense_is_named_by_file_line_and_cure(body: str, message: str) -> None:
    found = messages_of(f"tags:\n  t: {{title: T, {body}}}\n")
    assert any(line.startswith(f"a.yml:2: {message}") for line in found), found
