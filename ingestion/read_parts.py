"""Columns that are parts of a name or an address which the dataset brings as a whole.

Read inside tasks, each different text once: a whole may be high pii where its part is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
from pyspark.sql import Column

from identity.parts import PARTS, READERS, part_of
from ingestion.batch_rules import Columns, PartOf
from ingestion.known_values import Function, KnownValues
from ingestion.protection import TaskError
from model.canonical import Part
from privacy.tokens import per_distinct

_TEXT = pa.string()


def read_parts(columns: Columns, parts: Mapping[str, PartOf], known: KnownValues) -> Columns:
    """The part that each column of `parts` is of a field's values; null where it is not told."""
    found = {}
    told = {}
    for name, (field, part) in parts.items():
        reader, place = PARTS[part]
        if (field, reader) not in told:
            texts = columns[field].cast(_TEXT)
            # One name for each reader: what one field has shown is known of the others, too.
            told[field, reader] = known.of(
                f"parts of a {reader}", _reading(reader), texts, [_TEXT, _TEXT]
            )
        found[name] = told[field, reader].result(place)
    return found


def _reading(reader: str) -> Callable[[], Function]:
    def read(texts: pa.Array) -> list[pa.Array]:
        told = [READERS[reader](text) for text in texts.to_pylist()]
        return [pa.array(parts, _TEXT) for parts in zip(*told, strict=True)]

    return lambda: read


def part_column(whole: Column, part: Part) -> Column:
    """The part of an expression's values, read in tasks.

    An Arrow UDF: no built-in reads names.
    """

    def read(texts: pa.Array) -> pa.Array:
        try:
            return per_distinct(lambda text: part_of(part, text), texts, _TEXT)
        except Exception as error:  # its message could carry the value
            raise TaskError(f"{type(error).__name__} while reading parts") from None

    # It imports pandas, and tasks that read files import this module.
    from pyspark.sql.pandas.functions import arrow_udf  # noqa: PLC0415

    # Spark reads the kind of UDF off the annotations; its own stubs do not know that.
    column: Column = arrow_udf(read, "string")(whole)  # type: ignore[call-overload]
    return column
