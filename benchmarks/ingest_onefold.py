"""Onefold's two ways of benchmarks/ingest.py: clean tables alone, and all of the first stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import Schema
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql import SparkSession

from benchmarks.ingest_data import NIGHT
from ingestion.batch_rules import BatchRules
from ingestion.channels import Dataset
from ingestion.known_values import KnownValues
from ingestion.layout import Layout, layout_of
from ingestion.planning import PlannedFile
from ingestion.raw_batches import raw_batches
from ingestion.reader import FileRange, each_range, ranges_of, side_by_side
from ingestion.record_types import Tally
from ingestion.standard import batch_rules
from ingestion.standard_batch import standard_batch
from ingestion.standards import Standards
from jobs.definitions import Definitions, load_definitions
from jobs.night import key_of, open_night, session_of
from jobs.progress import progress_for
from jobs.run_night import STAGES, run_night
from model.canonical import SPARK_TYPES
from model.ddl_types import arrow_type

Timed = Callable[[Callable[[], object]], tuple[float, int]]
NAMES = {"phone": "phone", "born": "birth", "at": "happened", "amount": "money"}


def whole_night(project: Path, timed: Timed) -> tuple[float, int, list[str]]:
    """The first stage: ledger, pre-flight, reading, tokens, vault, raw, quarantine, proof, gate."""
    definitions = load_definitions(project, "local", [])
    with session_of(definitions.project) as spark:
        spark.range(10).count()
        night = open_night(spark, definitions, NIGHT, progress_for("text", quiet=True))
        seconds, megabytes = timed(lambda: run_night(night, STAGES[:1]))
    clean = f"{definitions.project.lake_root}/clean"
    return seconds, megabytes, [f"'{clean}/{name}/*/*.parquet'" for name in ("profiles", "events")]


def clean_alone(project: Path, timed: Timed) -> tuple[float, int, list[str]]:
    """Reading, typing, cleaning, and clean Delta tables of plain values: nothing else."""
    definitions = load_definitions(project, "local", [])
    with session_of(definitions.project) as spark:
        spark.range(10).count()
        datasets = definitions.channels[0].datasets
        seconds, megabytes = timed(
            lambda: [_write_clean(spark, definitions, dataset, project) for dataset in datasets]
        )
    return seconds, megabytes, [f"'{project}/clean/{n}/*.parquet'" for n in ("profiles", "events")]


def _write_clean(
    spark: SparkSession, definitions: Definitions, dataset: Dataset, project: Path
) -> None:
    settings = definitions.project.settings
    standards = Standards(
        dataset, definitions.policy, key_of(definitions.project), settings.project.time_zone,
        NIGHT, keep_raw=False,
    )  # fmt: skip
    fields = dataset.entry.fields
    types = {name: SPARK_TYPES[field.type] for name, field in fields.items()}
    rules = replace(
        batch_rules(standards), steps=(), shared={}, slots=batch_rules(standards).slots,
        outputs={"_reasons": "string", **types},
    )
    root = definitions.project.landing_root
    path = f"{dataset.name}/{NIGHT}.csv"
    size = (root / path).stat().st_size
    file = PlannedFile(path, NIGHT, "", size, 1, "new")
    layout = layout_of(dataset, settings.ingestion)
    folder = project / "clean" / dataset.name
    folder.mkdir(parents=True)
    ranges = ranges_of([file], root, layout)
    written = each_range(_writer(root, layout, rules, folder))
    rows = side_by_side(spark, ranges).mapInArrow(written, "file string, rows bigint").collect()
    schema = pa.schema([(NAMES.get(n, n), arrow_type(type_)) for n, type_ in types.items()])
    adds = [
        AddAction(name, (folder / name).stat().st_size, {}, 0, True,
                  json.dumps({"numRecords": count}))
        for name, count in rows
    ]  # fmt: skip
    create_table_with_add_actions(str(folder), Schema.from_arrow(schema), adds)


def _writer(
    root: Path, layout: Layout, rules: BatchRules, folder: Path
) -> Callable[[FileRange, KnownValues], Iterator[pa.RecordBatch]]:
    def write(each: FileRange, known: KnownValues) -> Iterator[pa.RecordBatch]:
        path = root / each.path
        name, out, count = f"part-{each.start:015}.parquet", None, 0
        for batch in raw_batches(path, each.start, each.end, each.first_line, layout, Tally()):
            found = standard_batch(batch, rules, known)
            reasons = found.pop("_reasons")
            columns = {NAMES.get(field, field): values for field, values in found.items()}
            rows = pa.RecordBatch.from_pydict(columns).filter(pc.equal(reasons, ""))
            out = out or pq.ParquetWriter(folder / name, rows.schema, compression="snappy")
            out.write_batch(rows)
            count += rows.num_rows
        if out is not None:
            out.close()
        yield pa.RecordBatch.from_pydict({"file": [name], "rows": [count]})

    return write
