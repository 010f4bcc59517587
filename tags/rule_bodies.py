"""Checks the bodies of rules beyond one expression and turns them into their shapes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from language.queries import read_query
from language.types import ValueType
from model.errors import did_you_mean
from tags.definitions import Body
from tags.drafts import Draft
from tags.keys import GivenKeys, SqlKeys, StepsKeys
from tags.rule_shapes import STEP_TYPES, Given, Sql, Steps
from tags.scope import Scope

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_SECONDS = {"h": 3_600, "d": 86_400, "w": 604_800}
_FEWEST_STEPS, _MOST_STEPS = 2, 10


def read_steps(draft: Draft, keys: StepsKeys, scope: Scope) -> Body | None:
    """A funnel; its problems are noted in the draft."""
    where, problems = draft.at("steps"), draft.problems
    if not _FEWEST_STEPS <= len(keys.steps) <= _MOST_STEPS:
        problems.add(where, f"steps: expected {_FEWEST_STEPS} to {_MOST_STEPS} sources")
    if len(set(keys.steps)) < len(keys.steps):
        problems.add(where, "steps: expected every source once")
    sources = [scope.find_source(name, where, problems) for name in keys.steps]
    span = _SPAN.fullmatch(keys.within)
    if span is None:
        message = f"within: {keys.within!r} is no span; expected hours, days or weeks such as 7d"
        problems.add(draft.at("within"), message)
    check_give(draft, keys.give, STEP_TYPES)
    check_codes(draft, keys.steps)
    seconds = int(span[1]) * _SECONDS[span[2]] if span else 0
    return Steps(tuple(source for source in sources if source), seconds, keys.give)


def read_sql(draft: Draft, keys: SqlKeys, scope: Scope) -> Body | None:
    """A query over the model's tables about persons; its problems are noted in the draft."""
    tables = {name: table.columns for name, table in scope.tables.items()}
    query = read_query(keys.sql, tables, draft.at("sql"), draft.problems)
    if query is None:
        return None
    if "over" in draft.node and not query.looks_back:
        message = "over: the query has neither :from nor :to; write day >= :from and day <= :to"
        draft.problems.add(draft.at("over"), message)
    return Sql(query)


def read_given(draft: Draft, keys: GivenKeys, scope: Scope) -> Body | None:
    """Values that people set; the type is enum where there are `values`, else as declared."""
    declared = keys.type or ("enum" if keys.values else None)
    if declared is None or declared == "list" or declared == "map" or declared == "time":  # noqa: PLR1714  mypy narrows by ==
        message = "given: expected values:, or type: number, integer, money, percent, text, bool "
        draft.problems.add(draft.at("given"), f"{message}or date")
        return None
    if (declared == "enum") != bool(keys.values):
        message = "given: values: go with type enum, and enum with values:"
        draft.problems.add(draft.at("given"), message)
        return None
    return Given(declared)


def check_give(draft: Draft, give: Sequence[str], types: Mapping[str, ValueType]) -> None:
    """Notes a `give` that is empty or names a part twice, and titles for a part without codes."""
    if not give or len(set(give)) < len(give):
        draft.problems.add(draft.at("give"), "give: expected its parts, each once")
    elif draft.keys.values and types[give[0]] != "enum":
        message = f"values: {give[0]} has no codes; give another part first"
        draft.problems.add(draft.at("values"), message)


def check_codes(draft: Draft, codes: Collection[str]) -> None:
    """Notes `values`, where given, that are not the codes the tag gives, `absent` among them."""
    values = draft.keys.values
    if not values:
        return
    for code in codes:
        if code not in values:
            message = f"{code!r} is not in values{did_you_mean(code, list(values))}"
            draft.problems.add(draft.at("values"), message)
    for code in values:
        if code not in codes and code != draft.keys.absent:
            draft.problems.add(draft.at("values"), f"values: nothing gives {code!r}")
