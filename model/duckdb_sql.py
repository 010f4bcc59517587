"""What DuckDB spells otherwise than Spark, whose SQL the steps of engines are written in."""

from __future__ import annotations

import re

import pyarrow as pa

# Functions of Spark that DuckDB lacks. conv: of as many hexadecimal digits as 64 bits have, and
# always cast to a number: its text would only be read again.
SPARK_WORDS = (
    "create macro explode(items) as unnest(items)",
    "create macro array_size(items) as len(items)",
    "create macro regexp_like(words, pattern) as regexp_matches(words, pattern)",
    "create macro sha2(words, bits) as sha256(words)",  # of 256 bits; no step asks for others
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
    # Rows have no order here; keeping that of the files would cost memory.
    "preserve_insertion_order": "false",
}
_DUCKDB_TYPES = {
    "string": "varchar", "int64": "bigint", "int32": "int", "date32[day]": "date",
    "binary": "blob", "bool": "boolean",
}  # fmt: skip


def spelt(sql: str) -> str:
    """Spark's SQL with the few words that DuckDB spells otherwise; literals stay as they are."""
    return _PIECES.sub(lambda piece: _DUCKDB_WORDS.get(piece[0].lower(), piece[0]), sql)


def cast_column(found: pa.Field, wanted: pa.Field) -> str:
    """A column in the type wanted; lists and structs stay what they are."""
    name = f'"{wanted.name}"'
    if pa.types.is_nested(wanted.type) or found.type.equals(wanted.type):
        return name
    kind = "timestamptz" if pa.types.is_timestamp(wanted.type) else _DUCKDB_TYPES.get(
        str(wanted.type), str(wanted.type)
    )  # fmt: skip
    return f"cast({name} as {kind}) as {name}"
