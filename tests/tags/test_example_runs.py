"""Examples beside tags: one person each, and a failure for every column that differs."""

from decimal import Decimal
from textwrap import dedent

import pytest

from tags.example_runs import is_same, run_examples
from tests.tags.books import book_of


def test_a_wrong_example_is_named_by_line_column_and_both_values() -> None:
    book = book_of(
        dedent(
            """\
            tags:
              spend:
                title: S
                measure: sum(amount)
                from: orders
                where: "status = 'paid'"
                over: [30d]
                examples:
                  - rows: [{days_ago: 29, amount: 1.1, status: paid}]
                    gives: {spend_30d: 1.1}
                  - rows: [{days_ago: 30, amount: 1.1, status: paid}]
                    gives: {spend_30d: 1.1}
                  - gives: {spend_30d: 0}
              city:
                title: C
                pick: city
                examples: [{profile: {city: 杭州}, gives: {city: 上海}}]
            """
        )
    )
    assert [str(failure) for failure in run_examples(book)] == [
        "a.yml:11: spend_30d: expected 1.1; found missing",
        "a.yml:13: spend_30d: expected 0; found missing",
        "a.yml:17: city: expected 上海; found 杭州",
    ]


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ("missing", None, True),
        (0, None, False),
        (1.1, Decimal("1.10"), True),
        (1.1, Decimal("1.11"), False),
        (0.3, 0.1 + 0.2, True),
        (1, True, False),
        (True, True, True),
        ("a", "a", True),
        ("1", 1, True),
        (["a"], ["a"], True),
        (["a"], ["a", "b"], False),
        ({"x": 1}, {"x": 1}, True),
        ({"x": 1}, {"x": 2}, False),
        ({"x": 1}, {"y": 1}, False),
    ],
)
def test_a_yaml_value_equals_a_computed_one_exactly_where_it_means_the_same(
    expected: object, found: object, same: bool
) -> None:
    assert is_same(expected, found) is same
