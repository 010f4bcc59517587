"""Rows of a Parquet file become records: every value as text that is typed like any other's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.layout import Layout, positions_in
from ingestion.reasons import RecordReason
from ingestion.record_types import Record, Tally
from ingestion.value_texts import RowTexts, number_text

BATCH_ROWS = 4096
_BUFFER = 1 << 20
_PLAIN_SCALE = 6  # Arrow spells decimals with an exponent where they have more places


class Texts(NamedTuple):
    """A column's values as text, and the reason code of each that has none (null: all have)."""

    values: Sequence[str | None]
    problems: Sequence[RecordReason | None] | None


def open_parquet(path: Path) -> pq.ParquetFile:
    """The file, read page by page; texts come as dictionaries, so that repeated ones stay small."""
    schema = pq.read_schema(path)
    texts = [field.name for field in schema if _is_bytes(field.type)]
    return pq.ParquetFile(path, read_dictionary=texts, buffer_size=_BUFFER)


def records_of_parquet(path: Path, layout: Layout, tally: Tally) -> Iterator[Record]:
    """One record a row, numbered from 1; an empty file has none."""
    if not path.stat().st_size:
        return
    with open_parquet(path) as file:
        names = file.schema_arrow.names
        places = [next(iter(at), None) for at in positions_in(names, layout.fields).values()]
        rows = RowTexts(names)
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            for values, problem, texts in _rows(batch, places):
                tally.data += 1
                yield Record(tally.data, values, rows.of(texts), problem)


def value_count(file: pq.ParquetFile) -> int:
    """How many single values the file says it holds, those within lists among them."""
    chunks = (
        file.metadata.row_group(group).column(column)
        for group in range(file.metadata.num_row_groups)
        for column in range(file.metadata.num_columns)
    )
    return sum(chunk.num_values for chunk in chunks)


def unpacked_size(file: pq.ParquetFile) -> int:
    """Its bytes before compression, as the file tells them."""
    groups = range(file.metadata.num_row_groups)
    return sum(file.metadata.row_group(group).total_byte_size for group in groups)


def longest_row(file: pq.ParquetFile) -> int:
    """The bytes of the texts of the longest row; reads the whole file."""
    longest = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        sizes = pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows)
        for column in batch.columns:
            if pa.types.is_dictionary(column.type):
                size = pc.binary_length(column.dictionary).take(column.indices)
                sizes = pc.add(sizes, pc.fill_null(size, 0).cast(pa.int64()))
        longest = max(longest, pc.max(sizes).as_py() or 0)
    return longest


def _is_bytes(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary,
             pa.types.is_large_binary)  # fmt: skip
    return any(is_kind(type_) for is_kind in kinds)


def _rows(
    batch: pa.RecordBatch, places: Sequence[int | None]
) -> Iterator[tuple[list[str | None] | None, RecordReason | None, Sequence[str | None]]]:
    """Each row's values by field or its problem, and the texts of all its columns."""
    columns = [texts_of(column) for column in batch.columns]
    told = [columns[at].problems for at in places if at is not None]
    doubtful = [problems for problems in told if problems is not None]
    for number, texts in enumerate(zip(*(column.values for column in columns), strict=True)):
        problem = next((each[number] for each in doubtful if each[number]), None)
        values = None if problem else [None if at is None else texts[at] for at in places]
        yield values, problem, texts


def texts_of(column: pa.Array) -> Texts:
    """A column as text: integers, decimals and floats exactly, true and false, ISO dates and times
    (with their offset where they have a zone); lists, structures and bytes have no text."""
    if isinstance(column.type, pa.BaseExtensionType):
        return texts_of(column.storage)
    for is_kind, texts in _KINDS:
        if is_kind(column.type):
            return texts(column)
    return _without_text(column, "unsupported_type")


def _of_dictionary(column: pa.DictionaryArray) -> Texts:
    texts = texts_of(column.dictionary)
    places = column.indices.to_pylist()
    told = texts.problems
    return Texts(
        [None if at is None else texts.values[at] for at in places],
        None if told is None else [None if at is None else told[at] for at in places],
    )


def _of_texts(column: pa.Array) -> Texts:
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:
        return _of_broken_texts(column)
    if not any("\0" in each for each in values if each):
        return Texts(values, None)
    return Texts(values, ["nul" if each and "\0" in each else None for each in values])


def _of_broken_texts(column: pa.Array) -> Texts:
    values: list[str | None] = []
    problems: list[RecordReason | None] = []
    for data in column.cast(pa.large_binary()).to_pylist():
        text = None if data is None else data.decode(errors="backslashreplace")
        values.append(text)
        problems.append("bad_unicode" if text is not None and text.encode() != data else None)
    return Texts(values, problems)


def _of_plain(column: pa.Array) -> Texts:
    return Texts(column.cast(pa.string()).to_pylist(), None)


def _of_floats(column: pa.Array) -> Texts:
    values = column.cast(pa.float64()).to_pylist()
    return Texts([None if each is None else number_text(each) for each in values], None)


def _of_decimals(column: pa.Array) -> Texts:
    if column.type.scale <= _PLAIN_SCALE:
        return _of_plain(column)
    return Texts([None if each is None else f"{each:f}" for each in column.to_pylist()], None)


def _of_times(column: pa.Array) -> Texts:
    """Times without the zeros at the end of their fraction."""
    if pa.types.is_date64(column.type):
        column = column.cast(pa.timestamp("ms"))
    try:
        texts = column.cast(pa.string())
    except pa.ArrowException:  # a zone nobody knows
        return _without_text(column, "unsupported_type")
    texts = pc.replace_substring_regex(texts, r"\.0+($|Z$|[+-]\d+$)", r"\1")
    return Texts(pc.replace_substring_regex(texts, r"(\.\d*[1-9])0+", r"\1").to_pylist(), None)


def _without_text(column: pa.Array, problem: RecordReason) -> Texts:
    values = [None if each is None else _shown(each) for each in _scalars(column)]
    return Texts(values, [None if each is None else problem for each in values])


def _scalars(column: pa.Array) -> list[Any]:
    try:
        return column.to_pylist()
    except (ValueError, OverflowError, KeyError, OSError):  # what Python has no value for
        return [str(each) if each.is_valid else None for each in column]


def _shown(value: Any) -> str:
    """A value as quarantine keeps it."""
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=str)


_types = pa.types
_KINDS: Sequence[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Texts]]] = (
    (_types.is_dictionary, _of_dictionary),
    (_types.is_string, _of_texts),
    (_types.is_large_string, _of_texts),
    (_types.is_integer, _of_plain),
    (_types.is_boolean, _of_plain),
    (_types.is_null, _of_plain),
    (_types.is_date32, _of_plain),
    (_types.is_floating, _of_floats),
    (_types.is_decimal, _of_decimals),
    (_types.is_timestamp, _of_times),
    (_types.is_time, _of_times),
    (_types.is_date64, _of_times),
    (_types.is_nested, lambda column: _without_text(column, "nested_value")),
)
