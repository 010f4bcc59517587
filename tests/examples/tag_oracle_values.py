"""The oracle's values: one DuckDB query per column, each over the sources of one night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb

from tests.examples.tag_oracle_language import (
    Tag,
    UnknownWordsError,
    condition,
    newest_rows,
    window_days,
)
from tests.examples.tag_oracle_sources import Subject, order_of

CENT = Decimal("0.01")
NamedSources = Mapping[str, tuple[str, str]]
Values = dict[Any, Any]  # by OneID, or by what else a tag is about


def tag_values(
    connection: duckdb.DuckDBPyConnection, tag: Tag, subject: Subject, sources: NamedSources,
    night: date,
) -> dict[str, Values]:  # fmt: skip
    """Every column's value by person, or other subject; one without rows is not among them."""
    found: dict[str, Values] = {}
    for column, window, part in tag.columns():
        if tag.votes:
            found[column] = top_values(connection, tag, subject, sources, window, night, part)
        else:
            found[column] = measured(connection, tag, subject, sources, window, night)
    return found


def rows_of(
    source: str, subject: Subject, sources: NamedSources, where: str, days: tuple[date, date]
) -> str:
    """The rows that name one of the tag's subjects, as the tag takes them from a source."""
    table, filtered = sources.get(source, (source, condition(None)))
    named = " and ".join(f"{name} is not null" for name in subject.ids)
    return (
        f"{table} where {named} and {filtered} and {where} "
        f"and day between date '{days[0]}' and date '{days[1]}'"
    )


def measured(
    connection: duckdb.DuckDBPyConnection, tag: Tag, subject: Subject, sources: NamedSources,
    window: str, night: date,
) -> Values:  # fmt: skip
    ids, order = ", ".join(subject.ids), order_of(sources.get(tag.source, (tag.source, ""))[0])
    aggregate = aggregate_sql(tag, order, night)
    rows = rows_of(tag.source, subject, sources, tag.where, window_days(window, night))
    newest = newest_rows(window)
    if newest is not None:
        place = f"row_number() over (partition by {ids} order by {descending(order)})"
        rows = f"(select * from {rows} qualify {place} <= {newest}) where true"
    if tag.by is None:
        query = f"select {aggregate}, {ids} from {rows} group by all"
        found = connection.execute(query).fetchall()
        return {subject.key(key): typed(value, tag) for value, *key in found}
    query = f"select {aggregate}, {tag.by}, {ids} from {rows} and {tag.by} is not null group by all"
    maps: Values = {}
    for value, part, *key in connection.execute(query).fetchall():
        if value is not None:
            maps.setdefault(subject.key(key), {})[part] = typed(value, tag)
    return maps


def descending(order: str) -> str:
    """An order from the newest row to the oldest."""
    return ", ".join(f"{column} desc nulls last" for column in order.split(", "))


def aggregate_sql(tag: Tag, order: str, night: date) -> str:
    """The measure in DuckDB's SQL; an average comes as its sum and its count."""
    x = tag.argument
    calls = {
        "count": f"count({x or '*'})",
        "sum": f"sum({x})",
        "avg": f"[sum({x}), count({x})::decimal(38, 2)]",
        "min": f"min({x})",
        "max": f"max({x})",
        "distinct": f"count(distinct {x})",
        "first": f"first({x} order by {order}) filter (where {x} is not null)",
        "last": f"last({x} order by {order}) filter (where {x} is not null)",
        "days": "count(distinct day)",
        "days_since_last": f"date_diff('day', max(day), date '{night}')",
        "stddev": f"stddev_samp({x}::double)",
        "gap_days": "date_diff('day', min(day), max(day)) / nullif(count(distinct day) - 1, 0)",
        "percentile": f"quantile_cont({x}::double, {tag.parameter})",
        "histogram": f"histogram({x}::varchar)",
        "list": f"array_agg({x} order by {descending(order)}) filter (where {x} is not null)"
        f"[1:{tag.parameter}]",
    }
    if tag.function not in calls:
        raise UnknownWordsError(f"{tag.name}: {tag.function}()")
    if not x and tag.function not in ("count", "days", "days_since_last", "gap_days"):
        raise UnknownWordsError(f"{tag.name}: {tag.function}() of nothing")
    return calls[tag.function]


def typed(value: Any, tag: Tag) -> Any:
    """The value in the type the tag declares; averages are divided here, exactly."""
    if tag.function != "avg":
        if tag.type not in (None, "money") or (tag.type == "money" and tag.function != "sum"):
            raise UnknownWordsError(f"{tag.name}: {tag.function}() as {tag.type}")
        return value
    total, count = value
    if not count:
        return None
    if tag.type == "money":
        return (total / count).quantize(CENT, ROUND_HALF_UP)
    if tag.type in (None, "number"):
        return float(total / count)
    raise UnknownWordsError(f"{tag.name}: avg() as {tag.type}")


def absent_value(tag: Tag, values: Values) -> Any:
    """What a person without rows has, in the type of those who have some."""
    if tag.absent is None:
        return None
    of_nobody = Decimal(0) if tag.function == "sum" else tag.absent
    sample = next((value for value in values.values() if value is not None), of_nobody)
    return type(sample)(tag.absent)


def top_values(
    connection: duckdb.DuckDBPyConnection, tag: Tag, subject: Subject, sources: NamedSources,
    window: str, night: date, part: str,
) -> Values:  # fmt: skip
    """The values with the highest scores, equal scores in the order of the values."""
    days = window_days(window, night)
    ago = f"date_diff('day', day, date '{night}')"
    left = f" * power(0.5::double, {ago} / {tag.half_life})" if tag.half_life else ""
    votes = " union all ".join(
        f"select one_id, {tag.value} as value, {vote.weight}::decimal(18, 6){left} as weight "
        f"from {rows_of(vote.source, subject, sources, tag.where, days)} "
        f"and {tag.value} is not null"
        for vote in tag.votes
    )
    rarity = """* ln((select count(distinct one_id) from summed)::double
        / count(*) over (partition by value))""" if tag.rarity else ""
    parts = {"value": "value", "score": "score::double", "share": "score::double / total::double"}
    query = f"""
        with summed as (
            select one_id, value, sum(weight) as score from ({votes}) group by one_id, value),
        scored as (select one_id, value, score {rarity} as score from summed),
        placed as (
            select *, sum(score) over (partition by one_id) as total, row_number() over (
                partition by one_id order by round(score, 10) desc, value) as place
            from scored)
        select one_id, list({parts[part]} order by place) from placed
        where place <= {tag.best or 1} group by one_id"""
    found = connection.execute(query).fetchall()
    return {one_id: values if tag.best else values[0] for one_id, values in found}
