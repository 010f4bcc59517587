"""Spark's DDL types, which contracts are written in, as Arrow types."""

from __future__ import annotations

import re
from functools import cache

import pyarrow as pa

_SCALARS = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}


@cache  # functions of groups ask for theirs once a group
def arrow_schema(ddl: str) -> pa.Schema:
    """Columns written as `name type, …` as an Arrow schema; everything may be null."""
    fields = (part.strip().split(None, 1) for part in parts(ddl))
    return pa.schema([pa.field(name.strip("`"), arrow_type(kind)) for name, kind in fields])


def arrow_type(ddl: str) -> pa.DataType:
    """One type, however deeply nested."""
    ddl = ddl.strip()
    decimal = re.fullmatch(r"decimal\((\d+), *(\d+)\)", ddl)
    if decimal:
        return pa.decimal128(*map(int, decimal.groups()))
    nested = re.fullmatch(r"(array|map|struct)<(.*)>", ddl)
    if not nested:
        return _SCALARS[ddl]
    inner = parts(nested[2])
    if nested[1] == "struct":
        fields = (part.split(":", 1) for part in inner)
        return pa.struct([pa.field(name.strip(), arrow_type(kind)) for name, kind in fields])
    types = map(arrow_type, inner)
    return pa.list_(*types) if nested[1] == "array" else pa.map_(*types)


def parts(text: str) -> list[str]:
    """What lies between the commas that no bracket encloses."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return found
