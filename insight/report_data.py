"""What the nightly report shows, as plain rows: jobs fill it, the page only lays it out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class StageRow:
    """One stage of the night, in the order they ran; `outcome` is done, held, failed or skipped."""

    stage: str
    outcome: str
    seconds: float
    row_counts: Mapping[str, int] = field(default_factory=dict)
    peak_memory_mb: int | None = None


@dataclass(frozen=True)
class FileRow:
    """One file of the night with its accounting, as ops.files holds it."""

    channel: str
    dataset: str
    path: str
    path_date: date
    state: str
    byte_count: int = 0
    generation: int = 1
    reason: str | None = None
    line_count: int = 0
    header_count: int = 0
    blank_count: int = 0
    accepted_count: int = 0
    duplicate_count: int = 0
    quarantined_count: int = 0

    @property
    def is_balanced(self) -> bool:
        """lines = header + blank + accepted + duplicates + quarantined."""
        parts = (self.header_count, self.blank_count, self.accepted_count)
        return self.line_count == sum(parts) + self.duplicate_count + self.quarantined_count


@dataclass(frozen=True)
class ReasonRow:
    """How often a rule of ingestion spoke: `what` is quarantined, repaired or refused."""

    what: str
    channel: str
    dataset: str
    reason: str
    count: int


@dataclass(frozen=True)
class CheckRow:
    """One result of a quality gate, as ops.quality_results holds it."""

    table_name: str
    check_text: str
    severity: str
    is_passed: bool
    observed: str
    accepted_because: str | None = None


@dataclass(frozen=True)
class CountRow:
    """A count of identifiers, links or persons under one or two names."""

    name: str
    count: int
    reason: str = ""


@dataclass(frozen=True)
class IdentityHealth:
    """OneID on the night's map.

    `sizes`: persons by number of sightings, smallest first (name = that number or a range such as
    6-10). `identifiers`: by kind. `hubs`: by kind and reason. `rejected`: links by kind and rule.
    `refused`: values of rows that name nobody, by kind and list.
    `anonymous` counts current rows that belong to no person, of `row_count` rows in all.
    """

    persons: int = 0
    sightings: int = 0
    anonymous: int = 0
    row_count: int = 0
    minted: int = 0
    merged: int = 0
    split: int = 0
    retired: int = 0
    sizes: tuple[CountRow, ...] = ()
    identifiers: tuple[CountRow, ...] = ()
    hubs: tuple[CountRow, ...] = ()
    rejected: tuple[CountRow, ...] = ()
    refused: tuple[CountRow, ...] = ()


@dataclass(frozen=True)
class BucketRow:
    """Persons in one bucket of a tag column; null where too few to show."""

    bucket_no: int
    bucket: str
    person_count: int | None


@dataclass(frozen=True)
class TagRow:
    """One tag column: its catalogue row, its metrics and its distribution."""

    tag: str
    column_name: str
    category: str
    title: str
    kind: str
    type: str
    description: str | None = None
    shape: str | None = None
    window: str | None = None
    value_titles: Mapping[str, str] | None = None
    unit: str | None = None
    owner: str | None = None
    status: str | None = None
    pii: str = "none"
    sources: tuple[str, ...] = ()
    person_count: int = 0
    filled_count: int = 0
    mean: float | None = None
    buckets: tuple[BucketRow, ...] = ()


@dataclass(frozen=True)
class ReportData:
    """One night as a whole; `k` is the smallest number of persons that may be shown.

    `files` are those the night considered; of `known_file_count` more an earlier night has every
    record.
    """

    title: str
    business_date: date
    outcome: str
    k: int
    stages: tuple[StageRow, ...] = ()
    files: tuple[FileRow, ...] = ()
    known_file_count: int = 0
    reasons: tuple[ReasonRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    identity: IdentityHealth = field(default_factory=IdentityHealth)
    tags: tuple[TagRow, ...] = ()
    currency: str = ""


def row_of(cls: type[T], values: Mapping[str, Any], **more: Any) -> T:
    """`cls` from a table's row: fields of the same names, anything else left; `more` wins."""
    names = {item.name for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in values.items() if key in names} | more)
