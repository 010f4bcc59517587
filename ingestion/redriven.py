"""Quarantined lines tried again: sealed lines become records under today's definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from ingestion.batch_rules import BatchRules
from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory, standard_batch
from ingestion.protection import TaskError
from ingestion.raw_batches import batch_of_records
from ingestion.reader import LINE_BITS
from ingestion.record_types import Record, Tally
from ingestion.records import records
from ingestion.text_blocks import lines_of
from model.ddl_types import arrow_schema
from model.errors import OnefoldError
from privacy.tokens import TokenKey, unseals_of

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.planning import PlannedFile

_BEFORE_ALL = 1 << 22  # more files than one night takes
_PLACES = (
    "_number int, _file string, _line bigint, _order bigint, "
    "_counts struct<lines: bigint, header: bigint, blank: bigint>"
)


@dataclass(frozen=True)
class RedrivenLines:
    """Lines that earlier nights quarantined and this one tries again.

    `files` are those they come from, as the ledger knows them, with their headers; `lines` has
    source_file, generation, source_line and sealed_line, one row per line.
    """

    files: tuple[PlannedFile, ...]
    lines: DataFrame


def record_of_line(text: str, header: Sequence[str], layout: Layout) -> Record:
    """A quarantined record's text read anew; values in the order of `layout.fields`.

    The text of a csv record needs the names of its file's columns; that of any other format is a
    JSON object. Where it is no longer one record, the problem says so.
    """
    if layout.is_csv:
        read = replace(layout, names=layout.names or tuple(header), header_line=1)
    else:
        read = replace(layout, format="jsonl")
    # A record of several lines was one text, whose own ends are kept.
    lines = lines_of(text.encode()) if layout.is_csv else [text.replace("\n", " ")]
    found = list(records(lines, read, Tally()))
    if len(found) == 1:
        return found[0]
    return Record(1, None, text, "broken_quote" if layout.is_csv else "bad_json")


def redriven_records(
    spark: SparkSession, redriven: RedrivenLines, first: int, layout: Layout, rules: BatchRules,
    key: TokenKey,
) -> DataFrame:  # fmt: skip
    """The lines as `ingestion.reader.read_records` gives those of files: the same columns, a row
    of counts for each file. The files are numbered from `first`, behind the night's own; yet their
    lines come before all others in `_order`, since they arrived first.

    Seals are opened inside tasks, a file's lines in one; quarantined lines of a file fit there.
    """
    numbers = spark.createDataFrame(
        [(n, f.path, f.generation) for n, f in enumerate(redriven.files, first)],
        "_number int, source_file string, generation int",
    )
    # numbers: unique by file and generation.
    lines = redriven.lines.join(numbers, ["source_file", "generation"], "inner")
    columns = lines.select("_number", "source_file", "source_line", "sealed_line")
    outputs = "".join(f", `{name}` {type_}" for name, type_ in rules.outputs.items())
    headers = {n: file.header for n, file in enumerate(redriven.files, first)}
    read = _reader(headers, layout, rules, key, arrow_schema(_PLACES + outputs))
    return columns.groupBy("_number").applyInArrow(read, _PLACES + outputs)


def _reader(
    headers: Mapping[int, tuple[str, ...]], layout: Layout, rules: BatchRules, key: TokenKey,
    schema: pa.Schema,
) -> Callable[[pa.Table], pa.Table]:  # fmt: skip
    def read(lines: pa.Table) -> pa.Table:
        number = lines["_number"][0].as_py()
        try:
            return _standard(lines, headers[number], layout, rules, key, schema)
        except OnefoldError:
            raise
        except Exception as error:  # a library's message could carry a value
            raise TaskError(f"{type(error).__name__} while redriving lines") from None

    return read


def _standard(
    lines: pa.Table, header: tuple[str, ...], layout: Layout, rules: BatchRules, key: TokenKey,
    schema: pa.Schema,
) -> pa.Table:  # fmt: skip
    lines = lines.sort_by("source_line").combine_chunks()
    texts = unseals_of(key, lines["sealed_line"]).to_pylist()
    number, file = lines["_number"][0].as_py(), lines["source_file"][0].as_py()
    at = lines["source_line"].to_pylist()
    found = [
        record_of_line(text, header, layout)._replace(line=line, text=text)
        for line, text in zip(at, texts, strict=True)
    ]
    batch = batch_of_records(found, layout)
    made: dict[str, Any] = {
        "_number": [number] * len(at), "_file": [file] * len(at), "_line": at,
        "_order": [number - _BEFORE_ALL << LINE_BITS | line for line in at],
        "_counts": [None] * len(at),
        **standard_batch(batch, rules, TaskMemory()),
    }  # fmt: skip
    arrays = [pa.array(made[f.name]) if isinstance(made[f.name], list) else made[f.name]
              for f in schema]  # fmt: skip
    rows = [array.cast(f.type) for array, f in zip(arrays, schema, strict=True)]
    counts = {"lines": len(at), "header": 0, "blank": 0}
    told = pa.Table.from_pylist([{"_number": number, "_file": file, "_counts": counts}], schema)
    return pa.concat_tables([pa.Table.from_arrays(rows, schema=schema), told])
