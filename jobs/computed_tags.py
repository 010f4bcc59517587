"""What a night's tags about one object are, whoever computed them, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.night import Night
from model.contracts import TableContract
from model.engines import Output, Rows
from model.fixed_tables import STAGE_STATES, TAG_METRICS
from model.threads import side_by_side


@dataclass(frozen=True)
class ComputedTags:
    """The slices of D of the wide tables about an object and of their changes, and why some columns
    could not be computed.

    `rows` are those of the wide tables by full name, for the engine of the night to ask. `states`
    are left to the next night; None: no tag has stages. `metrics` are rows of tags.tag_metrics.
    """

    wide: Mapping[TableContract, Output]
    rows: Mapping[str, Rows]
    changes: tuple[TableContract, Output]
    states: Output | None
    metrics: DataFrame | pa.Table
    failures: Mapping[str, str]


def write_tags(night: Night, computed: ComputedTags, is_about_persons: bool) -> None:
    """Writes the slices of D, but the metrics."""
    slices = [*computed.wide.items(), computed.changes]
    replace_slice, day = night.lake.replace_slice, night.business_date
    side_by_side([
        *(partial(replace_slice, contract, rows, day) for contract, rows in slices),
        *([partial(_write_states, night, computed.states)] if is_about_persons else []),
    ])  # fmt: skip


def _write_states(night: Night, states: Output | None) -> None:
    lake, day = night.lake, night.business_date
    if states is None:  # no job for tags that nobody has defined
        lake.replace_records(STAGE_STATES, [], day)
    else:
        lake.replace_slice(STAGE_STATES, states, day)


def write_metrics(night: Night, computed: Sequence[ComputedTags]) -> None:
    """Writes the metrics of the tags about all objects, which one engine computed."""
    frames = [each.metrics for each in computed if isinstance(each.metrics, DataFrame)]
    tables = [each.metrics for each in computed if isinstance(each.metrics, pa.Table)]
    rows = reduce(DataFrame.unionByName, frames) if frames else pa.concat_tables(tables)
    night.lake.replace_slice(TAG_METRICS, rows, night.business_date)
