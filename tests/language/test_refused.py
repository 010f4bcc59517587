"""What the language refuses, before Spark sees it, and how it says so."""

import pytest

from language.expressions import parse_expression
from model.errors import Problems
from tests.language.rows import COLUMNS, HERE, messages

HOSTILE = [
    "reflect('java.lang.System', 'exit', 0)", "java_method('java.lang.Runtime', 'getRuntime')",
    "try_reflect('java.lang.System', 'exit')", "(select 1)", "(select max(amount) from orders)",
    "exists(select 1)", "amount in (select 1)", "amount in (table orders)", "now()",
    "current_date", "current_date()", "current_timestamp", "unix_timestamp()", "rand()", "randn(1)",
    "uuid()", "shuffle(favourites)", "monotonically_increasing_id()", "spark_partition_id()",
    "input_file_name()", "current_user()", "current_user", "session_user()", "current_database()",
    "version()", "assert_true(false)", "raise_error('x')", "db.orders", "orders.amount", "a.b.c.d",
    "`a`.`b`", "explode(favourites)", "inline(favourites)", "stack(2, 1, 2)", "x -> x + 1",
    "transform(favourites, x -> x)", "aggregate(favourites, 0, (a, x) -> a + x)",
    "amount -- trailing", "/* c */ amount", "amount /*+ broadcast(x) */", "# c\namount",
    "amount; drop table x", ";", "amount;", "sum(amount) over ()",
    "row_number() over (order by day)",
    "*", "count(*)", ":business_date", ":x", "?", "$x", "${env:HOME}", "@x", "{fn now()}", "{x}",
    "favourites[0]", "by_channel['pos']", "array(1)", "map('a', 1)", "struct(1)", "(1, 2)", "()",
    "amount as x", "amount x", "from orders", "values (1)", "drop table x", "set x = 1",
    "java_method", "aes_decrypt(name, 'k')", "aes_encrypt(name, 'k')", "secret('a', 'b')",
    "sequence(1, 1000000000)", "repeat(name, 1000000000)", "lpad(name, 1000000000, 'x')",
    "space(1000000000)", "name rlike '(a+)+$'", "regexp_replace(name, '(a+)+$', '')",
    "X'4142'", "b'x'", "r'a\\b'", "100L", "1.5BD", "0x1F", "interval 1 day", "amount <=> 1",
    "visits div 2", "visits & 1", "visits | 1", "visits ^ 1", "~visits", "visits << 2",
    "visits ! 1",
    "visits::integer", "cast(visits as binary)", "cast(visits as array<int>)",
    "cast(visits as decimal(38,2))", "try_cast(name as integer)", "date 'today'", "date 'now'",
    "timestamp 'now'", "timestamp 'epoch'", "name ilike 'a'", "name like 'a' escape 'b'",
    "name like name", "name like 'a\\\\b'", "visits between symmetric 9 and 1", "visits in ()",
    "visits in unnest(favourites)", "visits in favourites", "`sum`(amount)", "`now`()",
    "amount ignore nulls", "first(amount) ignore nulls", "sum(amount) filter (where amount > 1)",
    "count(distinct name)", "sum(all amount)", "any(is_member)", "read_files('x')",
    "http_request('x')", "ai_query('x', 'y')", "udf(amount)", "lower(name => 'x')",
    "if(is_member, 1, 2) if", "amount = 'x' or", "((amount)", "'open", "\"open", "`open", "", "  ",
    "visits.5", "1 .5", "(visits).5", "'\\0'", "'a' 'b'", "amount\x00",
    "'\ud800'", "１ + amount", "amount is true", "\u200bamount",
    "null", "missing", "1e999", "9" * 19, "9" * 5000, f"'{'x' * 501}'", "'" * 999,
    "(" * 1000 + "amount" + ")" * 1000, "not " * 900 + "is_member", "-" + " -" * 700 + "visits",
    "abs(" * 1000 + "visits" + ")" * 1000, "case when " * 300 + "is_member" + " then 1 end" * 300,
    " + ".join(["visits"] * 900), " + ".join(["visits"] * 300),
    f"visits in ({', '.join(map(str, range(600)))})",
    "days_until_anniversary(" * 15 + "birth_date" + ")" * 15,
    "coalesce(amount, " * 500 + "0" + ")" * 500,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:40]))
def test_a_text_outside_the_language_is_refused_with_its_place(text: str) -> None:
    problems = Problems()
    assert parse_expression(text, COLUMNS, HERE, problems) is None
    assert problems.found
    assert all(message.startswith("tag_definitions/a.yml:7: ") for message in messages(problems))
    assert all(len(message) < 400 and "\n" not in message for message in messages(problems))


WRONG_TYPES = {
    "name + 1": "+ needs numbers; found text 'name'",
    "name + 'x'": "concat(x, y) joins texts",
    "birth_date = 5": "cannot compare date 'birth_date' and integer",
    "birth_date + 1": "date_add(x, 7)",
    "birth_date > 'yesterday'": "'yesterday' is no date",
    "birth_date > '2017-02-30'": "'2017-02-30' is no date",
    "birth_date > '2017-2-3'": "'2017-2-3' is no date",
    "visits = '5'": "write the number without quotes",
    "name = 5": "cannot compare text 'name' and integer",
    "is_member = 'true'": "write true or false without quotes",
    "is_member > false": "yes/no values have no order",
    "amount and is_member": "expected a comparison or a yes/no value; found money 'amount'",
    "not name": "expected a comparison or a yes/no value; found text 'name'",
    "if(amount, 1, 2)": "found money 'amount'",
    "if(is_member, 1, 'a')": "cannot choose between integer and text",
    "case when is_member then day else 1 end": "cannot choose between date 'day' and integer",
    "case status when 1 then 2 end": "cannot compare enum 'status' and integer",
    "if(is_member, missing, missing)": "only missing values",
    "coalesce(name, 1)": "cannot coalesce() text 'name' and integer",
    "coalesce(favourites, favourites)": "cannot coalesce() a list",
    "favourites = 'a'": "cannot compare list 'favourites' and text",
    "lower(visits)": "lower(): expected a text; found integer 'visits'",
    "lower()": "lower() takes 1 values; found 0",
    "round(amount, visits)": "round(): expected a whole number written out",
    "round(amount, 99)": "round(): 99 is out of range",
    "hour(day)": "hour(): expected a timestamp; found date 'day'",
    "year(name)": "year(): expected a date; found text 'name'",
    "date_trunc('hour', day)": "date_trunc(): expected one of 'week', 'month'",
    "date_add(day, visits)": "date_add(): expected a whole number written out",
    "date_add(day, 99999999)": "out of range",
    "substr(name, 1.5)": "substr(): expected a whole number",
    "cast(birth_date as integer)": "cast: date 'birth_date' does not become integer",
    "cast(paid_at as text)": "cast: timestamp 'paid_at' does not become text",
    "cast(name as moneyy)": "cast: unknown type 'moneyy'; did you mean 'money'?",
    "- name": "- needs a number; found text 'name'",
    "lower(missing)": "'missing' is no value",
}


@pytest.mark.parametrize("text", WRONG_TYPES)
def test_values_of_kinds_that_do_not_mix_are_a_problem(text: str) -> None:
    problems = Problems()
    assert parse_expression(text, COLUMNS, HERE, problems) is None
    assert WRONG_TYPES[text] in messages(problems)[0]


SAID = {
    "amuont > 5": "'amuont > 5': unknown column 'amuont'; did you mean 'amount'?",
    "Amount > 5": "unknown column 'Amount'; did you mean 'amount'?",
    "amuont + quantty": "unknown column 'quantty'; did you mean 'quantity'?",
    "lenght(name)": "unknown function lenght(); did you mean 'length'?",
    "nvl(amount, 0)": "use coalesce(x, y)",
    "isnull(name)": "use `x is missing`",
    "name = missing": "use `x is missing` or `x is not missing`, the only tests of absence",
    "name <> null": "use `x is missing` or `x is not missing`, the only tests of absence",
    "name is null": "use `x is missing` or `x is not missing`, the only tests of absence",
    "name is not null": "use `x is missing` or `x is not missing`, the only tests of absence",
    "is_member is true": "write the column's name, or not and the name",
    "now()": "the clock is not available; use days_since(x)",
    "current_date": "the clock is not available; use days_since(x)",
    "uuid()": "the same night must give the same rows",
    "sum(amount) / 2": "sum() looks at many rows; it may only stand alone, as a measure",
    "(select 1)": "subqueries are not allowed",
    "orders.amount": "dotted names are not allowed",
    "amount -- why": "comments are not allowed inside an expression",
    "amount = ": "not an expression",
}


@pytest.mark.parametrize("text", SAID)
def test_a_refusal_says_what_to_write_instead(text: str) -> None:
    problems = Problems()
    assert parse_expression(text, COLUMNS, HERE, problems) is None
    assert any(SAID[text] in message for message in messages(problems))


def test_all_problems_of_one_text_are_reported_at_once() -> None:
    problems = Problems()
    parse_expression("amuont > 5 and lenght(name) = 3 and nmae = 'x'", COLUMNS, HERE, problems)
    assert len(problems.found) == 3
