"""One forbidden node anywhere in a sound expression is enough to refuse it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from language.expressions import parse_expression
from language.types import Columns
from model.errors import Location, Problems

COLUMNS: Columns = {"amount": "money", "count": "integer", "score": "number", "is_new": "bool"}
WHERE = Location("tag_definitions/a.yml", 7)
# Functions, forms and names that run code, read elsewhere, or are not the same every night.
FORBIDDEN = (
    "rand()", "random()", "uuid()", "now()", "current_date()", "current_timestamp",
    "current_user()", "reflect('java.lang.System', 'exit', 0)",
    "java_method('java.lang.Runtime', 'getRuntime')",
    "(select 1)", "(select max(amount) from customer_tags)", "exists(select 1)",
    "count in (select 1)", "input_file_name()", "monotonically_increasing_id()",
    "spark_partition_id()", "explode(array(1, 2))", "posexplode(array(1))", "stack(1, 2)",
    "tags.customer_tags.amount", "other.amount", "amount.cents", "transform(array(1), x -> x)",
    "aggregate(array(1), 0, (a, x) -> a + x)", "sum(amount) over ()", "row_number() over ()",
    "sum(amount)", "max(count)", "version()", "try_reflect('a', 'b')", "read_files('/etc/passwd')",
    "raise_error('x')", "assert_true(false)", "from_json('{}', 'a int')", "xpath('<a/>', 'a')",
    "session_user()", "getbit(1, 0)", "sleep(1)", "secret('scope', 'key')", "@@version", "${x}",
    "interval '1' day", "array(1)[0]", "map(1, 2)[1]", "struct(1).col1", "count::string",
)  # fmt: skip
LEAVES = st.sampled_from(("amount", "count", "score", "1", "2.5", "0"))


def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Sound numbers made of smaller ones."""
    pairs = st.tuples(inner, inner)
    one_of_two = st.sampled_from(
        ("({} + {})", "({} - {})", "({} * {})", "share({}, {})", "coalesce({}, {})",
         "greatest({}, {})", "case when {} > 1 then {} else 0 end", "round(({} / {}), 2)")
    )  # fmt: skip
    return st.one_of(
        st.tuples(one_of_two, pairs).map(lambda made: made[0].format(*made[1])),
        inner.map("abs({})".format), inner.map("(- {})".format),
    )


SOUND = st.recursive(LEAVES, around, max_leaves=12)


def problems_of(text: str) -> Problems:
    problems = Problems()
    parse_expression(text, COLUMNS, WHERE, problems)
    return problems


@given(SOUND)
def test_what_is_made_of_sound_parts_is_sound(text: str) -> None:
    assert problems_of(text).found == []


@given(SOUND, st.sampled_from(FORBIDDEN), st.data())
def test_one_forbidden_node_is_refused_with_its_place(
    text: str, forbidden: str, data: st.DataObject
) -> None:
    leaves = [n for n in range(len(text)) if text.startswith(("amount", "count", "score"), n)]
    if not leaves:
        return
    start = data.draw(st.sampled_from(leaves))
    end = start + (5 if text.startswith(("count", "score"), start) else 6)
    found = problems_of(text[:start] + forbidden + text[end:]).found
    assert found and all(problem.location == WHERE for problem in found)
