"""Shapes of rules beyond one expression: funnels of steps, stages with history, queries,
values that people set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from language.queries import Query
from language.types import ValueType

if TYPE_CHECKING:
    from tags.definitions import Cases, Source

StepPart = Literal["furthest", "lost_after", "hours_to_finish"]
STEP_TYPES: Mapping[str, ValueType] = {
    "furthest": "enum", "lost_after": "enum", "hours_to_finish": "number",
}

StagePart = Literal["stage", "since", "previous", "times_entered"]
STAGE_TYPES: Mapping[str, ValueType] = {
    "stage": "enum", "since": "date", "previous": "enum", "times_entered": "integer",
}


@dataclass(frozen=True)
class Steps:
    """A funnel: how far a person came through `sources` in their order, all within `seconds` of the
    row that began it. The codes are the sources' names."""

    sources: tuple[Source, ...]
    seconds: int
    give: tuple[StepPart, ...] = ("furthest",)

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of every step."""
        return tuple(source.name for source in self.sources)


@dataclass(frozen=True)
class Sql:
    """One query over rows by person."""

    query: Query


@dataclass(frozen=True)
class Stages:
    """Branches with a history: another stage is taken when it has held for `stay_days` in a row."""

    branches: Cases
    stay_days: int = 1
    give: tuple[StagePart, ...] = ("stage",)

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of every stage."""
        codes = (*(case.value for case in self.branches.cases), self.branches.otherwise)
        return tuple(dict.fromkeys(str(code) for code in codes))


@dataclass(frozen=True)
class Given:
    """A value that people set: missing for everybody else."""

    type: ValueType
