"""The gate on small tables: what passes, what holds, and that no row's value comes out."""

from collections.abc import Iterator
from datetime import date, datetime, timezone

import pytest

from model.engines import Engine, SparkEngine
from model.errors import GateHeldError
from model.local_engine import LocalEngine
from quality.gate import accepted, held, judge_slices, raise_if_held
from quality.rules import Subject
from tests.quality.slices import DAY, counted, order, results, table_checks


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with LocalEngine() as engine:
        yield engine


@pytest.fixture
def spark_engine(spark) -> SparkEngine:
    return SparkEngine(spark)


def verdict(engine, rows, check):
    (result,) = results(engine, rows, f'"{check}"')
    return result.is_passed, result.observed


def test_a_clean_table_passes_every_kind_of_check(engine):
    rows = [order("1"), order("2", "0"), order("2", "3.00", channel="web", status="refunded")]
    checks = [
        "amount >= 0", "amount between 0 and 3", "[channel, order_id] unique", "rows = 3",
        "status in [paid, refunded]", "order_id matches '^[0-9]$'", "order_id filled",
        "last >= first", "first >= 2017-03-01", "ratio <= 0.5", "paid_at filled >= 0%",
    ]  # fmt: skip
    found = results(engine, rows, *(f'{{check: "{check}", then: hold}}' for check in checks))
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
def test_what_breaks_a_check_is_counted(engine, rows, check, observed):
    assert verdict(engine, rows, check) == (False, observed)


def test_a_missing_value_is_judged_by_filled_alone(engine):
    rows = [order(None, None, status=None, first=None)]
    checks = ["amount >= 0", "status in [paid]", "last >= first", "order_id matches 'x'"]
    for one in results(engine, rows, *(f'"{check}"' for check in checks)):
        assert (one.is_passed, one.observed) == (True, "0 of 0 rows fail")
    assert verdict(engine, rows, "amount filled")[0] is False


def test_shares_are_exact_at_their_edge(engine):
    rows = [order(str(i), "-1" if i < 2 else "1") for i in range(200)]
    exact, short = results(
        engine, rows, '{check: "amount >= 0", mostly: 99%}',
        '{check: "amount >= 0", mostly: 99.01%, code: short}',
    )  # fmt: skip
    assert (exact.is_passed, short.is_passed) == (True, False)
    assert short.check_text == "amount >= 0 (mostly 99.01%)"


def test_large_exact_amounts_are_not_compared_as_doubles(engine):
    rows = [order("1", "9999999999999999.99")]
    assert verdict(engine, rows, "amount <= 9999999999999999.98")[0] is False
    assert verdict(engine, rows, "amount >= 9999999999999999.99")[0] is True


def test_an_empty_table_fails_only_where_rows_are_asked_for(engine):
    found = results(engine, [], '"order_id filled"', '"order_id unique"', '"rows >= 1"')
    assert [one.is_passed for one in found] == [True, True, False]


def test_the_files_with_most_failures_are_named_first(engine):
    rows = [order("1", "-1", file=name) for name in "dcbbaaa"]
    assert verdict(engine, rows, "amount >= 0")[1].endswith("in a.csv (3)".replace(".csv", "")
        + ", b (2), c (1)")  # fmt: skip


def test_a_check_of_a_column_the_table_lost_fails(engine):
    table = table_checks("gone >= 1", "rows >= 0", subject=Subject({"gone": "money"}))
    rows, gone = judge_slices([counted(engine, [order("1")], table)], {}, DAY, None)
    assert (gone.is_passed, gone.observed) == (False, "a column it reads is missing")
    assert rows.is_passed


def test_only_failed_hold_checks_that_nobody_accepted_hold_the_night(engine):
    found = results(
        engine, [order("1", "-1")], '{check: "amount >= 0", then: hold}',
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


def test_suites_of_great_expectations_run_as_they_are(spark_engine):
    rows = [order("1"), order(None, status="odd"), order("3", status="odd")]
    found = results(spark_engine, rows, expectations=SUITE)
    assert [(one.severity, one.is_passed, one.observed) for one in found] == [
        ("hold", False, "1 of 3 rows fail"),
        ("warn", False, "2 of 3 rows fail"),
        ("warn", False, "observed 3"),
        ("hold", False, "fails"),
        ("hold", True, "holds"),
    ]


def test_an_expectation_that_cannot_run_fails_and_says_so(spark_engine):
    bad = "expectations:\n  - {type: expect_column_mean_to_be_between, kwargs: {column: status, min_value: 1}}"  # noqa: E501
    (result,) = results(spark_engine, [order("1", status="odd")], expectations=bad)
    assert result.is_passed is False
    assert "odd" not in result.observed


def test_no_result_holds_a_row_value(spark_engine, capfd):
    secrets = ["Zhang-Wei-7781", "secretstatus", "-424242.42", "777.125"]
    rows = [order(secrets[0], secrets[2], status=secrets[1], ratio=777.125)] * 2
    checks = ["amount >= 0", "order_id unique", "status in [paid]", "order_id matches '^x$'"]
    suite = SUITE + (
        "  - {type: expect_column_values_to_be_unique, kwargs: {column: order_id}}\n"
        "  - {type: expect_column_values_to_match_regex, kwargs: {column: order_id, regex: ^x$}}\n"
        "  - {type: expect_column_min_to_be_between, kwargs: {column: ratio, max_value: 1}}\n"
        "  - {type: expect_column_most_common_value_to_be_in_set, kwargs: {column: status, value_set: [a]}}\n"  # noqa: E501
    )
    found = results(spark_engine, rows, *(f'"{check}"' for check in checks), expectations=suite)
    assert sum(not one.is_passed for one in found) >= 9
    printed = "".join(capfd.readouterr())
    for secret in secrets:
        assert secret not in repr(found)
        assert secret not in printed


def test_both_engines_judge_alike(engine, spark_engine):
    rows = [
        order("1", "-0.01", paid_at=datetime(2017, 3, 1, 9, tzinfo=timezone.utc)),
        order("1", None, status="odd's", last=date(2017, 2, 1), file="b.csv"),
        order(" ", "9999999999999999.99", status=None, ratio=None, file="b.csv"),
        order(None, "3.00", ratio=0.3, first=None),
    ]
    checks = [
        "amount >= 0", "amount between 0 and 3", "[channel, order_id] unique", "rows = 4",
        "status in [paid, refunded]", "status = 'odd''s'", "order_id matches '^[0-9]$'",
        "order_id filled", "last >= first", "paid_at > 2017-03-01", "ratio > 0.3",
        "amount <= 9999999999999999.98", "status psi < 0.1", "distinct of status within 5% of "
        "last 2 runs", "ratio filled within 1% of last 2 runs",
    ]  # fmt: skip
    table = table_checks(*(f'"{check}"' for check in checks))
    here, there = (counted(each, rows, table) for each in (engine, spark_engine))
    assert here.counts == there.counts
    assert here.metrics == there.metrics
    assert [one.is_passed for one in judge_slices([here], {}, DAY, None)] == [
        False, False, False, True, False, False, False, False, False, True, False, False,
        True, True, True,
    ]  # fmt: skip
