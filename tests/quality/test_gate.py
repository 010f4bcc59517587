"""The gate on small tables: what passes, what holds, and that no row's value comes out."""

from datetime import date
from decimal import Decimal

import pytest

from model.errors import GateHeldError, Problems
from model.strict_yaml import parse_yaml
from quality.checks import read_checks
from quality.gate import accepted, held, raise_if_held, run_checks

SCHEMA = (
    "order_id string, channel string, status string, amount decimal(18,2), paid_at timestamp, "
    "first date, last date, ratio double, source_file string"
)
TYPES = {
    "order_id": "text", "channel": "text", "status": "enum", "amount": "money",
    "paid_at": "timestamp", "first": "date", "last": "date", "ratio": "double",
}  # fmt: skip
DAY = date(2017, 3, 1)


def order(order_id, amount="1.00", status="paid", channel="pos", file="a.csv", **more):
    row = {
        "order_id": order_id, "channel": channel, "status": status, "paid_at": None,
        "amount": None if amount is None else Decimal(amount), "first": DAY, "last": DAY,
        "ratio": 0.5, "source_file": file,
    }  # fmt: skip
    return row | more


def results(spark, rows, *checks, expectations=""):
    listed = "".join(f"  - {check}\n" for check in checks)
    text = (f"checks:\n{listed}" if checks else "") + expectations
    problems = Problems()
    nodes = {"clean.orders.yml": parse_yaml(text, "clean.orders.yml", problems)}
    (table,) = read_checks(nodes, {"clean.orders": TYPES}, problems)
    assert not problems.found
    return run_checks([(spark.createDataFrame(rows, SCHEMA), table)])


def verdict(spark, rows, check):
    (result,) = results(spark, rows, f'"{check}"')
    return result.is_passed, result.observed


def test_a_clean_table_passes_every_kind_of_check(spark):
    rows = [order("1"), order("2", "0"), order("2", "3.00", channel="web", status="refunded")]
    checks = [
        "amount >= 0", "amount between 0 and 3", "[channel, order_id] unique", "rows = 3",
        "status in [paid, refunded]", "order_id matches '^[0-9]$'", "order_id filled",
        "last >= first", "first >= 2017-03-01", "ratio <= 0.5", "paid_at filled >= 0%",
    ]  # fmt: skip
    found = results(spark, rows, *(f'{{check: "{check}", then: hold}}' for check in checks))
    assert [one.check_text for one in found] == checks
    assert [one.observed for one in found if not one.is_passed] == []
    assert held(found) == ()
    raise_if_held(found)


@pytest.mark.parametrize(
    ("rows", "check", "observed"),
    [
        ([order("1", "-0.01"), order("2")], "amount >= 0", "1 of 2 rows fail; in a.csv (1)"),
        ([order("1", "3.01")], "amount between 0 and 3", "1 of 1 rows fail; in a.csv (1)"),
        ([order("1"), order("1")], "[channel, order_id] unique", "1 of 2 rows repeat a key"),
        ([order(None), order(None)], "order_id unique", "1 of 2 rows repeat a key"),
        ([order("1", status="gone")], "status in [paid]", "1 of 1 rows fail; in a.csv (1)"),
        ([order("1x")], "order_id matches '^[0-9]+$'", "1 of 1 rows fail; in a.csv (1)"),
        ([order("1", last=date(2017, 2, 1))], "last >= first", "1 of 1 rows fail; in a.csv (1)"),
        (
            [order("1"), order(None), order("  ", file="b.csv"), order("4", file="b.csv")],
            "order_id filled >= 51%",
            "50.0% filled; 2 of 4 rows are empty; in a.csv (1), b.csv (1)",
        ),
        ([order("1")], "rows >= 2", "1 rows"),
        ([], "rows >= 1", "0 rows"),
    ],
)
def test_what_breaks_a_check_is_counted(spark, rows, check, observed):
    assert verdict(spark, rows, check) == (False, observed)


def test_a_missing_value_is_judged_by_filled_alone(spark):
    rows = [order(None, None, status=None, first=None)]
    checks = ["amount >= 0", "status in [paid]", "last >= first", "order_id matches 'x'"]
    for one in results(spark, rows, *(f'"{check}"' for check in checks)):
        assert (one.is_passed, one.observed) == (True, "0 of 0 rows fail")
    assert verdict(spark, rows, "amount filled")[0] is False


def test_shares_are_exact_at_their_edge(spark):
    rows = [order(str(i), "-1" if i < 2 else "1") for i in range(200)]
    exact, short = results(
        spark, rows, '{check: "amount >= 0", mostly: 99%}',
        '{check: "amount >= 0", mostly: 99.01%, code: short}',
    )  # fmt: skip
    assert (exact.is_passed, short.is_passed) == (True, False)
    assert short.check_text == "amount >= 0 (mostly 99.01%)"


def test_large_exact_amounts_are_not_compared_as_doubles(spark):
    rows = [order("1", "9999999999999999.99")]
    assert verdict(spark, rows, "amount <= 9999999999999999.98")[0] is False
    assert verdict(spark, rows, "amount >= 9999999999999999.99")[0] is True


def test_an_empty_table_fails_only_where_rows_are_asked_for(spark):
    found = results(spark, [], '"order_id filled"', '"order_id unique"', '"rows >= 1"')
    assert [one.is_passed for one in found] == [True, True, False]


def test_the_files_with_most_failures_are_named_first(spark):
    rows = [order("1", "-1", file=name) for name in "dcbbaaa"]
    assert verdict(spark, rows, "amount >= 0")[1].endswith("in a.csv (3)".replace(".csv", "")
        + ", b (2), c (1)")  # fmt: skip


def test_a_check_of_a_column_the_table_lost_fails(spark):
    problems = Problems()
    nodes = {"clean.orders.yml": parse_yaml('checks: ["gone >= 1", "rows >= 0"]', "f", problems)}
    (table,) = read_checks(nodes, {"clean.orders": {"gone": "money"}}, problems)
    gone, rows = run_checks([(spark.createDataFrame([order("1")], SCHEMA), table)])
    assert (gone.is_passed, gone.observed) == (False, "a column it reads is missing")
    assert rows.is_passed


def test_only_failed_hold_checks_that_nobody_accepted_hold_the_night(spark):
    found = results(
        spark, [order("1", "-1")], '{check: "amount >= 0", then: hold}',
        '{check: "rows >= 2", then: warn}', '{check: "ratio <= 0", then: hold}',
    )  # fmt: skip
    assert [one.code for one in held(found)] == [
        "clean.orders.amount_ge_0", "clean.orders.ratio_le_0",
    ]  # fmt: skip
    with pytest.raises(GateHeldError) as error:
        raise_if_held(found)
    line = "clean.orders.amount_ge_0: amount >= 0: 1 of 1 rows fail; in a.csv (1)"
    assert line in str(error.value).splitlines()
    assert "--accept CODE" in str(error.value)
    passed = accepted(found, {
        "clean.orders.amount_ge_0": "known till error", "clean.orders.ratio_le_0": "known",
        "clean.orders.rows": "quiet day",
    })  # fmt: skip
    assert held(passed) == ()
    assert [one.accepted_because for one in passed] == ["known till error", "quiet day", "known"]


SUITE = """expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: order_id}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: status, value_set: [paid]}, severity: warning}
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 5}, severity: info}
  - {type: expect_column_max_to_be_between, kwargs: {column: ratio, max_value: 0.1}}
  - {type: expect_compound_columns_to_be_unique, kwargs: {column_list: [channel, order_id]}}
"""  # noqa: E501


def test_suites_of_great_expectations_run_as_they_are(spark):
    rows = [order("1"), order(None, status="odd"), order("3", status="odd")]
    found = results(spark, rows, expectations=SUITE)
    assert [(one.severity, one.is_passed, one.observed) for one in found] == [
        ("hold", False, "1 of 3 rows fail"),
        ("warn", False, "2 of 3 rows fail"),
        ("warn", False, "observed 3"),
        ("hold", False, "fails"),
        ("hold", True, "holds"),
    ]


def test_an_expectation_that_cannot_run_fails_and_says_so(spark):
    bad = "expectations:\n  - {type: expect_column_mean_to_be_between, kwargs: {column: status, min_value: 1}}"  # noqa: E501
    (result,) = results(spark, [order("1", status="odd")], expectations=bad)
    assert result.is_passed is False
    assert "odd" not in result.observed


def test_no_result_holds_a_row_value(spark, capfd):
    secrets = ["Zhang-Wei-7781", "secretstatus", "-424242.42", "777.125"]
    rows = [order(secrets[0], secrets[2], status=secrets[1], ratio=777.125)] * 2
    checks = ["amount >= 0", "order_id unique", "status in [paid]", "order_id matches '^x$'"]
    suite = SUITE + (
        "  - {type: expect_column_values_to_be_unique, kwargs: {column: order_id}}\n"
        "  - {type: expect_column_values_to_match_regex, kwargs: {column: order_id, regex: ^x$}}\n"
        "  - {type: expect_column_min_to_be_between, kwargs: {column: ratio, max_value: 1}}\n"
        "  - {type: expect_column_most_common_value_to_be_in_set, kwargs: {column: status, value_set: [a]}}\n"  # noqa: E501
    )
    found = results(spark, rows, *(f'"{check}"' for check in checks), expectations=suite)
    assert sum(not one.is_passed for one in found) >= 9
    printed = "".join(capfd.readouterr())
    for secret in secrets:
        assert secret not in repr(found)
        assert secret not in printed
