"""Accepted records become the rows of canonical tables, and their sightings."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.mapping import IntoTable, MappedColumn
from ingestion.standard import Standards, business_day, identifiers_of
from ingestion.versions import TABLE, accepted, row_tables
from language.aggregates import Aggregate, render_aggregate
from model.canonical import SPARK_TYPES
from model.fixed_tables import IDENTIFIER_TYPE, SIGHTINGS
from model.node_ids import sighting_id

_UNITED, _UNITED_ID = "_united", "_united_id"


def united_sightings(records: DataFrame, standards: Standards) -> DataFrame | None:
    """For roll-ups whose records differ in their identifiers: the identifiers of all of them.

    One row per such roll-up key: the key's fields, `_united` (sorted identifiers) and their number.
    None where the dataset rolls nothing up. Most receipts show one set of identifiers on every line; those
    need no row here.
    """
    rollup = standards.dataset.rollup
    if rollup is None or not standards.dataset.slots:
        return None
    key = list(rollup.one_row_per)
    lines = accepted(records).select(*key, "_sighting", *_tokens(standards))
    hashed = lines.withColumn("_hash", F.xxhash64(*key))
    some_lack_it = F.col("known").between(F.lit(1), F.col("all") - 1)
    mixed = (
        hashed.groupBy("_hash")
        .agg(F.min("_sighting").alias("least"), F.max("_sighting").alias("most"),
             F.count("_sighting").alias("known"), F.count(F.lit(1)).alias("all"))
        .where((F.col("least") != F.col("most")) | some_lack_it)
        .select("_hash")
    )  # fmt: skip
    sets = F.collect_set(identifiers_of(standards.dataset))
    united = F.sort_array(F.array_distinct(F.flatten(sets)))
    return (
        hashed.join(mixed, on="_hash", how="left_semi")
        .groupBy(*key)
        .agg(united.alias(_UNITED))
        .withColumn(_UNITED_ID, sighting_id(F.col(_UNITED)))
    )


def _tokens(standards: Standards) -> list[str]:
    return [f"_token_{number}" for number in range(len(standards.dataset.slots))]


def with_united(records: DataFrame, united: DataFrame | None, standards: Standards) -> DataFrame:
    """The accepted records; `_united` and `_sighting` are those of the roll-up they belong to."""
    kept = accepted(records)
    rollup = standards.dataset.rollup
    if united is None or rollup is None:
        return kept.withColumn(_UNITED, F.lit(None).cast(f"array<{IDENTIFIER_TYPE}>"))
    joined = kept.join(united, on=list(rollup.one_row_per), how="left")  # united: unique by key
    return joined.withColumn("_sighting", F.coalesce(_UNITED_ID, "_sighting"))


def sightings(records: DataFrame, standards: Standards) -> DataFrame:
    """The night's sightings (contract SIGHTINGS) of standing records (see `with_united`).

    Rows of days after the night are one group per day, so that they can wait for it.
    """
    night = F.lit(standards.business_date)
    day = F.coalesce("_day", night)
    dataset = standards.dataset
    waits = F.when(day > night, day)
    # Tokens are grouped before any array is built: the groups are few, the records are not.
    by_tokens = (
        records.where(F.col("_sighting").isNotNull() & ~F.col("_deleted"))
        .groupBy("_sighting", _UNITED, *_tokens(standards), waits.alias("_waits"))
        .agg(F.min(day).alias("first"), F.max(day).alias("last"), F.count(F.lit(1)).alias("rows"))
    )
    named = by_tokens.withColumn("_set", F.coalesce(_UNITED, identifiers_of(dataset)))
    return (
        named.groupBy("_sighting", "_waits", "_set")
        .agg(F.min("first").alias("first_date"), F.max("last").alias("last_date"),
             F.sum("rows").alias("row_count"))
        .select(
            night.alias("business_date"), F.col("_sighting").alias("sighting_id"),
            F.col("_set").cast(f"array<{IDENTIFIER_TYPE}>").alias("identifiers"),
            F.lit(dataset.channel).alias("channel"), F.lit(dataset.name).alias("dataset"),
            "first_date", "last_date", "row_count",
        )
        .select(*SIGHTINGS.column_names)
    )  # fmt: skip


def clean_rows(
    records: DataFrame, files: DataFrame, beaten: DataFrame | None, table: IntoTable,
    standards: Standards,
) -> DataFrame:
    """One table's rows of this night, one per key (its contract); `files` is small: a row a file.

    `beaten` (see ingestion.versions) holds the records that do not stand.
    """
    takes = records.where(F.col(f"_takes_{table.table.name}"))
    rows = (
        _rolled_up(takes, beaten, table, standards)
        if table.one_row_per
        else _row_by_row(_standing(takes, beaten, table.table.name), table, standards)
    )
    placed = rows.join(F.broadcast(files), on="_number", how="inner")  # files: unique by _number
    night = F.lit(standards.business_date)
    time = table.table.time
    day = (
        business_day(F.col(time), table.table.columns[time].type, standards)
        if time and time not in table.table.high_pii else F.lit(None).cast("date")
    )  # fmt: skip
    return placed.select(
        "*",
        F.lit(standards.dataset.channel).alias("channel"),
        F.lit(standards.dataset.name).alias("dataset"),
        F.col("_sighting").alias("sighting_id"), F.coalesce(day, night).alias("day"),
        night.alias("arrived_date"), F.col("_line").alias("source_line"),
        F.col("_deleted").alias("is_deleted"),
    ).select(*table.table.contract.column_names)


def _standing(records: DataFrame, beaten: DataFrame | None, table: str) -> DataFrame:
    if beaten is None:
        return records
    lost = beaten.where(F.col(TABLE) == table).select("_number", "_line")
    return records.join(lost, on=["_number", "_line"], how="left_anti")


def _row_by_row(records: DataFrame, table: IntoTable, standards: Standards) -> DataFrame:
    columns = [_columns_of(table.given(name), name, table, standards)
               for name in table.table.columns]
    return records.select(
        "_number", "_line", "_sighting", "_deleted", *(each for some in columns for each in some)
    )


def _columns_of(
    given: MappedColumn | None, name: str, table: IntoTable, standards: Standards
) -> list[Column]:
    column = table.table.columns[name]
    if given is not None and given.is_high:
        prefix = next(
            high.prefix for high in standards.high if (high.name, high.sql) == (name, given.sql)
        )
        return [F.col(f"{prefix}_{part}").alias(f"{name}_{part}") for part in ("token", "mask")]
    if given is not None:
        return [standards.sql(given.sql).cast(SPARK_TYPES[column.type]).alias(name)]
    return [F.lit(None).cast(stored.type).alias(stored.name) for stored in column.stored_as(name)]


def _rolled_up(
    records: DataFrame, beaten: DataFrame | None, table: IntoTable, standards: Standards
) -> DataFrame:
    """One row per roll-up key over the night's standing lines; deleted lines add nothing.

    Its place is that of its last line; it is deleted where every line is.
    """
    others = row_tables(standards)
    lines = _standing(records, beaten, others[0].table.name) if others else records
    made: list[Column] = []
    given_by = {name: table.given(name) for name in table.table.columns}
    for name, given in given_by.items():
        if given is not None and isinstance(given.value, Aggregate):
            sql = render_aggregate(given.value, "`_order`", "NOT `_deleted`", "`_day`")
            type_ = SPARK_TYPES[table.table.columns[name].type]
            made.append(standards.sql(sql).cast(type_).alias(f"_made_{name}"))
    grouped = lines.groupBy(*table.one_row_per).agg(
        F.max("_sighting").alias("_sighting"), F.min("_deleted").alias("_deleted"),
        F.max("_order").alias("_order"), *made,
    )
    number = F.shiftright("_order", 40).cast("int").alias("_number")
    line = F.col("_order").bitwiseAND(F.lit((1 << 40) - 1)).alias("_line")
    own = [
        column
        for name, given in given_by.items()
        for column in (
            [F.col(f"_made_{name}").alias(name)]
            if given is not None and isinstance(given.value, Aggregate)
            else _columns_of(given, name, table, standards)
        )
    ]
    return grouped.select(number, line, "_sighting", "_deleted", *own)
