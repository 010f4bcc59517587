"""A question is told from what would change a table."""

import pytest

from language.statements import is_question


@pytest.mark.parametrize(
    "statement",
    [
        "select 1", "SELECT `insert` from a", "with a as (select 1) select * from a",
        "(select 1)", "from a select b", "values (1), (2)", "table a", "show tables",
        "describe a", "desc a", "explain select 1",
        "-- all\nselect 'insert into b' /* delete */ from a", "", "select 'open",
    ],
)  # fmt: skip
def test_what_only_asks_passes(statement: str) -> None:
    assert is_question(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into a select 1", "with a as (select 1) insert into b select * from a",
        "from a insert into b select c", "delete from delta.`lake/a`", "update a set b = 1",
        "merge into a using b on a.c = b.c when matched then delete", "drop table a",
        "truncate table a", "alter table a add column b int", "create view a as select 1",
        "vacuum a", "optimize a", "restore table a to version as of 1", "set x = 1", "use a",
        "cache table a", "load data inpath 'a' into table b", "/* select */ drop table a",
    ],
)  # fmt: skip
def test_what_would_change_something_does_not(statement: str) -> None:
    assert not is_question(statement)
