"""Stages with history as columns derived from what the night before knew of every person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from language.binding import BUSINESS_DATE, quoted
from tags.definitions import Tag, TagColumn
from tags.derived_sql import literal
from tags.plans import DerivedColumn
from tags.rule_plans import STAGE_STATE, StageHistory
from tags.rule_shapes import Stages

_NO_COUNTS = "CAST(map() AS map<string,bigint>)"


def stage_history(tag: Tag, body: Stages, number: int) -> StageHistory:
    """Where the state of a tag stands among the columns; hidden names begin with _."""
    own = {part: f"_stages{number}_{part}" for part in STAGE_STATE}
    was = {part: f"_stages{number}_was_{part}" for part in STAGE_STATE}
    return StageHistory(tag.name, body.codes, own, was)


def stage_columns(
    tag: Tag, body: Stages, history: StageHistory, candidate_sql: str
) -> Iterator[DerivedColumn]:
    """The stage that would hold tonight, since when it has, whether it is taken; then the state
    tonight leaves behind; then the columns the tag gives.

    A person the night before did not know takes a stage at once. Another stage is taken on the
    first night on which it has held for `stay_days` business days in a row, that night included.
    """
    prefix = history.own["stage"].removesuffix("stage")
    now, start, moves = (f"{prefix}{word}" for word in ("now", "start", "moves"))
    yield DerivedColumn(TagColumn(now), candidate_sql, tag.reads)
    known, own = {part: quoted(name) for part, name in history.was.items()}, history.own
    yield DerivedColumn(
        TagColumn(start, type="date"),
        f"CASE WHEN {known['stage']} IS NULL OR {known['stage']} = {quoted(now)} THEN NULL "
        f"WHEN {known['pending']} = {quoted(now)} THEN {known['pending_since']} "
        f"ELSE {BUSINESS_DATE} END",
        frozenset({now}),
    )
    held = f"datediff({BUSINESS_DATE}, {quoted(start)}) + 1 >= {body.stay_days}"
    yield DerivedColumn(
        TagColumn(moves, type="bool"),
        f"{known['stage']} IS NULL OR coalesce({held}, false)",
        frozenset({start}),
    )
    waits = f"{quoted(start)} IS NOT NULL AND NOT {quoted(moves)}"
    taken = {"stage": quoted(now), "since": BUSINESS_DATE, "previous": known["stage"]}
    taken["entered"] = _counted(known["entered"], quoted(now))
    sql = {part: f"if({quoted(moves)}, {taken[part]}, {known[part]})" for part in taken}
    sql["pending"] = f"CASE WHEN {waits} THEN {quoted(now)} END"
    sql["pending_since"] = f"CASE WHEN {waits} THEN {quoted(start)} END"
    local = {"entered": _counted_locally(moves, history.was["entered"], now)}
    for part in STAGE_STATE:
        column = _state_column(own[part], part)
        yield DerivedColumn(column, sql[part], frozenset({moves}), local=local.get(part, ""))
    yield from _given_columns(tag, body, own["stage"], own["entered"], own)


def _given_columns(
    tag: Tag, body: Stages, stage: str, entered: str, own: Mapping[str, str]
) -> Iterator[DerivedColumn]:
    """The columns the tag gives, out of the state."""
    times = f"try_element_at({quoted(entered)}, {quoted(stage)})"
    for give, column in zip(body.give, tag.columns, strict=True):
        is_count = give == "times_entered"
        yield DerivedColumn(
            column, times if is_count else quoted(own[give]), frozenset({stage, entered}),
            local=f'"{entered}"["{stage}"]' if is_count else "",
        )  # fmt: skip


def known_stage_sql(body_codes: tuple[str, ...], column: str) -> str:
    """SQL that holds for a stage that the definition still knows."""
    return f"{quoted(column)} IN ({', '.join(map(literal, body_codes))})"


def _counted(entered: str, stage: str) -> str:
    """How often every stage was entered, with this one once more; in the order of the codes."""
    counts = f"coalesce({entered}, {_NO_COUNTS})"
    others = f"map_filter({counts}, (k, v) -> k <> {stage})"
    again = f"map({stage}, coalesce(try_element_at({counts}, {stage}), 0L) + 1L)"
    return f"map_from_entries(array_sort(map_entries(map_concat({others}, {again}))))"


def _counted_locally(moves: str, entered: str, stage: str) -> str:
    """The same for DuckDB, which has no lambdas over maps; hidden names need no escape."""
    others = f"list_filter(map_entries(\"{entered}\"), lambda e: e.key <> \"{stage}\")"
    none = "cast([] as struct(key varchar, value bigint)[])"
    again = (
        f"struct_pack(key := \"{stage}\", "
        f"value := coalesce(\"{entered}\"[\"{stage}\"], 0) + 1)"
    )
    counted = f"map_from_entries(list_sort(list_append(coalesce({others}, {none}), {again})))"
    return f"case when \"{moves}\" then {counted} else \"{entered}\" end"


def _state_column(name: str, part: str) -> TagColumn:
    if part == "entered":
        return TagColumn(name, type="integer", container="map")
    return TagColumn(name, type="date" if part.endswith("since") else "text")
