"""Checks the bodies made of branches: cases, and stages that keep a history of them."""

from __future__ import annotations

from typing import Any

from language.conditions import read_condition
from model.dates import Duration
from model.errors import Location, did_you_mean
from model.strict_yaml import YamlMap
from tags.definitions import Body, Case, Cases
from tags.drafts import Draft
from tags.keys import CasesKeys, StagesKeys
from tags.rule_bodies import check_give
from tags.rule_shapes import STAGE_TYPES, Stages
from tags.scope import Scope


def read_cases(draft: Draft, keys: CasesKeys, scope: Scope) -> Body | None:
    """Branches; their problems are noted in the draft."""
    return _branches(draft, keys, scope)


def read_stages(draft: Draft, keys: StagesKeys, scope: Scope) -> Body | None:
    """Stages with history; their problems are noted in the draft."""
    branches = _branches(draft, keys, scope)
    for code in (*(case.value for case in branches.cases), keys.else_):
        if not isinstance(code, str):
            message = f"stages: {code!r} is no stage; expected a code such as new"
            draft.problems.add(draft.at("stages"), message)
    check_give(draft, keys.give, STAGE_TYPES)
    return Stages(branches, _stay(draft, keys.stay), keys.give)


def _stay(draft: Draft, text: str) -> int:
    try:
        return Duration.parse(text).days
    except ValueError as error:
        draft.problems.add(draft.at("stay"), f"stay: {error}")
        return 1


def _branches(draft: Draft, keys: CasesKeys | StagesKeys, scope: Scope) -> Cases:
    nodes = draft.node[draft.shape]
    cases = [_case(draft, node, nodes.at(i), scope) for i, node in enumerate(nodes)]
    given = [str(case.value) for case in cases if case]
    given += [] if keys.else_ is None else [str(keys.else_)]
    if keys.values:
        for code in dict.fromkeys(given):
            if code not in keys.values:
                hint = did_you_mean(code, list(keys.values))
                draft.problems.add(draft.at(draft.shape), f"{code!r} is not in values{hint}")
        for code in keys.values:
            if code not in given:
                draft.problems.add(draft.at("values"), f"values: no case gives {code!r}")
    return Cases(tuple(case for case in cases if case), keys.else_)


def _case(draft: Draft, node: Any, where: Location, scope: Scope) -> Case | None:
    if not isinstance(node, YamlMap) or set(node) != {"value", "when"}:
        draft.problems.add(where, f"{draft.shape}: expected {{value: …, when: …}}")
        return None
    when = read_condition(
        node["when"], node.at("when"), scope.columns, scope.source_columns(), draft.problems,
        allow_behaviours=True,
    )
    if not isinstance(node["value"], str | int | float | bool):
        draft.problems.add(node.at("value"), "value: expected one code")
        return None
    return Case(node["value"], when) if when is not None else None
