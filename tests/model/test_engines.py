"""Both engines: one SQL text, the same rows; what is kept is given back, errors tell no value."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyspark.sql import SparkSession

from model import local_engine
from model.engines import Engine, Rows, SparkEngine
from model.errors import OnefoldError
from model.local_engine import LocalEngine
from model.local_rows import LocalRows
from model.mixed_engine import MixedEngine
from model.node_ids import node_id
from model.sql_text import date_literal, is_one_of, number_of, text_literal

SALES = pa.table({
    "person": [1, 1, 2, None], "shop": ["b", "a", "a", "z"], "n": [5, 7, None, 2],
    "day": [date(2017, 3, 1), date(2017, 3, 2), None, date(2017, 3, 1)],
    "items": [[{"kind": "x", "token": "1"}] * 2, [], None, [{"kind": "y", "token": "2"}]],
})  # fmt: skip


def mixed(spark: SparkSession) -> MixedEngine:
    """An engine for which two rows are few and four are many."""
    return MixedEngine(spark, most_here=2)


ON_SPARK = {"spark": SparkEngine, "mixed": mixed}


@pytest.fixture(
    params=["local", *(pytest.param(name, marks=pytest.mark.spark) for name in ON_SPARK)]
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    way = ON_SPARK.get(request.param)
    with LocalEngine() if way is None else way(request.getfixturevalue("spark")) as opened:
        yield opened


def found(engine: Engine, rows: Rows) -> list[tuple[object, ...]]:
    return sorted((tuple(row.values()) for row in engine.arrow(rows).to_pylist()), key=repr)


def test_a_step_reads_its_frames_by_their_names(engine: Engine) -> None:
    sales = engine.of(SALES)
    totals = engine.rows(
        "totals",
        "select person, cast(sum(n) as bigint) as n from sales group by person", sales=sales,
    )  # fmt: skip
    joined = engine.rows(
        "joined", "select s.shop, t.n from s join t on t.person = s.person", s=sales, t=totals
    )
    assert totals.columns == ["person", "n"]
    assert found(engine, joined) == [("a", 12), ("a", None), ("b", 12)]
    assert engine.one_row("few", "select 1 as a, '{x}' as b") == {"a": 1, "b": "{x}"}


def test_the_words_both_read_alike(engine: Engine) -> None:
    row = engine.one_row(
        "words",
        """
        with exploded as (
            select person, explode(array_distinct(items)) as item from sales
        )
        select
            (select count(*) from exploded) as items,
            (select max(item.kind) from exploded) as kind,
            (select array_sort(array_agg(distinct shop)) from sales) as shops,
            (select count(*) from sales anti join exploded using (person)) as without,
            (select count(*) from sales semi join exploded using (person)) as with_items,
            (select count(*) from sales where person is not distinct from null) as nobody,
            cast(conv('ffffffff', 16, 10) as bigint) as hexadecimal,
            split_part('k_1', '_', -1) as last_part,
            concat_ws('.', 'a', 'b') as dotted
        """,
        sales=engine.of(SALES),
    )
    assert row == {
        "items": 2, "kind": "y", "shops": ["a", "b", "z"], "without": 2, "with_items": 2,
        "nobody": 1, "hexadecimal": 2**32 - 1, "last_part": "1", "dotted": "a.b",
    }  # fmt: skip


def test_nulls_come_first_going_up_and_last_going_down(engine: Engine) -> None:
    text = "select n, row_number() over (order by n {}) as place from sales"
    for order, place in (("asc", 1), ("desc", 4)):
        rows = engine.rows("places", text.format(order), sales=engine.of(SALES))
        assert (None, place) in found(engine, rows)


@pytest.mark.parametrize("word", ["plain", "it's", "back\\slash", "'", "客户", "a {b}", ""])
def test_a_text_is_itself_as_a_literal(engine: Engine, word: str) -> None:
    nothing = engine.of(pa.table({"word": [word]}))
    text = f"select {text_literal(word)} as told, {is_one_of('word', [word, 'x'])} as same from w"
    assert engine.one_row("literal", text, w=nothing) == {"told": word, "same": True}


def test_lists_and_numbers_of_none_are_false_and_null(engine: Engine) -> None:
    row = engine.one_row(
        "none",
        f"select {is_one_of('word', [])} as listed, {number_of('word', {})} as unknown, "
        f"{number_of('word', {'a': 3})} as known, {date_literal(date(2017, 3, 1))} as day from w",
        w=engine.of(pa.table({"word": ["a"]})),
    )
    assert row == {"listed": False, "unknown": None, "known": 3, "day": date(2017, 3, 1)}


def test_a_nodes_number_is_63_bits_of_its_token(engine: Engine) -> None:
    digits = ["f" * 64, "0" * 64, "8" + "0" * 14 + "1" + "f" * 48, "0123456789abcdef" * 4]
    tokens = engine.of(pa.table({"token": [f"k0_{text}" for text in digits]}))
    rows = engine.rows("numbers", f"select {node_id('token')} as n from tokens", tokens=tokens)
    expected = {int(text[:16], 16) & (2**63 - 1) for text in digits}
    assert {n for (n,) in found(engine, rows)} == expected


def count_rows(group: pa.Table) -> pa.Table:
    return pa.table({"person": group["person"][:1], "n": [group.num_rows]})


def test_a_function_is_given_each_group_whole(engine: Engine) -> None:
    named = engine.rows("named", "select * from s where person is not null", s=engine.of(SALES))
    counted = engine.by_group("counted", named, "person", count_rows, "person bigint, n int")
    assert found(engine, counted) == [(1, 2), (2, 1)]
    nobody = engine.rows("nobody", "select * from s where false", s=named)
    none = engine.by_group("none", nobody, "person", count_rows, "person bigint, n int")
    assert found(engine, none) == []
    assert none.columns == ["person", "n"]


def test_kept_rows_are_those_of_the_moment(engine: Engine) -> None:
    kept = engine.kept(engine.rows("all", "select * from s", s=engine.of(SALES)))
    assert kept.columns == SALES.column_names
    assert engine.arrow(kept).num_rows == 4


def test_engines_hand_rows_to_each_other(spark: SparkSession, scratch: Path) -> None:
    with LocalEngine(spark) as local, SparkEngine(spark) as on_spark:
        there = on_spark.of(local.frame(local.of(SALES)))
        back = local.of(on_spark.frame(there))
        assert found(local, back) == found(on_spark, there) == found(local, local.of(SALES))
        assert isinstance(local.output(back), pa.Table)
        assert on_spark.output(there) is there
        ds.write_dataset(SALES, scratch / "sales", format="parquet")
        files = ds.dataset(scratch / "sales")
        assert found(local, local.of(files)) == found(on_spark, on_spark.of(files))


@pytest.mark.parametrize("is_large", [False, True])
def test_what_has_become_few_is_a_query_of_this_process(
    spark: SparkSession, is_large: bool
) -> None:
    with mixed(spark) as engine:
        given = engine.of(spark.createDataFrame(SALES) if is_large else SALES.slice(0, 2))
        assert isinstance(given, LocalRows) is not is_large
        few = engine.few(engine.rows("firsts", "select * from s where person = 1", s=given))
        many = engine.kept(engine.together("twice", given, given))
        assert isinstance(few, LocalRows)
        assert isinstance(many, LocalRows) is not is_large
        assert engine.few(few) is few
        joined = engine.rows(
            "joined", "select f.shop, m.n from few f join many m on m.shop = f.shop",
            few=few, many=many,
        )  # fmt: skip
        others = [("a", None)] * 2 if is_large else []
        assert found(engine, joined) == [("a", 7)] * 2 + others + [("b", 5)] * 2
        assert isinstance(joined, LocalRows) is not is_large
        assert sorted(map(tuple, engine.frame(joined).collect()), key=repr) == found(engine, joined)
        assert engine.frame(few) is engine.frame(few), "handed over once"


def test_spark_is_handed_rows_that_are_none(spark: SparkSession) -> None:
    with LocalEngine(spark) as engine:
        none = engine.rows("none", "select * from s where person = 9", s=engine.of(SALES))
        frame = engine.frame(none)
    assert (frame.columns, frame.count()) == (SALES.column_names, 0)


def test_an_error_of_the_local_engine_names_the_step_and_no_value() -> None:
    with LocalEngine() as engine:
        rows = engine.rows(
            "to_number", "select cast(shop as int) as n from sales", sales=engine.of(SALES)
        )
        for ask in (engine.arrow, engine.kept):
            with pytest.raises(OnefoldError, match=r"^step to_number.* \(ConversionException\)$"):
                ask(rows)
        unknown = engine.rows("unknown", "select * from SALES")
        for ask in (engine.arrow, engine.kept, lambda rows: rows.columns):
            with pytest.raises(OnefoldError, match=r"^step unknown.* \(CatalogException\)$"):
                ask(unknown)


def test_the_local_engine_needs_no_spark_until_it_is_asked_for_frames() -> None:
    with LocalEngine() as engine, pytest.raises(OnefoldError, match="needs Spark"):
        engine.frame(engine.of(SALES))


def test_what_spills_goes_to_a_folder_that_goes_too(scratch: Path) -> None:
    with LocalEngine(scratch=str(scratch)):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


def test_outputs_of_many_rows_are_files_to_be_and_others_tables(
    monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    monkeypatch.setattr(local_engine, "MOST_HELD", 3000)
    with LocalEngine() as engine:
        few, many = (
            engine.output(engine.rows("numbers", f"select i from range({count}) as t(i)"))
            for count in (3000, 5000)
        )
        assert few["i"].to_pylist() == list(range(3000))
        assert isinstance(many, local_engine.LargeRows)
        [(file, count)] = many.write(scratch, "part")
    assert (file.name, count) == ("part.parquet", 5000)


def test_frames_of_many_rows_come_by_files(spark: SparkSession) -> None:
    sales = pa.table({"n": [1, None], "day": [date(2017, 3, 1), None], "items": [["a"], []]})
    with LocalEngine(spark, is_large=True) as engine:
        for rows in (sales, sales.slice(2)):
            found = engine.arrow(engine.of(spark.createDataFrame(rows)))
            assert found.sort_by("n").to_pylist() == rows.to_pylist()
        back = engine.frame(engine.of(sales))
        assert sorted(row["n"] or 0 for row in back.collect()) == [0, 1]


def test_a_write_in_little_memory_leaves_the_limit_as_it_was(tmp_path: Path) -> None:
    with LocalEngine() as engine:
        asked = "select current_setting('memory_limit') as n"
        limit = engine.one_row("limit", asked)
        many = engine.rows("many", "select range as n from range(100000) order by hash(range)")
        assert engine.write(many, str(tmp_path / "many.parquet"), 0.05) == 100000
        assert engine.one_row("limit", asked) == limit


def test_many_rows_are_written_side_by_side(tmp_path: Path) -> None:
    def written(number: int) -> int:
        limit = 1.0 if number % 2 else None
        return engine.write(many, str(tmp_path / f"{number}.parquet"), limit)

    with LocalEngine() as engine, ThreadPoolExecutor(4) as pool:
        many = engine.rows("many", "select range as n from range(1000000) order by hash(range)")
        assert [*pool.map(written, range(8))] == [1_000_000] * 8
