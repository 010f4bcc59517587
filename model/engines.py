"""Two engines for one SQL text: Spark for what is large, DuckDB in this process for what fits.

A step on Spark costs a quarter of a second of planning however few its rows; in this process it
costs milliseconds. So relational steps are written once, in the SQL that both read alike, and an
engine is handed to them. What differs between the two is told here, and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import DataFrame, SparkSession

from model.arrow_frames import frame_of
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.lineage import cut, let_go
from model.sql_text import date_literal


class Rows(Protocol):
    """Rows of one engine with named columns; computed each time they are asked for, unless kept."""

    @property
    def columns(self) -> list[str]:
        """The names, in their order."""
        ...


class Writable(Protocol):
    """Rows too many for memory, which can be written as a file."""

    @property
    def schema(self) -> pa.Schema:
        """Their columns."""
        ...

    def select(self, columns: pa.Schema) -> Writable:
        """Some of the columns, in the types given."""
        ...

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Writes Parquet files under names that begin with `name`; these, and their rows."""
        ...

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        ...


@dataclass(frozen=True)
class Part:
    """The rows of a table whose `column` is among `values`, rows of one column of that name.
    `among`: rows of a greater part of it that hold all of them, kept of `Engine.part_of`. `fixed`
    are columns that are the same in all rows of one value, which an engine may leave unread."""

    column: str
    values: Rows
    among: Rows | None = None
    fixed: Sequence[str] = ()


Own = TypeVar("Own", bound="Engine")
Group = Callable[[pa.Table], pa.Table]
Output: TypeAlias = DataFrame | pa.Table | Writable


class Engine(ABC):
    """Runs relational steps over rows. As a context manager it gives back all it keeps at its end.

    The SQL of a step reads its frames by the names they are passed under. It keeps to what Spark
    (ANSI) and DuckDB read alike: sums are cast, `case` instead of `filter`, row_number() over a
    total order instead of min_by, `is not distinct from`, names that no dialect must quote.
    `step` names the rows in errors and in profiles.
    """

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def of(self, given: DataFrame | pa.Table | ds.Dataset) -> Rows:
        """Rows that come from elsewhere."""

    @abstractmethod
    def rows(self, step: str, sql: str, **frames: Rows) -> Rows:
        """The rows of a query over frames; nothing is computed yet."""

    @abstractmethod
    def kept(self, rows: Rows) -> Rows:
        """The rows, computed once, now; for what several steps read."""

    def few(self, rows: Rows) -> Rows:
        """The rows, which are few beside those they are joined with. An engine that would not guess
        so finds out first."""
        return rows

    @abstractmethod
    def by_group(self, step: str, rows: Rows, key: str, function: Group, columns: str) -> Rows:
        """What a function makes of each group of rows that share a key, as `columns` (DDL).

        Groups and the rows within come in any order; a group must fit into one process.
        """

    @abstractmethod
    def mapped(self, step: str, rows: Rows, function: Group, columns: str) -> Rows:
        """What a function makes of the rows, taken some at a time, as `columns` (DDL)."""

    def mapped_slice(
        self, step: str, rows: Rows, function: Group, contract: TableContract, day: date
    ) -> Rows:
        """The same as the rows of a table's slice of `day`, which the function does not tell."""
        others = [c for c in contract.columns if c.name != contract.sliced_by]
        told = self.mapped(
            step, rows, function, ", ".join(f"`{c.name}` {c.type}" for c in others)
        )
        return self.rows(
            contract.name, f"select {columns_of_slice(contract, day)} from told", told=told
        )

    @abstractmethod
    def recurring(self, step: str, rows: Rows, columns: Sequence[str]) -> Rows:
        """The hashes (xxhash64) of the columns that more than one row has, as `hashed`, once each;
        computed now. Rows of one hash mostly agree in all columns, missing ones among them."""

    @abstractmethod
    def arrow(self, rows: Rows) -> pa.Table:
        """The rows in this process; for bounded numbers of them only."""

    @abstractmethod
    def frame(self, rows: Rows) -> DataFrame:
        """The rows as Spark's."""

    @abstractmethod
    def output(self, rows: Rows) -> Output:
        """The rows as the lake takes them, without a detour."""

    @abstractmethod
    def close(self) -> None:
        """Gives back what is kept; rows of this engine are of no use any longer."""

    def one_row(self, step: str, sql: str, **frames: Rows) -> dict[str, Any]:
        """The only row of a query, computed now."""
        found: list[dict[str, Any]] = self.arrow(self.rows(step, sql, **frames)).to_pylist()
        return found[0]

    def together(self, step: str, some: Rows, more: Rows) -> Rows:
        """The rows of two frames of the same columns, in the same order of these."""
        both = "select * from these union all select * from more"
        return self.rows(step, both, these=some, more=more)

    def part_of(self, table: Rows, part: Part) -> Rows:
        """The rows of a table that belong to a part of it."""
        name = part.column
        within = f"select t.* from these t semi join part_values v on v.{name} = t.{name}"
        these = table if part.among is None else part.among
        return self.rows("part_of", within, these=these, part_values=part.values)

    def traced(self, was: Rows, changing: str) -> tuple[Rows, Sequence[str]]:
        """The rows of a part as kept of `part_of`, and the names of columns beside the table's by
        which `revised` knows what becomes of each of them; none where it need not. A row made of
        one of these has the values of its, one made of several the largest of each, and all others
        have none."""
        return was, ()

    def revised(self, whole: Rows, was: Rows, now: Rows, new: Rows, changing: str) -> Rows:
        """The rows `whole` of a table, of which `now` is what became of the rows `was` of a part,
        kept of `traced` ones. A row made of one of these is the same but for the column `changing`;
        `new` are all others, in the table's columns."""
        return whole

    def with_part(self, table: Rows, part: Part, now: Rows) -> Rows:
        """The rows of a table in which `now` is in the place of the rows of a part."""
        columns, name = ", ".join(table.columns), part.column
        others = ", ".join(f"t.{column}" for column in table.columns)
        return self.rows(
            "with_part",
            f"""
            select {columns} from part_now
            union all
            select {others} from these t anti join part_values v on v.{name} = t.{name}
            """,
            part_now=now, these=table, part_values=part.values,
        )  # fmt: skip

    def united(self, contract: TableContract, parts: Sequence[Rows]) -> Rows:
        """The rows of all parts, which hold a table's columns, in the table's order of them."""
        if not parts:
            return self.of(arrow_schema(contract.schema).empty_table())
        names = ", ".join(f"`{name}`" for name in contract.column_names)
        frames = {f"part_{n}": rows for n, rows in enumerate(parts)}
        sql = " union all ".join(f"select {names} from {name}" for name in frames)
        return self.rows(f"all_{contract.name}", sql, **frames)


class SparkEngine(Engine):
    """Steps as Spark frames; what is kept is a local checkpoint."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._kept: list[DataFrame] = []

    def of(self, given: DataFrame | pa.Table | ds.Dataset) -> Rows:
        if isinstance(given, DataFrame):
            return given
        table = given.to_table() if isinstance(given, ds.Dataset) else given
        return frame_of(self._spark, table)

    def rows(self, step: str, sql: str, **frames: Rows) -> Rows:
        if not frames:
            return self._spark.sql(sql)
        own = sql.replace("{", "{{").replace("}", "}}")  # what is in braces is a frame's name
        text = named({name: f"{{{name}}}" for name in frames}, own)
        given: dict[str, Any] = {name: self.frame(each) for name, each in frames.items()}
        return self._spark.sql(text, **given)

    def kept(self, rows: Rows) -> Rows:
        return self._to_be_let_go(cut(self.frame(rows)))

    def _to_be_let_go(self, found: DataFrame) -> Rows:
        self._kept.append(found)
        return found

    def by_group(self, step: str, rows: Rows, key: str, function: Group, columns: str) -> Rows:
        made = typed(function, arrow_schema(columns))
        return self.frame(rows).groupBy(key).applyInArrow(made, columns)

    def mapped(self, step: str, rows: Rows, function: Group, columns: str) -> Rows:
        made = typed(function, arrow_schema(columns))

        def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield from made(pa.Table.from_batches([batch])).to_batches()

        return self.frame(rows).mapInArrow(each, columns)

    def recurring(self, step: str, rows: Rows, columns: Sequence[str]) -> Rows:
        hashed = hash_of(columns)
        return self.kept(self.rows(step, f"""
            select {hashed} as hashed from these group by {hashed} having count(*) > 1
        """, these=rows))  # fmt: skip

    def arrow(self, rows: Rows) -> pa.Table:
        return self.frame(rows).toArrow()

    def frame(self, rows: Rows) -> DataFrame:
        return cast(DataFrame, rows)

    def output(self, rows: Rows) -> Output:
        return self.frame(rows)

    def close(self) -> None:
        while self._kept:
            let_go(self._kept.pop())


def hash_of(columns: Sequence[str]) -> str:
    """SQL of the hash of some columns together, by which `Engine.recurring` knows rows."""
    return f"xxhash64({', '.join(f'`{name}`' for name in columns)})"


def typed(function: Group, schema: pa.Schema) -> Group:
    """The function, its rows with the columns and types of `schema`."""
    def made(rows: pa.Table) -> pa.Table:
        found = function(rows)
        return found if found.schema.equals(schema) else found.select(schema.names).cast(schema)

    return made


def columns_of_slice(contract: TableContract, day: date) -> str:
    """SQL of a table's columns, from rows of its slice of `day` that lack that column."""
    return ", ".join(
        f"{date_literal(day)} as `{name}`" if name == contract.sliced_by else f"`{name}`"
        for name in contract.column_names
    )


def named(sources: dict[str, str], sql: str, how: Mapping[str, str] | None = None) -> str:
    """The query with its frames' names bound to their sources; `how` says more of some of them."""
    told = how or {}
    frames = ", ".join(
        f"{name} as {told.get(name, '')} (select * from {source})"
        for name, source in sources.items()
    )
    return f"with {frames} select * from ({sql})" if frames else sql
