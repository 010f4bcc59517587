"""Conditions in words: as people wrote them, on one line."""

from __future__ import annotations

from collections.abc import Mapping

from language.conditions import AllOf, AnyOf, Behaviour, Comparison, Condition, NoneOf

_WORDS: Mapping[type, str] = {AllOf: "all", AnyOf: "any", NoneOf: "none"}


def told(condition: Condition) -> str:
    """A condition on one line: comparisons as written, lists as all(…), any(…), none(…)."""
    if isinstance(condition, Comparison):
        return " ".join(condition.expression.text.split())
    if isinstance(condition, Behaviour):
        where = f" where {told(condition.where)}" if condition.where else ""
        return f"did {condition.did}{where} over {condition.over}, times {condition.times.text}"
    return f"{_WORDS[type(condition)]}({'; '.join(map(told, condition.parts))})"
