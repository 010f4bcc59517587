"""What is planned of rules over time, as plain frozen values like the rest of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model.dates import Window
from tags.definitions import SourceTable, TagColumn

# What a night leaves to the next of a stage with history; columns of tags.stage_states.
STAGE_STATE = ("stage", "since", "previous", "entered", "pending", "pending_since")


@dataclass(frozen=True)
class Step:
    """Rows of one table that a filter keeps (empty: all)."""

    table: SourceTable
    where: str


@dataclass(frozen=True)
class Funnel:
    """How far persons came through `steps` in one window, all within `seconds` of the first row.

    `columns` are one per entry of `give` (furthest, lost_after, hours_to_finish); `codes` name the
    steps. A start is a row of the first step; each further step is the earliest row after the one
    before, and one row stands for one step. Rows stand in the order of their moments: their time,
    or the beginning of their day where they have none; at one moment, rows of an earlier step come
    first. The start that comes furthest counts, the earliest of several.
    """

    columns: tuple[TagColumn, ...]
    give: tuple[str, ...]
    codes: tuple[str, ...]
    steps: tuple[Step, ...]
    seconds: int
    window: Window


@dataclass(frozen=True)
class PlannedQuery:
    """The SQL of one query in one window, as `language.queries` renders it, with its markers; it
    gives one_id and value, and must give a person one row at most."""

    column: TagColumn
    sql: str
    tables: tuple[str, ...]
    window: Window


@dataclass(frozen=True)
class StageHistory:
    """The state of a tag of stages: its parts' columns tonight (`own`, made by the levels) and as
    the night before left them (`was`, null where it knew nothing of the person)."""

    tag: str
    codes: tuple[str, ...]
    own: Mapping[str, str]
    was: Mapping[str, str]


@dataclass(frozen=True)
class Override:
    """A column that people may set, and whether a value set holds only while the computed one is
    what it stood in for. `codes`: the only values there are; empty: any."""

    column: str
    while_source: bool
    codes: tuple[str, ...]
