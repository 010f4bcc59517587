"""The rows of the night's report, read from the lake: counts and names, never a person's row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.sql import DataFrame, GroupedData
from pyspark.sql import functions as F

from insight.report_data import (
    BucketRow,
    CheckRow,
    CountRow,
    FileRow,
    IdentityHealth,
    ReasonRow,
    ReportData,
    StageRow,
    TagRow,
    row_of,
)
from jobs.night import Night
from lake.ledger import file_rows, quality_rows, stage_rows
from lake.readers import valid_at
from model.contracts import TableContract
from model.fixed_tables import (
    DISTRIBUTIONS,
    HUBS,
    ONE_ID_EVENTS,
    ONE_IDS,
    REJECTED_LINKS,
    TAG_CATALOG,
    TAG_METRICS,
)
from model.ops_tables import QUARANTINE

_SIZES = ((1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5"), (10, "6-10"), (20, "11-20"))
_LARGEST = "21+"


def report_data(night: Night) -> ReportData:
    """Everything the page shows of this night, from the run's ledger and the tables it wrote."""
    root, run_id, settings = night.lake.root, night.lake.run_id, night.project.settings
    day = night.business_date
    files = [row for row in file_rows(root) if row["arrived_date"] == day]
    stages = [row for row in stage_rows(root, run_id) if row["business_date"] == day]
    checks = [row for row in quality_rows(root, run_id) if row["business_date"] == day]
    return ReportData(
        title=settings.project.title,
        business_date=day,
        outcome="done",
        k=settings.privacy.k,
        stages=tuple(
            row_of(StageRow, row, row_counts=dict(row["row_counts"])) for row in stages
        ),
        files=tuple(row_of(FileRow, row) for row in files),
        reasons=(*_quarantine_reasons(night), *_file_reasons(files)),
        checks=tuple(row_of(CheckRow, row) for row in checks),
        identity=_identity(night),
        tags=_tags(night),
        currency=settings.project.currency,
    )


def _quarantine_reasons(night: Night) -> Iterator[ReasonRow]:
    rows = (
        night.lake.read_slice(QUARANTINE, night.business_date)
        .select("channel", "dataset", F.explode("reasons").alias("reason"))
        .groupBy("channel", "dataset", "reason").count()
        .collect()
    )  # fmt: skip
    return (ReasonRow("quarantined", *row) for row in rows)


def _file_reasons(files: list[dict[str, Any]]) -> Iterator[ReasonRow]:
    """What the ledger's files say of changed and refused values, by dataset."""
    for what, column in (("repaired", "repaired"), ("refused", "refused_identifiers")):
        counts: Counter[tuple[str, str, str]] = Counter()
        for row in files:
            for reason, count in dict(row[column] or ()).items():
                counts[row["channel"], row["dataset"], reason] += count
        yield from (ReasonRow(what, *key, count) for key, count in sorted(counts.items()))


def _identity(night: Night) -> IdentityHealth:
    one_ids = _held(night, ONE_IDS)
    sightings = one_ids.where(F.col("kind") == "sighting")
    sizes = sightings.groupBy("one_id").agg(F.count(F.lit(1)).alias("size"))
    by_size = _counted(sizes.groupBy(_size_name(F.col("size")).alias("name")))
    events = _counted(_slice(night, ONE_ID_EVENTS).groupBy("event"))
    row_count, anonymous = _clean_rows(night)
    return IdentityHealth(
        persons=one_ids.select("one_id").distinct().count(),
        sightings=sightings.count(),
        anonymous=anonymous,
        row_count=row_count,
        minted=events.get("minted", 0),
        merged=events.get("merged_into", 0),
        split=events.get("split_from", 0),
        retired=events.get("retired", 0),
        sizes=tuple(CountRow(n, by_size[n]) for n in _size_names() if n in by_size),
        identifiers=_counts(one_ids.where(F.col("kind") != "sighting"), "kind"),
        hubs=_counts(_held(night, HUBS), "kind", "reason"),
        rejected=_counts(_held(night, REJECTED_LINKS), "kind", "rule"),
    )


def _clean_rows(night: Night) -> tuple[int, int]:
    """Current rows of all canonical tables, and those of them that belong to nobody."""
    row_count = anonymous = 0
    for table in night.definitions.tables:
        counted = night.by_person(table).agg(
            F.count(F.lit(1)), F.count_if(F.col("one_id").isNull())
        )  # fmt: skip
        rows, of_nobody = counted.collect()[0]
        row_count, anonymous = row_count + rows, anonymous + of_nobody
    return row_count, anonymous


def _tags(night: Night) -> tuple[TagRow, ...]:
    metrics = {row["column_name"]: row.asDict() for row in _slice(night, TAG_METRICS).collect()}
    buckets: dict[str, list[BucketRow]] = {}
    for row in _slice(night, DISTRIBUTIONS).orderBy("column_name", "bucket_no").collect():
        buckets.setdefault(row["column_name"], []).append(row_of(BucketRow, row.asDict()))
    return tuple(
        _tag(row.asDict(), metrics[row["column_name"]], buckets.get(row["column_name"], []))
        for row in _slice(night, TAG_CATALOG).collect()
        if row["column_name"] in metrics
    )


def _tag(
    catalog: Mapping[str, Any], metrics: Mapping[str, Any], buckets: list[BucketRow]
) -> TagRow:
    more = {key: metrics[key] for key in ("person_count", "filled_count", "mean")}
    sources = tuple(catalog["sources"])
    return row_of(TagRow, catalog, **more, buckets=tuple(buckets), sources=sources)


def _counts(rows: DataFrame, name: str, reason: str | None = None) -> tuple[CountRow, ...]:
    names = [name, *([reason] if reason else [])]
    found = rows.groupBy(*names).agg(F.count(F.lit(1)).alias("n")).orderBy(F.desc("n"), *names)
    return tuple(
        CountRow(row[name], row["n"], row[reason] if reason else "") for row in found.collect()
    )


def _counted(groups: GroupedData) -> dict[str, int]:
    return {row[0]: row[1] for row in groups.count().collect()}


def _size_names() -> tuple[str, ...]:
    return (*(name for _, name in _SIZES), _LARGEST)


def _size_name(size: Any) -> Any:
    named = F.lit(_LARGEST)
    for most, name in reversed(_SIZES):
        named = F.when(size <= most, name).otherwise(named)
    return named


def _held(night: Night, contract: TableContract) -> DataFrame:
    sql = valid_at("{rows}", contract.column_names, night.business_date)
    return night.lake.spark.sql(sql, rows=night.lake.read(contract))


def _slice(night: Night, contract: TableContract) -> DataFrame:
    return night.lake.read_slice(contract, night.business_date)
