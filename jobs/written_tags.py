"""What a stage of tags has written about one object, and what is left to write of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame

from jobs.night import Night
from model.engines import Output
from model.fixed_tables import STAGE_STATES, TAG_METRICS


@dataclass(frozen=True)
class WrittenTags:
    """Why some columns could not be computed, and how the others are filled: as records of
    tags.tag_metrics, or as Spark's rows."""

    failures: Mapping[str, str]
    metrics: Sequence[tuple[object, ...]] | DataFrame


def write_states(night: Night, states: Output | None) -> None:
    """Writes what the next night needs to know of stages; None: no tag has any."""
    lake, day = night.lake, night.business_date
    if states is None:  # no job for tags that nobody has defined
        lake.replace_records(STAGE_STATES, [], day)
    else:
        lake.replace_slice(STAGE_STATES, states, day)


def write_metrics(night: Night, written: Sequence[WrittenTags]) -> None:
    """Writes the metrics of the tags about all objects, which one engine computed."""
    lake, day = night.lake, night.business_date
    frames = [each.metrics for each in written if isinstance(each.metrics, DataFrame)]
    if frames:
        lake.replace_slice(TAG_METRICS, reduce(DataFrame.unionByName, frames), day)
        return
    records = [r for each in written if not isinstance(each.metrics, DataFrame)
               for r in each.metrics]  # fmt: skip
    lake.replace_records(TAG_METRICS, records, day)
