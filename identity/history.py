"""Tables with valid_from and valid_to: the one way a night's state becomes rows of a history.

valid_from is inclusive, valid_to exclusive and null while a row is open. A claim is a row that a
re-run took back and did not open again: valid_to = valid_from, so it holds on no day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from model.engines import Engine, Part, Rows
from model.sql_text import date_literal

VALIDITY = ("valid_from", "valid_to")


def holding_before(engine: Engine, history: Rows, business_date: date) -> Rows:
    """Rows that held on the day before `business_date`, whatever later nights made of them."""
    held = f"select * from history where {_held_before(date_literal(business_date))}"
    return engine.rows("holding_before", held, history=history)


def opened_since(engine: Engine, history: Rows, business_date: date) -> Rows:
    """Rows that `business_date` or a later night opened, what was taken back of them as well."""
    opened = f"select * from history where valid_from >= {date_literal(business_date)}"
    return engine.rows("opened_since", opened, history=history)


def has_rows(engine: Engine, *all_rows: Rows) -> bool:
    """Whether any of the rows given has one."""
    frames = {f"rows_{n}": rows for n, rows in enumerate(all_rows)}
    few = " union all ".join(f"select 1 from (select 1 from {name} limit 1) few" for name in frames)
    return bool(engine.one_row("some", f"select count(*) as n from ({few}) found", **frames)["n"])


def next_history(
    engine: Engine, history: Rows, current: Rows, business_date: date, keep_claims: bool = False,
    traces: Sequence[str] = (),
) -> Rows:  # fmt: skip
    """The whole history with the night's state in it; `current` has its columns but the validity.

    Rows opened on the night or later are taken back and rows closed since are open again; then rows
    that `current` lacks are closed, and its new ones opened, with the night's date. So a night run
    again gives the same rows. `keep_claims`: rows taken back for good stay as claims. `traces` are
    columns of the history that are no state (Engine.traced).
    """
    night = date_literal(business_date)
    state = ", ".join(name for name in history.columns if name not in (*VALIDITY, *traces))
    moved = _moved(engine, history, current, state, night, traces)
    if keep_claims:
        moved = _with_claims(engine, moved, history, state, night, traces)
    columns = ", ".join(history.columns)
    return engine.rows(
        "next_history",
        f"""
        select {columns} from moved
        union all
        select {columns} from history where valid_from < {night} and {_ended_before(night)}
        """,
        moved=moved, history=history,
    )  # fmt: skip


def _moved(
    engine: Engine, history: Rows, current: Rows, state: str, night: str, traces: Sequence[str]
) -> Rows:
    """The rows that held before the night, closed where `current` lacks them, and its new ones."""
    traced, untraced = _each("{}", traces), _each("null", traces)
    most = _each("max({0}) as {0}", traces)
    return engine.rows(
        "moved",
        # Grouping takes nulls as equal, which a join on every column would not.
        f"""
        with versions as (
            select {state}, valid_from as opened, false as is_now{traced}
            from history where {_held_before(night)}
            union all
            select {state}, cast(null as date), true{untraced} from present
        )
        select {state}, coalesce(max(opened), {night}) as valid_from,
            case when not bool_or(is_now) then {night} end as valid_to{most}
        from versions group by {state}
        """,
        history=history, present=current,
    )  # fmt: skip


def first_history(engine: Engine, history: Rows, current: Rows, business_date: date) -> Rows:
    """As next_history, where the history has no rows: it tells the columns' types alone."""
    night = date_literal(business_date)
    validity = {"valid_from": night, "valid_to": "cast(null as date)"}
    opened = ", ".join(validity.get(name, name) for name in history.columns)
    columns = ", ".join(history.columns)
    return engine.rows(
        "first_history",
        f"select {columns} from history union all select {opened} from present",
        history=history, present=current,
    )


@dataclass(frozen=True)
class PartOfHistory:
    """A part of a history, all that a night may close or open, and its `rows`, kept."""

    history: Rows
    part: Part
    rows: Rows

    @classmethod
    def read(cls, engine: Engine, history: Rows, part: Part) -> PartOfHistory:
        """The part as it is found."""
        return cls(history, part, engine.kept(engine.part_of(history, part)))


def next_history_of_part(
    engine: Engine, found: PartOfHistory, current: Rows, business_date: date,
    keep_claims: bool = False,
) -> Rows:  # fmt: skip
    """As next_history, where `current` is the state of a part: all other rows stay as they are. No
    row of the history but a claim may be of the night or later, so that none is taken back: rows
    are closed or opened, a claim is opened again."""
    history, part = found.history, found.part
    traced, traces = engine.traced(found.rows, "valid_to")
    now = engine.kept(next_history(engine, traced, current, business_date, keep_claims, traces))
    if not traces:
        return engine.with_part(history, part, now)
    new, whole = _untraced(engine, history, part, now, current, traces), now
    if part.fixed:
        was = engine.part_of(history, replace(part, fixed=()))
        whole = next_history(engine, was, current, business_date, keep_claims)
    with_it = engine.with_part(history, part, whole)
    return engine.revised(with_it, found.rows, now, new, changing="valid_to")


def _untraced(
    engine: Engine, history: Rows, part: Part, now: Rows, current: Rows, traces: Sequence[str]
) -> Rows:
    """The rows that are made of none that was there, in all columns of the history."""
    columns = ", ".join(
        f"{'c' if name in part.fixed else 'n'}.{name}" for name in history.columns
    )
    fixed = ", ".join((part.column, *part.fixed))
    present = f"""
        join (select distinct {fixed} from present) c on c.{part.column} = n.{part.column}
    """
    return engine.rows(
        "untraced",
        f"select {columns} from now_rows n {present if part.fixed else ''} "
        f"where n.{traces[0]} is null",
        now_rows=now, **({"present": current} if part.fixed else {}),
    )  # fmt: skip


def _with_claims(
    engine: Engine, moved: Rows, history: Rows, state: str, night: str, traces: Sequence[str]
) -> Rows:
    """`moved`, and what was taken back as claims, but for what it opened again identically."""
    traced, most = _each("{}", traces), _each("max({0}) as {0}", traces)
    return engine.rows(
        "claims",
        f"""
        with versions as (
            select {state}, valid_from, valid_to as closed, false as is_claim{traced} from moved
            union all
            select {state}, valid_from, cast(null as date), true{traced}
            from history where valid_from >= {night}
        )
        select {state}, valid_from,
            case when bool_and(is_claim) then valid_from else max(closed) end as valid_to{most}
        from versions group by {state}, valid_from
        """,
        moved=moved, history=history,
    )  # fmt: skip


def _each(column: str, names: Sequence[str]) -> str:
    """SQL of columns behind others."""
    return "".join(f", {column.format(name)}" for name in names)


def _held_before(day: str) -> str:
    return f"(valid_from < {day} and not {_ended_before(day)})"


def _ended_before(day: str) -> str:
    return f"coalesce(valid_to < {day}, false)"
