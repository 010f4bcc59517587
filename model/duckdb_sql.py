"""What DuckDB spells otherwise than Spark, whose SQL the steps of engines are written in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from model.sql_text import text_literal

# Functions of Spark that DuckDB lacks. conv: of as many hexadecimal digits as 64 bits have, and
# always cast to a number: its text would only be read again.
SPARK_WORDS = (
    "create macro explode(items) as unnest(items)",
    "create macro array_size(items) as len(items)",
    "create macro unix_micros(moment) as epoch_us(moment)",
    "create macro regexp_like(words, pattern) as regexp_matches(words, pattern)",
    "create macro sha2(words, bits) as sha256(words)",  # of 256 bits; no step asks for others
    "create macro array_repeat(item, times) as [item]",  # once; no step asks for more
    "create macro conv(digits, from_base, to_base) as "
    "cast('0x' || digits as ubigint)",
)
_DUCKDB_WORDS = {
    "`": '"',
    "as timestamp": "as timestamptz",  # Spark's is an instant
    "try_sum": "sum",  # which has room enough
    "as binary": "as blob",
    "xxhash64": "hash",  # of which steps only ask what is equal
}
_PIECES = re.compile(
    r"'[^']*'|`|\bas timestamp\b|\btry_sum\b|\bas binary\b|\bxxhash64\b", re.IGNORECASE
)
SETTINGS = {
    # Where a query forgets to say it, as Spark.
    "TimeZone": "UTC",
    "default_null_order": "nulls_first_on_asc_last_on_desc",
    # A name that is no frame is an error, not a Python variable of that name.
    "python_enable_replacements": "false",
    # Nothing is fetched from anywhere.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Each step's view of a file is bound anew, and no file ever changes.
    "parquet_metadata_cache": "true",
    # Rows have no order here; keeping that of the files would cost memory.
    "preserve_insertion_order": "false",
}
ROW_GROUP = 1 << 17  # rows of a file that readers share out among their threads
AS_PARQUET = f"format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP}"
FILE, ROW = "filename", "file_row_number"  # where a row lies, as DuckDB tells it if it is asked
WAS = "value_there"  # what a column has where the row lies
_DUCKDB_TYPES = {
    "string": "varchar", "int64": "bigint", "int32": "int", "date32[day]": "date",
    "binary": "blob", "bool": "boolean",
}  # fmt: skip


def spelt(sql: str) -> str:
    """Spark's SQL with the few words that DuckDB spells otherwise; literals stay as they are."""
    return _PIECES.sub(lambda piece: _DUCKDB_WORDS.get(piece[0].lower(), piece[0]), sql)


def parquet_literal(file: str) -> str:
    """A file's place as DuckDB reads it: itself, and none that its name would fit as a pattern."""
    return text_literal(re.sub(r"[*?[]", lambda sign: f"[{sign[0]}]", file))


def parquet_select(
    files: Sequence[str], types: Mapping[str, str], sliced_by: str | None, also: Sequence[str] = ()
) -> str:
    """SQL that reads Parquet files in columns of these types, whatever each of them has; the names
    of their folders tell `sliced_by`. `also`: FILE, ROW."""
    listed = ", ".join(parquet_literal(file) for file in files)
    own = ", ".join(
        f"{text_literal(name)}: {{name: {text_literal(name)}, type: {text_literal(kind)}, "
        "default_value: NULL}"
        for name, kind in types.items() if name != sliced_by
    )  # fmt: skip
    # Said in either case, since DuckDB would take any folder above with a = for a column.
    folders = "hive_partitioning = false" if sliced_by is None else (
        f"hive_partitioning = true, hive_types = {{{sliced_by}: {types[sliced_by]}}}"
    )
    columns = ", ".join(f'"{name}"' for name in (*types, *also))
    return f"select {columns} from read_parquet([{listed}], schema = MAP {{{own}}}, {folders})"


def cast_column(found: pa.Field, wanted: pa.Field) -> str:
    """A column in the type wanted; lists and structs stay what they are."""
    name = f'"{wanted.name}"'
    if pa.types.is_nested(wanted.type) or found.type.equals(wanted.type):
        return name
    kind = "timestamptz" if pa.types.is_timestamp(wanted.type) else _DUCKDB_TYPES.get(
        str(wanted.type), str(wanted.type)
    )  # fmt: skip
    return f"cast({name} as {kind}) as {name}"
