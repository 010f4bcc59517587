"""Text to syntax tree by sqlglot's Spark dialect: bounded in size, functions left by name.

Everything that would let a text say more than one plain expression is refused here, on tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokenizer_core import Token, TokenType

LONGEST_TEXT = 4_000
MOST_TOKENS = 800
DEEPEST_NESTING = 20
DEEPEST_TREE = 100
IS_RANGE = "is_range"  # marks the not of `not in`, `not like`, `not between`

_FORBIDDEN: Mapping[Any, str] = {
    TokenType.SEMICOLON: "one expression only; ';' is not allowed",
    TokenType.DOT: "dotted names are not allowed; write the column's name alone",
    TokenType.COLON: "':' is not allowed",
    TokenType.DCOLON: "'::' is not allowed; write cast(x as integer)",
    TokenType.PLACEHOLDER: "placeholders are not allowed",
    TokenType.PARAMETER: "parameters (@, $) are not allowed",
    TokenType.HINT: "hints are not allowed",
    TokenType.ARROW: "'->' is not allowed",
    TokenType.DARROW: "'->>' is not allowed",
    TokenType.FARROW: "'=>' is not allowed",
    TokenType.SELECT: "subqueries are not allowed",
    TokenType.ALL: "'all' is not allowed inside an expression",
    TokenType.OVER: "window functions (over) are not allowed",
    TokenType.FILTER: "'filter' is not allowed; use where:",
}
# What stands between the expressions of a query; its tree decides where.
_FORBIDDEN_IN_QUERIES: Mapping[Any, str] = {
    kind: message
    for kind, message in _FORBIDDEN.items()
    if kind not in (TokenType.DOT, TokenType.SELECT)
} | {TokenType.FILTER: "'filter' is not allowed; use count_if(x) or sum(if(x, y, 0))"}
# Markers of a query; sqlglot would read `from` as the word.
MARKERS = (":from", ":to")
_BRACKETS = {
    TokenType.L_BRACE, TokenType.R_BRACE, TokenType.L_BRACKET, TokenType.R_BRACKET,
}
_OPENING = {TokenType.L_PAREN: 1, TokenType.CASE: 1, TokenType.R_PAREN: -1, TokenType.END: -1}


class Refused(Exception):  # noqa: N818  not an error of the program: a sentence about a text
    """What is wrong with a text; an empty message where it was said already."""


class _Tokenizer(Spark.Tokenizer):
    # Spark 4 reads '' inside a literal as one quote; suffixed numbers, raw strings are left out.
    STRING_ESCAPES: ClassVar[list[str]] = ["\\", "'", '"']
    NUMERIC_LITERALS: ClassVar[dict[str, str]] = {}
    RAW_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
    HEX_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
    BIT_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
    BYTE_STRINGS: ClassVar[list[str | tuple[str, str]]] = []


class _Parser(SparkParser):
    # No function is known to the parser, so each keeps the name it was written with.
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        "CASE": SparkParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
    }
    FUNC_TOKENS: ClassVar[set[TokenType]] = {*SparkParser.FUNC_TOKENS, TokenType.DISTINCT}

    def _negate_range(self, this: exp.Expr | None = None) -> exp.Expr | None:
        # `x not in (…)` is one comparison, `not x in (…)` the complement of one: keep them apart.
        if this is None:
            return None
        negated = exp.Not(this=this)
        negated.meta[IS_RANGE] = True
        return negated


class _Dialect(Spark):
    Tokenizer = _Tokenizer
    Parser = _Parser


_DIALECT = _Dialect()


@lru_cache(maxsize=4_096)
def parse_tree(text: str) -> exp.Expr:
    """The tree of one expression; it is shared, so nobody changes it. Raises Refused."""
    # As a condition: neither statements nor aliases exist, so `comment` and `set` are names.
    return _parsed(text, exp.Condition, _FORBIDDEN)


def parse_query(text: str) -> exp.Expr:
    """The tree of one statement, its markers being columns in quotes. Raises Refused."""
    return _parsed(text, None, _FORBIDDEN_IN_QUERIES)


def _parsed(
    text: str, kind: type[exp.Condition] | None, forbidden: Mapping[Any, str]
) -> exp.Expr:
    if len(text) > LONGEST_TEXT:
        raise Refused(f"too long: {len(text)} characters; at most {LONGEST_TEXT}")
    if any(_is_control(character) for character in text):
        raise Refused("control characters are not allowed")
    try:
        tokens = _DIALECT.tokenize(text)
        if kind is None:
            tokens = _with_markers(tokens)
        _check_tokens(tokens, forbidden)
        parser = _Parser(dialect=_DIALECT)
        trees = parser.parse_into(kind, tokens, text) if kind else parser.parse(tokens, text)
    except RecursionError:
        raise Refused("nested too deeply") from None
    except SqlglotError as error:
        raise Refused(_explained(error)) from None
    if len(trees) != 1 or trees[0] is None:
        raise Refused("empty; expected an expression")
    _check_depth(trees[0])
    return trees[0]


def _is_control(character: str) -> bool:
    code = ord(character)
    is_plain = code >= ord(" ") or character in "\t\n\r"
    # Half of a surrogate pair has no UTF-8 bytes, so it could never reach Spark.
    return not is_plain or code == 0x7F or 0xD800 <= code <= 0xDFFF  # noqa: PLR2004


def _with_markers(tokens: list[Token]) -> list[Token]:
    """The tokens with `:` and the word of a marker as one quoted name."""
    found: list[Token] = []
    for token in tokens:
        marker = f":{token.text.lower()}"
        is_marker = bool(found) and found[-1].token_type == TokenType.COLON and marker in MARKERS
        if is_marker and found[-1].end + 1 == token.start:
            colon = found.pop()
            place = (colon.line, colon.col, colon.start, token.end)
            found.append(Token(TokenType.IDENTIFIER, marker, *place, token.comments))
        else:
            found.append(token)
    return found


def _check_tokens(tokens: list[Token], forbidden: Mapping[Any, str]) -> None:
    if len(tokens) > MOST_TOKENS:
        raise Refused(f"too large: {len(tokens)} words; at most {MOST_TOKENS}")
    depth = 0
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.comments:
            raise Refused("comments are not allowed inside an expression; use # in the YAML")
        if token.token_type in _BRACKETS:
            raise Refused(f"{token.text!r} is not allowed")
        is_fraction = token.text == "." and following and following.token_type == TokenType.NUMBER
        if (message := forbidden.get(token.token_type)) and not is_fraction:
            raise Refused(message)
        depth += _OPENING.get(token.token_type, 0)
        if depth > DEEPEST_NESTING:
            raise Refused(f"nested too deeply; at most {DEEPEST_NESTING} levels of ( or case")


def _check_depth(tree: exp.Expr) -> None:
    # A chain such as a + a + a … is a deep tree without a single parenthesis.
    level, depth = [tree], 0
    while level:
        level, depth = [child for node in level for child in node.iter_expressions()], depth + 1
        if depth > DEEPEST_TREE:
            raise Refused(f"nested too deeply; at most {DEEPEST_TREE} operators in a row")


def _explained(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return "not an expression: a quote that is never closed, or a character it does not know"
    found = details[0].get("highlight") or "the end"
    hint = "; a column of that name stands in back quotes" if found.isidentifier() else ""
    column = details[0].get("col") or 1
    return f"not an expression: unexpected {found!r} at character {column}{hint}"
