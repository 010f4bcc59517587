"""What a check text may say, and how a wrong one is answered."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import Location, Problems
from quality.grammar import parse_check
from quality.rules import (
    Among,
    Between,
    Comparison,
    Filled,
    Matches,
    OtherColumn,
    RowCount,
    Share,
    Unique,
)

COLUMNS = {
    "amount": "money", "discount": "decimal(18,2)", "lines": "bigint", "status": "enum",
    "postcode": "text", "paid_at": "timestamp", "valid_from": "date", "valid_to": "date",
    "is_deleted": "boolean", "counts": "map<string, bigint>", "order_id": "text",
}  # fmt: skip
HERE = Location("conf/quality/clean.orders.yml", 7)


def parsed(text):
    problems = Problems()
    rule = parse_check(text, COLUMNS, HERE, problems)
    assert not problems.found, problems.found
    return rule


def refused(text):
    problems = Problems()
    assert parse_check(text, COLUMNS, HERE, problems) is None
    assert [problem.location for problem in problems.found] == [HERE]
    return problems.found[0].message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("amount >= 0", Comparison("amount", ">=", Decimal(0))),
        ("amount>-0.50", Comparison("amount", ">", Decimal("-0.50"))),
        ("lines != 3", Comparison("lines", "!=", Decimal(3))),
        ("discount <= amount", Comparison("discount", "<=", OtherColumn("amount"))),
        ("valid_to >= valid_from", Comparison("valid_to", ">=", OtherColumn("valid_from"))),
        ("status = 'it''s paid'", Comparison("status", "=", "it's paid")),
        ("paid_at < 2017-03-01", Comparison("paid_at", "<", date(2017, 3, 1))),
        ("is_deleted = false", Comparison("is_deleted", "=", False)),
        ("amount between 0 and 9.5", Between("amount", Decimal(0), Decimal("9.5"))),
        ("status in [paid, 'part paid', 3]", Among("status", ("paid", "part paid", "3"))),
        ("lines in [1, 2]", Among("lines", (Decimal(1), Decimal(2)))),
        ("postcode matches '^[0-9]{4}$'", Matches("postcode", "^[0-9]{4}$")),
        ("order_id filled", Filled("order_id", Share(Decimal(100)))),
        ("counts filled >= 62.5%", Filled("counts", Share(Decimal("62.5")))),
        ("order_id unique", Unique(("order_id",))),
        ("[order_id, status] unique", Unique(("order_id", "status"))),
        ("order_id, status unique", Unique(("order_id", "status"))),
        ("rows >= 1", RowCount(1, None)),
        ("rows > 1", RowCount(2, None)),
        ("rows < 10", RowCount(None, 9)),
        ("rows = 0", RowCount(0, 0)),
        ("rows between 1 and 9", RowCount(1, 9)),
    ],
)
def test_a_check_reads_as_the_rule_it_states(text, rule):
    assert parsed(text) == rule


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("amuont >= 0", "unknown column 'amuont'; did you mean 'amount'?"),
        ("[order_id, stauts] unique", "unknown column 'stauts'; did you mean 'status'?"),
        ("amount >= 'ten'", "expected a number, since 'amount' is money"),
        ("status = paid", "expected a text in single quotes, since 'status' is enum"),
        ("status = postcod", "did you mean 'postcode'?"),
        ("paid_at > 2017-02-30", "expected a day such as 2017-03-01"),
        ("discount <= status", "do not compare: decimal(18,2) and enum"),
        ("is_deleted > true", "expected = or !="),
        ("counts >= 1", "its values cannot be compared"),
        ("amount matches '1'", "only a text matches a pattern"),
        ("postcode matches '['", "not a regular expression"),
        ("postcode matches abc", "expected a pattern in single quotes"),
        ("amount filled >= 60", "expected a percentage such as 60%"),
        ("amount filled >= 101%", "more than 100%"),
        ("amount >=", "ends too early"),
        ("amount >= 0 and lines > 1", "nothing may follow; found 'and lines > 1'"),
        ("amount", "ends too early; expected filled or unique or in"),
        ("", "is empty; expected 'amount >= 0'"),
        ("amount ~ 3", "cannot read '~ 3'"),
        ("rows >= many", "expected a number of rows"),
        ("rows != 3", "found '!='"),
        ("rows within 40% of same weekday", "not available yet"),
        ("amount psi < 0.25", "not available yet"),
        ("coverage within 10% of last 7 runs", "not available yet"),
    ],
)
def test_a_wrong_check_is_answered_with_its_reason(text, reason):
    assert reason in refused(text)


@given(st.text(alphabet="amount >=<0'[],%.-rows filled\u4e00\"", max_size=40))
def test_any_text_is_either_a_rule_or_one_problem(text):
    problems = Problems()
    rule = parse_check(text, COLUMNS, HERE, problems)
    assert (rule is None) == (len(problems.found) == 1)


@given(st.integers(0, 10**7), st.decimals(0, 100, places=2))
def test_a_share_allows_exactly_the_failures_that_leave_it(judged, percent):
    share = Share(percent)
    allowed = share.allowed_failures(judged)
    assert (judged - allowed) * 100 >= judged * percent
    assert allowed == judged or (judged - allowed - 1) * 100 < judged * percent


def test_codes_are_short_stable_names():
    texts = {
        "amount >= 0": "amount_ge_0",
        "amount > -0.5": "amount_gt_minus_0_5",
        "discount <= amount": "discount_le_amount",
        "order_id filled >= 60%": "order_id_filled",
        "[order_id, status] unique": "order_id_status_unique",
        "status in [paid]": "status_in",
        "rows >= 1": "rows",
    }
    assert {text: parsed(text).code for text in texts} == texts
