"""Distributions against plain Python: every count right, and no small group shown."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight.distributions import BUCKETS, OTHER, distributions
from model.fixed_tables import DISTRIBUTIONS

DAY = date(2017, 10, 1)


@dataclass(frozen=True)
class Tag:
    column_name: str
    type: str
    value_titles: dict = field(default_factory=dict)
    pii: str = "none"


def spread(spark, schema, rows, *tags, k=1):
    frame = distributions(spark.createDataFrame(rows, schema), tags, k, DAY)
    assert [(f.name, f.dataType.simpleString()) for f in frame.schema] == [
        (column.name, column.type) for column in DISTRIBUTIONS.columns
    ]
    found = frame.orderBy("column_name", "bucket_no").collect()
    assert all(row.business_date == DAY for row in found)
    keys = [(row.column_name, row.bucket_no) for row in found]
    assert len(set(keys)) == len(keys)
    return found


def pairs(found, column):
    return [(row.bucket, row.person_count) for row in found if row.column_name == column]


def test_codes_are_counted_in_their_declared_order(spark):
    tag = Tag("level", "enum", {"high": "高", "mid": "中", "low": "低"})
    rows = [(v,) for v in ["low", "high", "low", None, "odd", "mid", "low"]]
    found = spread(spark, "level string", rows, tag)
    assert pairs(found, "level") == [("high", 1), ("mid", 1), ("low", 3), ("odd", 1)]
    assert [row.bucket_no for row in found] == [0, 1, 2, 3]


def test_bools_are_counted_with_true_first(spark):
    found = spread(spark, "b boolean", [(True,), (False,), (False,), (None,)], Tag("b", "bool"))
    assert pairs(found, "b") == [("true", 1), ("false", 2)]


def test_texts_show_the_commonest_values_and_one_rest(spark):
    rows = [(f"v{i:02}",) for i in range(20) for _ in range(i + 1)]
    found = pairs(spread(spark, "t string", rows, Tag("t", "text"), k=3), "t")
    assert found == [(f"v{i:02}", i + 1) for i in range(19, 8, -1)] + [(OTHER, 45)]


def test_rare_texts_are_not_even_named(spark):
    rows = [("common",)] * 5 + [("a name",), ("another name",)]
    found = pairs(spread(spark, "t string", rows, Tag("t", "text"), k=2), "t")
    assert found == [("common", 5), (OTHER, 2)]


def test_small_whole_numbers_get_a_bucket_each(spark):
    rows = [(n,) for n in [0] * 5 + [1] * 4 + [3]]
    found = spread(spark, "n bigint", rows, Tag("n", "integer"))
    assert [(row.bucket_no, row.bucket, row.person_count) for row in found] == [
        (0, "0", 5), (1, "1", 4), (3, "3", 1),
    ]  # fmt: skip


def test_one_far_value_does_not_flatten_the_rest(spark):
    rows = [(Decimal(i),) for i in range(100)] + [(Decimal(1_000_000),)]
    found = pairs(spread(spark, "m decimal(18,2)", rows, Tag("m", "money")), "m")
    assert found[:9] == [(str(edge), 10) for edge in range(0, 90, 10)]
    assert found[9:] == [("90", 10), ("110", 1)]


def test_nearly_constant_numbers_still_show_their_tail(spark):
    rows = [(Decimal(0),)] * 97 + [(Decimal(40),), (Decimal(80),), (Decimal(100),)]
    found = pairs(spread(spark, "m decimal(18,2)", rows, Tag("m", "money")), "m")
    assert found == [("0", 97), ("40", 1), ("80", 1), ("100", 1)]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.decimals(-5000, 50_000, places=2), min_size=1, max_size=40),
    st.sampled_from([Decimal(1), Decimal("0.001"), Decimal(1000)]),
)
def test_every_number_is_in_the_bucket_whose_edges_hold_it(spark, numbers, scale):
    numbers = [(number * scale).quantize(Decimal("0.00001")) for number in numbers]
    rows = [(number, float(number), int(number)) for number in numbers]
    tags = [Tag("exact", "money"), Tag("floating", "number"), Tag("whole", "integer")]
    found = spread(spark, "exact decimal(28,5), floating double, whole bigint", rows, *tags)
    for position, tag in enumerate(tags):
        values = [Decimal(str(row[position])) for row in rows]
        buckets = [row for row in found if row.column_name == tag.column_name]
        check_buckets(values, buckets, tag.type == "integer")


def check_buckets(values, buckets, is_whole):
    edges = {row.bucket_no: Decimal(row.bucket) for row in buckets}
    numbers = sorted(edges)
    assert len(edges) <= BUCKETS and numbers[-1] < BUCKETS and numbers[0] == 0
    steps = {(edges[b] - edges[a]) / (b - a) for a, b in pairwise(numbers)}
    assert len(steps) <= 1
    step = steps.pop() if steps else None
    if step:
        assert step.normalize().as_tuple().digits in ((1,), (2,), (5,))
        assert not is_whole or step >= 1
        assert all(edge % step == 0 for edge in edges.values())
    expected = Counter(
        min(int((value - edges[0]) // step), BUCKETS - 1) if step else 0 for value in values
    )
    assert min(values) >= edges[0]
    assert {row.bucket_no: row.person_count for row in buckets} == expected


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([20, 30, 10], [20, 30, 10]),
        ([20, 30, 9], [None, 30, None]),
        ([20, 5, 4, 30], [None, None, None, 30]),
        ([20, 5, 5, 30], [20, None, None, 30]),
        ([3], [None]),
    ],
)
def test_small_groups_are_blank_even_by_subtraction(spark, sizes, shown):
    codes = {f"c{i}": f"{i}" for i in range(len(sizes))}
    rows = [(code,) for code, size in zip(codes, sizes, strict=True) for _ in range(size)]
    found = spread(spark, "e string", rows, Tag("e", "enum", codes), k=10)
    assert [row.person_count for row in found] == shown


def test_pii_dates_lists_and_unknown_columns_are_left_out(spark):
    tags = [
        Tag("name", "text", pii="high"), Tag("born", "date"), Tag("liked", "list"),
        Tag("gone", "text"), Tag("kept", "text"),
    ]  # fmt: skip
    schema = "name string, born date, liked array<string>, kept string"
    found = spread(spark, schema, [("Wei", DAY, ["a"], "x")], *tags)
    assert {row.column_name for row in found} == {"kept"}
    assert spread(spark, schema, [("Wei", DAY, ["a"], "x")], *tags[:2]) == []


def test_what_is_no_number_is_not_counted(spark):
    rows = [(float("nan"),), (float("inf"),), (None,), (2.5,)]
    assert pairs(spread(spark, "x double", rows, Tag("x", "number")), "x") == [("2.5", 1)]


def test_one_pass_whatever_the_number_of_columns(spark):
    names = [f"n{i}" for i in range(30)]
    wide = spark.createDataFrame([tuple(range(30))], ", ".join(f"{n} bigint" for n in names))
    frame = distributions(wide, [Tag(name, "integer") for name in names], 1, DAY)
    plan = frame._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("LogicalRDD") == 1
    assert frame.where("person_count = 1").count() == 30
