"""What a check text may say, and how a wrong one is answered."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import Location, Problems
from quality.grammar import parse_check
from quality.rules import (
    SAME_WEEKDAY,
    Among,
    Between,
    Comparison,
    Coverage,
    Filled,
    Matches,
    OtherColumn,
    Past,
    Psi,
    RowCount,
    Share,
    Subject,
    Unique,
    Within,
)

COLUMNS = {
    "amount": "money", "discount": "decimal(18,2)", "lines": "bigint", "status": "enum",
    "postcode": "text", "paid_at": "timestamp", "valid_from": "date", "valid_to": "date",
    "is_deleted": "boolean", "counts": "map<string, bigint>", "order_id": "text",
}  # fmt: skip
SUBJECT = Subject(
    {**COLUMNS, "mobile": "text", "member": "text", "level": "bigint"},
    hidden=frozenset({"mobile"}), private=frozenset({"mobile", "member"}), tags=("level", "lines"),
)  # fmt: skip
HERE = Location("conf/quality/clean.orders.yml", 7)


def parsed(text):
    problems = Problems()
    rule = parse_check(text, SUBJECT, HERE, problems)
    assert not problems.found, problems.found
    return rule


def refused(text):
    problems = Problems()
    assert parse_check(text, SUBJECT, HERE, problems) is None
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
        ("rows within 40% of same weekday", Within("rows", "", Decimal(40), SAME_WEEKDAY)),
        ("rows within 250% of last 7 runs", Within("rows", "", Decimal(250), Past(7))),
        (
            "order_id filled within 10% of last 7 runs",
            Within("filled", "order_id", Decimal(10), Past(7)),
        ),
        ("mobile filled", Filled("mobile", Share(Decimal(100)))),
        ("mobile unique", Unique(("mobile",))),
        (
            "distinct of mobile within 12.5% of same weekday",
            Within("distinct", "mobile", Decimal("12.5"), SAME_WEEKDAY),
        ),
        ("status psi < 0.25", Psi("status", Decimal("0.25"), True, SAME_WEEKDAY)),
        ("status psi <= 1 of last 3 runs", Psi("status", Decimal(1), False, Past(3))),
        (
            "coverage within 10% of last 7 runs",
            Coverage(("level", "lines"), Decimal(10), Past(7)),
        ),
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
        ("rows within 40 of same weekday", "expected a percentage such as 40%"),
        ("rows within 0% of same weekday", "expected a percentage such as 40%"),
        ("rows within 40% of same month", "found 'month'; expected weekday"),
        ("rows within 40% of last 1 runs", "expected a number of runs, 2 to 60"),
        ("rows within 40% of yesterday", "expected same or last"),
        ("amount psi < 0.25", "psi is for enums and texts"),
        ("member psi < 0.25", "personal; its values are not kept"),
        ("status psi < 25%", "expected a number such as 0.25"),
        ("distinct within 5% of same weekday", "found 'within'; expected of"),
        ("mobile >= 'a'", "'mobile' is high pii, its values are not there to compare"),
        ("mobile in [a]", "'mobile' is high pii"),
        ("mobile psi < 0.1", "'mobile' is high pii"),
        ("status = mobile", "'mobile' is high pii"),
        ("postcode matches '(?=a)b'", "not a regular expression that every engine reads"),
    ],
)
def test_a_wrong_check_is_answered_with_its_reason(text, reason):
    assert reason in refused(text)


def test_coverage_is_asked_of_tags_alone():
    problems = Problems()
    text = "coverage within 10% of last 7 runs"
    assert parse_check(text, Subject(COLUMNS), HERE, problems) is None
    assert "coverage is asked of tags" in problems.found[0].message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("value >= 0", Comparison("orders_30d", ">=", Decimal(0))),
        ("filled >= 5%", Filled("orders_30d", Share(Decimal(5)))),
        ("coverage within 5% of last 7 runs", Coverage(("orders_30d",), Decimal(5), Past(7))),
    ],
)
def test_a_tags_check_names_its_value_or_nothing(text, rule):
    problems = Problems()
    tag = Subject({"orders_30d": "bigint"}, tags=("orders_30d",), value="orders_30d")
    assert parse_check(text, tag, HERE, problems) == rule
    assert not problems.found


@given(st.text(alphabet="amount >=<0'[],%.-rows filled\u4e00\"", max_size=40))
def test_any_text_is_either_a_rule_or_one_problem(text):
    problems = Problems()
    rule = parse_check(text, SUBJECT, HERE, problems)
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
        "rows within 40% of last 7 runs": "rows_within",
        "distinct of status within 40% of last 7 runs": "status_distinct_within",
        "status psi < 0.25": "status_psi",
        "coverage within 5% of last 7 runs": "coverage_within",
    }
    assert {text: parsed(text).code for text in texts} == texts
