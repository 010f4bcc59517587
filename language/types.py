"""The types of the language, the families within which values compare, and Spark's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ValueType = Literal[
    "text", "integer", "number", "money", "percent", "date", "timestamp", "bool", "enum",
    "list", "map",
]
# `missing` is the type of the word missing, `unknown` of what has a problem already.
TermType = ValueType | Literal["missing", "unknown"]
Columns = Mapping[str, ValueType]

FAMILIES: Mapping[str, str] = {
    "text": "text", "enum": "text",
    "integer": "number", "number": "number", "money": "number", "percent": "number",
    "date": "time", "timestamp": "time",
    "bool": "bool", "list": "list", "map": "map",
}
SPARK_TYPES: Mapping[str, str] = {
    "integer": "bigint",
    "number": "double",
    "percent": "double",
    "money": "decimal(18,2)",
    "text": "string",
    "enum": "string",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
}
# What `cast(x as …)` understands: the language's own words and the common SQL ones.
TYPE_WORDS: Mapping[str, ValueType] = {
    "text": "text", "string": "text",
    "integer": "integer", "int": "integer", "bigint": "integer",
    "number": "number", "double": "number",
    "money": "money", "date": "date", "bool": "bool", "boolean": "bool",
}
