"""Whether a statement of a person's hand only asks."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType

_ASKING = ("select", "with", "from", "values", "table", "(", "show", "describe", "desc", "explain")


def is_question(statement: str) -> bool:
    """Whether a statement of Spark's SQL asks and changes nothing, as its words tell.

    An empty one, or one whose quotes do not end, passes: Spark says what is wrong with it.
    """
    try:
        tokens = sqlglot.tokenize(statement, dialect="spark")
    except TokenError:
        return True
    if any(token.token_type is TokenType.INSERT for token in tokens):
        return False  # with … insert, from … insert
    return not tokens or tokens[0].text.lower() in _ASKING
