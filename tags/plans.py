"""The plan of a night's tags: what is grouped, ranked and derived, as frozen values and SQL text.

It is the seam between what tags mean and how they are computed: it knows neither Spark nor the
business date. SQL texts are Spark SQL as `language` renders it, with its markers; windows are kept
apart from them, so that an engine may share work between the windows of one filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from language.aggregates import Aggregate
from model.dates import Window
from tags.choices import Choice
from tags.definitions import SourceTable, TagColumn
from tags.rule_plans import Funnel, Override, PlannedQuery, StageHistory


@dataclass(frozen=True)
class Cell:
    """One aggregate over a person's rows: those where `where` holds (empty: all), in `window`."""

    column: TagColumn
    aggregate: Aggregate
    where: str
    window: Window


@dataclass(frozen=True)
class Grouping:
    """Cells of one table that come out of one grouping of its rows by person.

    `by`: SQL of the text that keys the cells' maps, each cell then being a map; empty: none.
    `counted`: SQL of the value whose different values the cells look at, each with the number of
    its rows; empty: none. Windows are all of days, or all of a person's newest rows.
    """

    table: SourceTable
    cells: tuple[Cell, ...]
    by: str = ""
    counted: str = ""

    @property
    def is_newest(self) -> bool:
        """Whether the cells take the newest rows that pass their filters, by the table's order."""
        return any(cell.window.rows for cell in self.cells)

    @property
    def reason(self) -> str:
        """Why these cells need a grouping of their own."""
        newest = "the newest rows, in the table's order; " if self.is_newest else ""
        return newest + self._keys

    @property
    def _keys(self) -> str:
        if self.by and self.counted:
            return f"different values of {self.counted} per person and {self.by}"
        if self.by:
            return f"per person and {self.by}: the keys of the maps"
        if self.counted:
            return f"different values of {self.counted}: once per person and value"
        return "every filter and window of the table in one pass"


@dataclass(frozen=True)
class Ballot:
    """Rows of one table that vote for a value."""

    table: SourceTable
    value: str


@dataclass(frozen=True)
class TopCell:
    """The best values of one window: `votes` are the filter and the weight for each ballot.

    `columns` are one per entry of `give`; `best` None: one value instead of lists. `half_life`:
    days in which a vote's weight halves, counted back from the night; `rarity`: scores are
    multiplied by ln(persons who vote in the window / persons who vote there for the value).
    """

    columns: tuple[TagColumn, ...]
    give: tuple[str, ...]
    best: int | None
    window: Window
    votes: tuple[tuple[str, Decimal], ...]
    half_life: int | None = None
    rarity: bool = False


@dataclass(frozen=True)
class TopGrouping:
    """Top cells over the same ballots: one grouping by person and value, then one by person."""

    ballots: tuple[Ballot, ...]
    cells: tuple[TopCell, ...]

    @property
    def reason(self) -> str:
        """Why these cells need a grouping of their own."""
        values = " and ".join(sorted({ballot.value for ballot in self.ballots}))
        return f"scores of {values}: once per person and value"


@dataclass(frozen=True)
class Picked:
    """A column of the golden profile under the tag's name; a masked one is stored as its mask.

    `golden` is its name in the golden frame, `source` in the model: another one where `choice` says
    which accounts tell it. `sql` is its value in the tag's type, for tags that show it or compute
    from it.
    """

    column: TagColumn
    golden: str
    sql: str
    is_high: bool
    needs_plain: bool
    source: str
    choice: Choice | None = None


@dataclass(frozen=True)
class Rank:
    """Where a person stands among those with `value`: highest first, equal values share the place.

    `<name>_above` counts the persons with a higher value, `<name>_count` all with one.
    """

    name: str
    value: str


@dataclass(frozen=True)
class DerivedColumn:
    """A column computed from columns of earlier levels (`reads`) and ranks made beforehand.

    `local`: what DuckDB computes it by, where that has no words for what Spark does.
    """

    column: TagColumn
    sql: str
    reads: frozenset[str]
    ranks: tuple[Rank, ...] = ()
    local: str = ""


@dataclass(frozen=True)
class TagPlan:
    """Everything needed to compute the wide table's columns.

    `columns` in the table's order; `absents` are SQL literals by column; every column of a level
    reads only columns of the levels before it. `hashes` are the definitions' by tag. `carried` are
    the columns that show what an earlier night's wide table has, missing for those it has not;
    `handed_on` those of their tags whose stages stay as that night left them.
    """

    columns: tuple[TagColumn, ...]
    picks: tuple[Picked, ...]
    groupings: tuple[Grouping, ...]
    tops: tuple[TopGrouping, ...]
    levels: tuple[tuple[DerivedColumn, ...], ...]
    absents: Mapping[str, str]
    hashes: Mapping[str, str]
    definition_hash: str
    carried: tuple[TagColumn, ...] = ()
    handed_on: tuple[str, ...] = ()
    funnels: tuple[Funnel, ...] = ()
    queries: tuple[PlannedQuery, ...] = ()
    histories: tuple[StageHistory, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def plain_sources(self) -> Mapping[str, str]:
        """Masked columns of the golden frame whose plain values the plan needs as well, each with
        its name in the model."""
        return {pick.golden: pick.source for pick in self.picks if pick.needs_plain}

    @property
    def plain_columns(self) -> tuple[str, ...]:
        """Masked columns of the golden frame whose plain values the plan needs as well."""
        return tuple(sorted(self.plain_sources))

    @property
    def golden_columns(self) -> tuple[str, ...]:
        """Columns the golden frame must have, as they are named there."""
        stored = {f"{p.golden}_mask" if p.is_high else p.golden for p in self.picks}
        return tuple(sorted(stored | set(self.plain_columns)))

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables the plan reads, sorted."""
        asked = {table for query in self.queries for table in query.tables}
        return tuple(sorted(asked.union(self.measured_tables)))

    @property
    def measured_tables(self) -> tuple[str, ...]:
        """The tables whose rows are measured, sorted: all but those that only queries read."""
        read = {grouping.table.name for grouping in self.groupings}
        read |= {ballot.table.name for top in self.tops for ballot in top.ballots}
        read |= {step.table.name for funnel in self.funnels for step in funnel.steps}
        return tuple(sorted(read))

    def described(self) -> tuple[str, ...]:
        """The groupings in words, with their number of columns and the reason for each."""
        lines = [f"{g.table.name}: {len(g.cells)} columns, {g.reason}" for g in self.groupings]
        for top in self.tops:
            names = " and ".join(sorted({ballot.table.name for ballot in top.ballots}))
            count = sum(len(cell.columns) for cell in top.cells)
            lines.append(f"{names}: {count} columns, {top.reason}")
        for funnel in self.funnels:
            path = " → ".join(funnel.codes)
            lines.append(f"funnel: {len(funnel.columns)} columns, {path} over {funnel.window}")
        for query in self.queries:
            lines.append(f"{' and '.join(query.tables)}: 1 column, a query of its own")
        lines += [f"level {n}: {len(level)} columns" for n, level in enumerate(self.levels, 1)]
        if self.carried:
            lines.append(f"{len(self.carried)} columns carried over from an earlier night")
        return tuple(lines)
