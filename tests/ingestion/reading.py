"""A file read and made standard as a task does it, without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingestion.batch_rules import BatchRules
from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory, standard_batch
from ingestion.raw_batches import raw_batches
from ingestion.record_types import Tally


def standard_columns(
    path: Path, how: Layout, rules: BatchRules, tally: Tally
) -> dict[str, list[Any]]:
    """The columns of `rules.outputs` and the records' `lines`, in the order of lines."""
    columns: dict[str, list[Any]] = {name: [] for name in ("lines", *rules.outputs)}
    memory = TaskMemory()
    for batch in raw_batches(path, 0, path.stat().st_size, 1, how, tally):
        found = {"lines": batch.lines, **standard_batch(batch, rules, memory)}
        for name, values in columns.items():
            values.extend(found[name].to_pylist())
    order = sorted(range(len(columns["lines"])), key=columns["lines"].__getitem__)
    return {name: [values[n] for n in order] for name, values in columns.items()}
