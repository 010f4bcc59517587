"""Onefold's two ways of benchmarks/ingest.py: clean tables alone, and all of the first stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from ingestion.file_ranges import FileRange, Work, ranges_of, results_of_ranges
from ingestion.layout import Layout, layout_of
from ingestion.planning import PlannedFile
from ingestion.protected_batch import TaskMemory
from ingestion.reader import judged_batches
from ingestion.record_types import Tally
from ingestion.standard import batch_rules
from ingestion.standards import Standards
from jobs.definitions import Definitions, load_definitions
from jobs.night import key_of, open_night, session_of
from jobs.progress import progress_for
from jobs.run_night import STAGES, run_night
from model.canonical import SPARK_TYPES
from model.ddl_types import arrow_type

Timed = Callable[[Callable[[], object]], tuple[float, int]]
NAMES = {"phone": "phone", "born": "birth", "at": "happened", "amount": "money"}
FEW_WORDS = {"place", "name", "gender", "sku", "city"}


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

        def write_all() -> None:
            with ThreadPoolExecutor() as pool:
                writes = [
                    pool.submit(_write_clean, spark, definitions, dataset, project)
                    for dataset in datasets
                ]
                _ = [write.result() for write in writes]

        seconds, megabytes = timed(write_all)
    return seconds, megabytes, [f"'{project}/clean/{n}/*.parquet'" for n in ("profiles", "events")]


def _write_clean(
    spark: SparkSession, definitions: Definitions, dataset: Dataset, project: Path
) -> None:
    settings = definitions.project.settings
    standards = Standards(
        dataset, definitions.policy, key_of(definitions.project), settings.project.time_zone,
        NIGHT, keep_raw=False,
    )  # fmt: skip
    types = {name: SPARK_TYPES[field.type] for name, field in dataset.entry.fields.items()}
    rules = replace(
        batch_rules(standards), steps=(), shared={}, outputs={"_reasons": "string", **types}
    )
    root = definitions.project.landing_root
    path = f"{dataset.name}/{NIGHT}.csv"
    file = PlannedFile(path, NIGHT, "", (root / path).stat().st_size, 1, "new")
    layout = layout_of(dataset, settings.ingestion)
    folder = project / "clean" / dataset.name
    folder.mkdir(parents=True)
    schema = pa.schema([(NAMES.get(n, n), arrow_type(type_)) for n, type_ in types.items()])
    write = _writer(root, layout, rules, folder, schema)
    written = results_of_ranges(spark, ranges_of([file], root, layout), write, folder)
    adds = [
        AddAction(name, (folder / name).stat().st_size, {}, 0, True,
                  json.dumps({"numRecords": count}))
        for name, count in written
    ]  # fmt: skip
    create_table_with_add_actions(str(folder), Schema.from_arrow(schema), adds)


def _writer(root: Path, layout: Layout, rules: BatchRules, folder: Path, schema: pa.Schema) -> Work:
    few = [name for name in schema.names if name in FEW_WORDS]

    def write(each: FileRange, memory: TaskMemory) -> Iterator[tuple[str, int]]:
        name, count = f"part-{each.start:015}.parquet", 0
        with pq.ParquetWriter(
            folder / name, schema, compression="snappy", use_dictionary=few, write_statistics=False
        ) as out:
            for columns in judged_batches(root, each, layout, rules, memory, Tally()):
                fields = [columns[field] for field in rules.fields]
                rows = pa.RecordBatch.from_arrays(fields, schema=schema)
                rows = rows.filter(pc.equal(columns["_reasons"], ""))
                out.write_batch(rows)
                count += rows.num_rows
        yield name, count

    return write
