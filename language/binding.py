"""Text, names and the two markers of rendered Spark SQL: the business date and the time zone."""

from __future__ import annotations

import re
from datetime import date

BUSINESS_DATE = ":business_date"
TIME_ZONE = ":time_zone"

# Literals and quoted names come first, so that a marker's text inside them is stepped over.
_PIECES = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`]|``)*`|:business_date\b|:time_zone\b", re.DOTALL)


def text_literal(text: str) -> str:
    """A text as a Spark SQL literal that means exactly this text and cannot be broken out of."""
    # Spark substitutes ${…} (settings, environment) even inside literals; \u0024 is a plain $.
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\u0024{")
    return f"'{escaped}'"


def quoted(name: str) -> str:
    """A column name in back quotes."""
    return "`" + name.replace("`", "``") + "`"


def bind(sql: str, business_date: date, time_zone: str) -> str:
    """Rendered SQL with its markers made literals; what looks like one inside a text stays."""
    values = {
        BUSINESS_DATE: f"DATE '{business_date.isoformat()}'",
        TIME_ZONE: text_literal(time_zone),
    }
    return _PIECES.sub(lambda piece: values.get(piece[0], piece[0]), sql)
