"""The rows of the night's report, read from the lake: counts and names, never a person's row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

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
from jobs.identity_gate import difference_of, rows_held_at
from jobs.night import Night
from lake.ledger import file_rows, quality_rows, stage_rows
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import (
    DISTRIBUTIONS,
    HUBS,
    ONE_IDS,
    REFUSED_IDENTIFIERS,
    REJECTED_LINKS,
    TAG_METRICS,
)
from model.ops_tables import QUARANTINE
from model.sql_text import date_literal
from tags.catalog import catalog_rows


def report_data(night: Night) -> ReportData:
    """Everything the page shows of this night, from the run's ledger and the tables it wrote."""
    root, run_id, settings = night.lake.root, night.lake.run_id, night.project.settings
    day = night.business_date
    told = [row for row in file_rows(root) if row["arrived_date"] == day]
    files = [row for row in told if row["state"] != "same" or row["line_count"]]
    stages = [row for row in stage_rows(root, run_id) if row["business_date"] == day]
    checks = [row for row in quality_rows(root, run_id) if row["business_date"] == day]
    with night.engine() as engine:
        return ReportData(
            title=settings.project.title,
            business_date=day,
            outcome="done",
            k=settings.privacy.k,
            stages=tuple(
                row_of(StageRow, row, row_counts=dict(row["row_counts"])) for row in stages
            ),
            files=tuple(row_of(FileRow, row) for row in files),
            known_file_count=len(told) - len(files),
            reasons=(*_quarantine_reasons(night, engine), *_file_reasons(files)),
            checks=tuple(row_of(CheckRow, row) for row in checks),
            identity=_identity(night, engine),
            tags=_tags(night, engine),
            currency=settings.project.currency,
        )


def _quarantine_reasons(night: Night, engine: Engine) -> Iterator[ReasonRow]:
    rows = engine.rows("quarantine_reasons", """
        select channel, dataset, reason, count(*) as times
        from (select channel, dataset, explode(reasons) as reason from bad) as told
        group by channel, dataset, reason
    """, bad=_slice(night, engine, QUARANTINE))  # fmt: skip
    found = sorted(tuple(row.values()) for row in engine.arrow(rows).to_pylist())
    return (ReasonRow("quarantined", *row) for row in found)


def _file_reasons(files: list[dict[str, Any]]) -> Iterator[ReasonRow]:
    """What the ledger's files say of changed and refused values, by dataset."""
    for what, column in (("repaired", "repaired"), ("refused", "refused_identifiers")):
        counts: Counter[tuple[str, str, str]] = Counter()
        for row in files:
            for reason, count in dict(row[column] or ()).items():
                counts[row["channel"], row["dataset"], reason] += count
        yield from (ReasonRow(what, *key, count) for key, count in sorted(counts.items()))


def _identity(night: Night, engine: Engine) -> IdentityHealth:
    difference = difference_of(night, engine)
    row_count, anonymous = _clean_rows(night, engine)
    identifiers = engine.rows(
        "identifiers", "select kind from one_ids where kind <> 'sighting'",
        one_ids=_held(night, engine, ONE_IDS),
    )  # fmt: skip
    return IdentityHealth(
        persons=difference.people_after,
        sightings=difference.sighting_count,
        anonymous=anonymous,
        row_count=row_count,
        minted=difference.minted,
        merged=difference.merged,
        split=difference.split,
        retired=difference.gone - difference.merged,
        sizes=tuple(CountRow(each.size, each.after) for each in difference.sizes if each.after),
        identifiers=_counts(engine, identifiers, "kind"),
        hubs=_counts(engine, _held(night, engine, HUBS), "kind", "reason"),
        rejected=_counts(engine, _held(night, engine, REJECTED_LINKS), "kind", "rule"),
        refused=_refused(night, engine),
    )


def _refused(night: Night, engine: Engine) -> tuple[CountRow, ...]:
    """Values of rows that name nobody, by kind and list."""
    rows = engine.rows("refused_values", """
        select kind, reason, cast(sum(value_count) as bigint) as n from these group by kind, reason
    """, these=_slice(night, engine, REFUSED_IDENTIFIERS))  # fmt: skip
    found = [CountRow(row["kind"], row["n"], row["reason"])
             for row in engine.arrow(rows).to_pylist()]  # fmt: skip
    return tuple(sorted(found, key=lambda row: (-row.count, row.name, row.reason)))


def _clean_rows(night: Night, engine: Engine) -> tuple[int, int]:
    """Current rows of all canonical tables, and those of them that belong to nobody."""
    counts = [
        engine.one_row(
            f"rows_of_{table.name}",
            "select count(*) as all_rows, count(*) - count(one_id) as of_nobody from persons",
            persons=night.person_rows(engine, table),
        )
        for table in night.definitions.tables
        if night.lake.exists(table.contract)
    ]
    return sum(each["all_rows"] for each in counts), sum(each["of_nobody"] for each in counts)


def _tags(night: Night, engine: Engine) -> tuple[TagRow, ...]:
    metrics = {
        row["column_name"]: row
        for row in engine.arrow(_slice(night, engine, TAG_METRICS)).to_pylist()
    }
    spread = engine.arrow(_slice(night, engine, DISTRIBUTIONS)).to_pylist()
    buckets: dict[str, list[BucketRow]] = {}
    for row in sorted(spread, key=itemgetter("column_name", "bucket_no")):
        buckets.setdefault(row["column_name"], []).append(row_of(BucketRow, row))
    return tuple(
        _tag(row, metrics[row["column_name"]], buckets.get(row["column_name"], []))
        for row in map(vars, catalog_rows(night.definitions.tags))
        if row["column_name"] in metrics
    )


def _tag(
    catalog: Mapping[str, Any], metrics: Mapping[str, Any], buckets: list[BucketRow]
) -> TagRow:
    more = {key: metrics[key] for key in ("person_count", "filled_count", "mean")}
    sources = tuple(catalog["sources"])
    return row_of(TagRow, catalog, **more, buckets=tuple(buckets), sources=sources)


def _counts(engine: Engine, rows: Rows, name: str, reason: str = "") -> tuple[CountRow, ...]:
    names = ", ".join(filter(None, [name, reason]))
    found = engine.rows(
        "counts", f"select {names}, count(*) as n from these group by {names}", these=rows
    )
    counted = [
        CountRow(row[name], row["n"], row[reason] if reason else "")
        for row in engine.arrow(found).to_pylist()
    ]
    return tuple(sorted(counted, key=lambda row: (-row.count, row.name, row.reason)))


def _held(night: Night, engine: Engine, contract: TableContract) -> Rows:
    return rows_held_at(engine, night.lake, contract, night.business_date)


def _slice(night: Night, engine: Engine, contract: TableContract) -> Rows:
    day = date_literal(night.business_date)
    return engine.rows(
        f"slice_of_{contract.name}", f"select * from these where {contract.sliced_by} = {day}",
        these=night.lake.rows(engine, contract),
    )  # fmt: skip
