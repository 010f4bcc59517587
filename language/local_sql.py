"""Rendered SQL of the language as the engine in this process reads it: DuckDB instead of Spark.

There is one rendering, Spark's. DuckDB reads most of it; of what it reads otherwise the words are
exchanged for macros (model/duckdb_words.py) that do as Spark does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from language.binding import quoted
from language.types import Columns
from model.duckdb_words import MACRO_PREFIX, MACROS

_TOKEN = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|(?P<name>`(?:[^`]|``)*`)"
    r"|(?P<type>decimal\(\d+,\s*\d+\))|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?[DL]?)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CASTS = ("cast", "try_cast")
_SMALLEST = "9223372036854775808L"


@dataclass
class _Call:
    """An open parenthesis: where its word stands in what is spelt so far, and the word; of a cast,
    the type that follows AS, once that has come."""

    start: int
    word: str = ""
    kind: str | None = None


def local_sql(sql: str) -> str:
    """Bound SQL of the language as DuckDB's, for an engine whose database knows the macros."""
    out: list[str] = []
    calls = [_Call(0)]
    before = ""  # the kind of the token before, spaces apart
    for token in _TOKEN.finditer(sql):
        kind, text = str(token.lastgroup), token[0]
        if text == "(":
            calls.append(_opened(out) if before == "word" else _Call(len(out)))
            out.append(text)
        elif text == ")":
            _close(out, calls.pop())
        else:
            out.append(_spelt(calls[-1], out, kind, text))
        before = before if kind == "space" else kind
    return "".join(out)


def local_source(rows: str, columns: Columns) -> str:
    """Rows of these columns as `local_sql` needs them: amounts with room for what is made of them,
    since DuckDB's decimals overflow where Spark's grow."""
    amounts = [_name(quoted(name)) for name, kind in columns.items() if kind == "money"]
    wide = ", ".join(f"cast({name} as decimal(28, 2)) as {name}" for name in amounts)
    return f"(select * replace ({wide}) from {rows})" if wide else rows


def _opened(out: list[str]) -> _Call:
    """The call of the word that was spelt last."""
    at = next(i for i in reversed(range(len(out))) if out[i].strip())
    word = out[at].lower()
    if word == "concat":
        out[at] = ""  # its values stand with || between them
    elif word in MACROS:
        out[at] = MACRO_PREFIX + word
    return _Call(at, word)


def _close(out: list[str], call: _Call) -> None:
    """Ends a call; a cast becomes the call of a conversion that does as Spark's."""
    if call.kind is not None:
        name = "to_" + re.sub(r"\W+", "_", call.kind).strip("_")
        if name not in MACROS:
            raise ValueError(f"the local engine has no conversion to {call.kind!r}")
        out[call.start] = MACRO_PREFIX + name
    out.append(")")


def _spelt(call: _Call, out: list[str], kind: str, text: str) -> str:
    if call.word in _CASTS and (call.kind is not None or text.upper() == "AS"):
        # Within a cast's own parentheses only the type follows AS.
        call.kind = "" if call.kind is None else call.kind + text.strip().lower()
        return ""
    if call.word == "concat" and text == ",":
        return " || "
    if kind == "number" and text == _SMALLEST and out[-1:] == ["-"]:
        return f"{int(text[:-1]) - 1} - 1"  # the sum is an integer of 64 bits, the number not
    spelt = _SPELLINGS[kind](text) if kind in _SPELLINGS else text
    is_pattern = kind == "text" and "".join(out[-2:]).strip().upper() == "LIKE"
    return f"{spelt} ESCAPE '\\'" if is_pattern else spelt


def _text(literal: str) -> str:
    plain = _ESCAPE.sub(
        lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else m[1], literal[1:-1]
    )
    return "'" + plain.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name[1:-1].replace("``", "`").replace('"', '""') + '"'


def _number(text: str) -> str:
    if text.endswith("D"):
        return f"CAST({text[:-1]} AS DOUBLE)"
    return text.removesuffix("L")


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "text": _text, "name": _name, "number": _number,
    "word": lambda word: "//" if word.upper() == "DIV" else word,
}
