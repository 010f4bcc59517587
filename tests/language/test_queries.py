"""Queries of sql tags: what they read and give, and what is refused before Spark sees it."""

import pytest

from language.queries import Query, fill_query, read_query
from language.types import Columns
from model.errors import Problems
from tests.language.rows import HERE, messages

TABLES: dict[str, Columns] = {
    "orders": {"day": "date", "amount": "money", "status": "text", "points": "number"},
    "lines": {"day": "date", "category": "text", "amount": "money"},
}
FROM = "from by_person.orders"


def query(text: str) -> Query:
    """A query without problems."""
    problems = Problems()
    found = read_query(text, TABLES, HERE, problems)
    assert found, messages(problems)
    return found


HOSTILE = [
    # other tables, files and functions in the place of tables
    "select one_id, amount as value from orders", "select one_id, 1 as value from ops.audit",
    "select one_id, 1 as value from vault.identifiers", "select one_id, 1 as value from dual",
    "select one_id, 1 as value from spark_catalog.by_person.orders",
    "select one_id, 1 as value from by_person.orders.amount",
    "select one_id, 1 as value from by_person.audit",
    "select one_id, 1 as value from parquet.`/etc/passwd`",
    "select one_id, 1 as value from delta.`/lake/vault/identifiers`",
    "select one_id, 1 as value from range(1000000000)",
    "select one_id, 1 as value from by_person.range(10)",
    "select one_id, 1 as value from read_files('x')", "select one_id, 1 as value from explode(x)",
    "select one_id, 1 as value from values (1) as t(one_id)",
    "select one_id, 1 as value from table(range(5))",
    f"select one_id, 1 as value {FROM} version as of 1",
    f"select one_id, 1 as value {FROM} timestamp as of '2017-01-01'",
    f"select one_id, 1 as value {FROM} tablesample (1 rows)",
    f"select one_id, x as value {FROM} lateral view explode(status) t as x",
    f"select one_id, 1 as value {FROM} pivot (count(*) for status in ('paid'))",
    # selects where a value or a condition stands
    f"select one_id, (select max(token) from vault.identifiers) as value {FROM}",
    f"select one_id, 1 as value {FROM} where exists (select 1 from ops.audit)",
    f"select one_id, 1 as value {FROM} where amount in (select amount from by_person.lines)",
    f"select one_id, 1 as value {FROM} where amount > (select avg(amount) from by_person.lines)",
    f"select one_id, value from (select one_id, 1 as value from ops.audit) as x",  # noqa: F541
    # joins that leave the person
    f"select o.one_id, 1 as value {FROM} o cross join by_person.lines l",
    f"select o.one_id, 1 as value {FROM} o, by_person.lines l",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.day = l.day",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.one_id = o.one_id",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.one_id < l.one_id",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.one_id = l.one_id or true",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.one_id = l.one_id",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l "
    "on o.one_id = l.one_id and l.day = l.day and o.day > l.day and o.day = :from",
    f"select o.one_id, 1 as value {FROM} o join (select one_id, day from by_person.lines "
    "group by one_id, day) l on o.one_id = l.one_id",
    f"select o.one_id, 1 as value {FROM} o full join by_person.lines l on o.one_id = l.one_id",
    f"select o.one_id, 1 as value {FROM} o right join by_person.lines l on o.one_id = l.one_id",
    f"select o.one_id, 1 as value {FROM} o natural join by_person.lines l",
    f"select o.one_id, 1 as value {FROM} o join by_person.lines l using (one_id)",
    f"select o.one_id, 1 as value {FROM} o join lateral (select 1) l on true",
    # other statements
    "", ";", "drop table by_person.orders", "delete from by_person.orders",
    "insert into x select 1",
    "update by_person.orders set amount = 0", "create table x as select 1", "set x = 1",
    "cache table x", "describe by_person.orders", "show tables", "use ops", "explain select 1",
    "merge into a using b on a.x = b.x when matched then delete", "truncate table x", "grant all",
    f"select one_id, 1 as value {FROM}; drop table x", "add jar 'x.jar'", "refresh table x",
    f"select one_id, 1 as value {FROM} union all select one_id, 1 from ops.audit",
    f"select one_id, 1 as value {FROM} except select 1, 1", "values (1, 2)",
    "from by_person.orders",
    "with recursive t as (select 1) select one_id, 1 as value from t",
    f"with t as (select one_id, 1 as value {FROM}) select one_id, value from t",
    # functions that reach outside, know the clock, roll dice, or make rows
    *(
        f"select one_id, {call} as value {FROM}"
        for call in (
            "reflect('java.lang.System', 'exit', 0)", "java_method('java.lang.Runtime', 'x')",
            "input_file_name()", "current_date()", "current_date", "now()", "rand()", "uuid()",
            "current_user()", "explode(status)", "stack(2, 1, 2)", "monotonically_increasing_id()",
            "spark_partition_id()", "secret('a', 'b')", "first(amount)", "collect_list(amount)",
            "row_number() over (order by day)", "sum(amount) over ()", "max_by(status, day)",
            "approx_count_distinct(status)", "stddev(amount)", "udf(amount)", "raise_error('x')",
            "`count`(*)", "count(*) filter (where true)", "transform(status, x -> x)", "status[0]",
            ":business_date", ":rows_of_orders", ":x", "?", "${env:HOME}", "@x", "ops.audit.x",
        )
    ),
    # comments and hints
    f"select one_id, 1 as value {FROM} -- where status = 'paid'",
    f"select /* x */ one_id, 1 as value {FROM}",
    f"select /*+ broadcast(o) */ one_id, 1 as value {FROM} o",
    f"select one_id, 1 as value {FROM} # x",
    # what would depend on the order of rows, or on who else there is
    f"select one_id, 1 as value {FROM} limit 1", f"select one_id, 1 as value {FROM} order by day",
    f"select one_id, 1 as value {FROM} qualify row_number() over (order by day) = 1",
    f"select one_id, 1 as value {FROM} group by cube (one_id)",
    f"select one_id, 1 as value {FROM} group by all",
    f"select distinct on (one_id) one_id, 1 as value {FROM}",
    # columns that are not as they must be
    f"select * {FROM}", f"select one_id, * {FROM}", f"select one_id {FROM}", "select 1",
    f"select max(one_id) as one_id, 1 as value {FROM}", f"select 7 as one_id, 1 as value {FROM}",
    f"select points as one_id, 1 as value {FROM}", f"select 1 as value, one_id {FROM}",
    f"select one_id, amount as value, day {FROM}", f"select one_id, amount {FROM}",
    f"select one_id, amount as value, amount as value {FROM}",
    f"select one_id, null as value {FROM}",
    f"select one_id, token as value {FROM}", f"select x.one_id, 1 as value {FROM} o",
    f"select one_id, sum(amount) as value {FROM}",
    f"select one_id, sum(status) as value {FROM} group by one_id",
    f"select one_id, amount as value {FROM} group by one_id",
    f"select one_id, sum(sum(amount)) as value {FROM} group by one_id",
    f"select one_id, 1 as value {FROM} where sum(amount) > 1",
    f"select one_id, count(amount, day) as value {FROM} group by one_id",
    f"select one_id, sum(distinct amount) as value {FROM} group by one_id",
    f"select one_id, 1 as value {FROM} group by one_id + 1", f"select one_id, 1 as `a``b` {FROM}",
    "select one_id, 1 as value from "
    + "(select one_id, 1 as value from " * 40 + "x" + ") as t" * 40,
    f"select o.one_id, 1 as value {FROM} o "
    + " ".join(f"join by_person.lines l{n} on l{n}.one_id = o.one_id" for n in range(9)),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:70]))
def test_a_query_outside_the_language_is_refused_with_its_place(text: str) -> None:
    problems = Problems()
    assert read_query(text, TABLES, HERE, problems) is None
    assert problems.found
    assert all(message.startswith("tag_definitions/a.yml:7: ") for message in messages(problems))
    assert all(len(message) < 400 and "\n" not in message for message in messages(problems))


def test_many_hostile_queries_are_tried() -> None:
    assert len(HOSTILE) >= 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "select one_id, 1 as value from ops.audit",
            "tables are read as by_person.<table>, and no others",
        ),
        (
            "select one_id, 1 as value from by_person.order",
            "unknown table 'order'; did you mean 'orders'?",
        ),
        (f"select one_id, amont as value {FROM}", "unknown column 'amont'; did you mean 'amount'?"),
        (
            f"select o.one_id, 1 as value {FROM} o join by_person.lines l on o.day = l.day",
            "join on one_id = one_id of a table before it: rows meet within a person only",
        ),
        (
            f"select o.one_id, amount as value {FROM} o join by_person.lines l "
            "on o.one_id = l.one_id and o.day = l.day",
            "'amount' is a column of o and l; write o.amount",
        ),
        (f"select one_id, now() as value {FROM}", "the clock is not available"),
        (
            f"select one_id, status as value {FROM} group by one_id",
            "'status' must be in group by, or inside count(), sum() or the like",
        ),
        (
            f"select one_id, amount as v {FROM}",
            "expected select one_id, … as value; found one_id, v",
        ),
        (
            f"select one_id, 1 as value {FROM} limit 3",
            "select with 'limit' is not part of the language",
        ),
    ],
)  # fmt: skip
def test_a_message_says_what_to_write(text: str, message: str) -> None:
    problems = Problems()
    assert read_query(text, TABLES, HERE, problems) is None
    assert any(message in found for found in messages(problems))


@pytest.mark.parametrize(
    ("text", "kind", "reads"),
    [
        (f"select one_id, count(*) as value {FROM} group by one_id", "integer", set()),
        (f"select one_id, sum(amount) as value {FROM} group by one_id", "money", {"orders.amount"}),
        (
            "select o.one_id, max(l.n) / count_if(o.status = 'paid') as value "
            "from by_person.orders o left join (select one_id, day, "
            "count(distinct category) as n from by_person.lines group by one_id, day) as l "
            "on o.one_id = l.one_id and o.day = l.day group by o.one_id",
            "number", {"orders.status", "orders.day", "lines.category", "lines.day"},
        ),
        (f"select distinct one_id, true as value {FROM}", "bool", set()),
        (
            "select x.one_id, sum(l.amount) as value from (select one_id, max(amount) as most "
            f"{FROM} group by one_id) as x join by_person.lines l on x.one_id = l.one_id "
            "where l.amount > x.most group by x.one_id",
            "money", {"orders.amount", "lines.amount"},
        ),
        (f"select one_id, max(day) as value {FROM} where points > 1 group by one_id", "date",
         {"orders.day", "orders.points"}),
    ],
)  # fmt: skip
def test_type_and_lineage_are_known_before_spark(text: str, kind: str, reads: set[str]) -> None:
    found = query(text)
    assert (found.type, {".".join(pair) for pair in found.reads}) == (kind, reads)


def test_markers_inside_texts_stay_texts() -> None:
    found = query(f"select one_id, status = ':from' and day >= :from as value {FROM}")
    filled = fill_query(found.sql, {":from": "DATE '2017-01-01'", ":rows_of_orders": "{orders}"})
    assert "= ':from'" in filled
    assert ">= DATE '2017-01-01'" in filled
    assert found.looks_back
    assert not query(f"select one_id, status = ':to' as value {FROM}").looks_back
