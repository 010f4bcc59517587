"""Files of checks: what they become, and every problem with its line."""

from pathlib import Path

from model.contracts import TableContract
from model.errors import Location, Problems
from model.fixed_tables import CUSTOMER_TAGS, ONE_IDS
from model.project import load_project, yaml_files
from model.strict_yaml import parse_yaml
from quality.checks import TagCheck, read_checks, with_tag_checks
from quality.expectations import check_expectations
from quality.rules import Subject

COLUMNS = {
    "clean.orders": Subject({"order_id": "text", "status": "enum", "amount": "money"}),
    "tags.customer_tags": Subject({"one_id": "bigint"}),
}
PROJECT = Path(__file__).parents[2]


def read(text, name="clean.orders.yml"):
    problems = Problems()
    nodes = {name: parse_yaml(text, f"conf/quality/{name}", problems)}
    return read_checks(nodes, COLUMNS, problems), problems


def messages(text, name="clean.orders.yml"):
    _, problems = read(text, name)
    return [str(problem) for problem in problems.found]


def test_checks_carry_code_text_and_severity():
    (table,), problems = read(
        'checks:\n  - {check: "amount >= 0", then: hold, mostly: 99%}\n  - "rows >= 1"\n'
        '  - {check: "amount >= 0", code: strictly_positive}\n'
    )
    assert not problems.found
    assert table.table_name == "clean.orders"
    assert [(c.code, c.severity, str(c.mostly)) for c in table.checks] == [
        ("clean.orders.amount_ge_0", "hold", "99%"),
        ("clean.orders.rows", "warn", "None"),
        ("clean.orders.strictly_positive", "warn", "None"),
    ]


def test_every_problem_is_reported_at_once_with_its_line():
    found = messages(
        "checks:\n"
        '  - {check: "amuont >= 0"}\n'
        '  - {check: "amount >= 0", then: quarantine}\n'
        '  - {check: "amount >= 0", the: hold}\n'
        '  - {check: "rows >= 1", mostly: 50%}\n'
        '  - "amount >= 0"\n'
        '  - "amount >= 0"\n'
        "expectation: 3\n"
    )
    assert [line.split(": ", 1)[0].rpartition(":")[2] for line in found] == list("8234" "57")
    assert "unknown key 'expectation'; did you mean 'expectations'?" in found[0]
    assert "did you mean 'amount'?" in found[1]
    assert "expected hold or warn; found 'quarantine'; quarantine is for single rows" in found[2]
    assert "unknown key 'the'; did you mean 'then'?" in found[3]
    assert "only a check of single rows may pass mostly" in found[4]
    assert "code clean.orders.amount_ge_0 stands on line 6; add 'code:'" in found[5]


def test_an_unknown_table_and_an_empty_file_are_problems():
    assert "unknown table 'clean.order'; did you mean 'clean.orders'?" in messages(
        "checks: []", "clean.order.yml"
    )[0]
    assert "no checks; expected a list" in messages("checks: []")[0]
    assert "checks: expected a list" in messages("checks: 3")[0]


def test_a_suite_of_great_expectations_is_taken_as_it_is():
    (table,), problems = read(
        '{"name": "orders", "meta": {"great_expectations_version": "1.24.1"}, "expectations": [\n'
        '  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "order_id"},\n'
        '   "meta": {}, "severity": "critical", "id": "0a"},\n'
        '  {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1},\n'
        '   "severity": "info"}]}'
    )
    check_expectations((table,), problems)
    assert not problems.found
    assert [(e.code, e.severity) for e in table.expectations] == [
        ("clean.orders.column_values_to_not_be_null_order_id", "hold"),
        ("clean.orders.table_row_count_to_be_between", "warn"),
    ]


def test_expectations_that_cannot_run_are_problems_before_the_night():
    (table,), problems = read(
        "expectations:\n"
        "  - {type: expect_nonsense, kwargs: {column: amount}}\n"
        "  - {type: expect_column_values_to_not_be_null, kwargs: {colum: amount}}\n"
        "  - {type: expect_column_values_to_not_be_null, kwargs: {column: amuont}}\n"
    )
    check_expectations((table,), problems)
    found = sorted(map(str, problems.found))
    assert len(found) == 3
    assert found[0].startswith("conf/quality/clean.orders.yml:2: expect_nonsense: great-expec")
    assert ":3: " in found[1] and "colum extra fields not permitted" in found[1]
    assert ":4: " in found[2] and "did you mean 'amount'?" in found[2]


def test_the_shipped_checks_fit_the_shipped_model():
    problems = Problems()
    project = load_project(PROJECT, "local", [], problems)
    contracts: list[TableContract] = [ONE_IDS, CUSTOMER_TAGS]
    contracts += [table.contract for table in project.model.tables.values()]
    columns = {
        c.full_name: Subject({one.name: one.type for one in c.columns}, tags=("one_id",))
        for c in contracts
    }
    tables = read_checks(yaml_files(PROJECT, "conf/quality", problems), columns, problems)
    assert not problems.found
    assert {table.table_name for table in tables} >= {
        "clean.profiles", "clean.orders", "clean.order_lines", "clean.events",
        "clean.interactions", "identity.one_ids", "tags.customer_tags",
    }  # fmt: skip


def tag_check(text, column="spend", type_="decimal(18,2)", values=(), line=3):
    return TagCheck(text, column, type_, values, Location("tag_definitions/a.yml", line))


WIDE = Subject({"one_id": "bigint", "spend": "decimal(18,2)"}, tags=("spend",))


def test_checks_of_tags_join_those_of_the_wide_table_and_make_tags_stale():
    (table,), problems = read(
        'checks: [{check: "rows >= 1", then: hold}]', "tags.customer_tags.yml"
    )
    tags = [
        tag_check("value >= 0"), tag_check("coverage within 10% of last 7 runs"),
        tag_check("psi < 0.25", "level", "string", ("gold", "plain")),
    ]  # fmt: skip
    (wide,) = with_tag_checks((table,), "tags.customer_tags", WIDE, tags, problems)
    assert not problems.found
    assert [(check.code, check.text, check.severity) for check in wide.checks] == [
        ("tags.customer_tags.rows", "rows >= 1", "hold"),
        ("tags.customer_tags.spend_ge_0", "spend: value >= 0", "stale"),
        (
            "tags.customer_tags.spend_coverage_within",
            "spend: coverage within 10% of last 7 runs", "stale",
        ),
        ("tags.customer_tags.level_psi", "level: psi < 0.25", "stale"),
    ]  # fmt: skip


def test_a_tags_check_is_wrong_at_the_tags_own_line():
    problems = Problems()
    tags = [
        tag_check("value >= 'a'", line=3), tag_check("spent >= 0", line=4),
        tag_check("value >= 0", line=5), tag_check("spend >= 0", line=6),
    ]  # fmt: skip
    (wide,) = with_tag_checks((), "tags.customer_tags", WIDE, tags, problems)
    assert [check.code for check in wide.checks] == ["tags.customer_tags.spend_ge_0"]
    assert [problem.location.line for problem in problems.found] == [3, 4, 6]
    assert "did you mean 'spend'?" in problems.found[1].message
    assert "stands elsewhere already" in problems.found[2].message


def test_without_any_check_the_wide_table_is_not_judged():
    assert with_tag_checks((), "tags.customer_tags", WIDE, [], Problems()) == ()
