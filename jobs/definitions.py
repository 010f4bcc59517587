"""Everything a project folder says, loaded and checked at once: no Spark, seconds at most."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from identity.golden import golden_contract
from ingestion.channels import Channel, read_channels
from ingestion.table_readings import with_readings
from model.canonical import CanonicalTable
from model.contracts import TableContract
from model.errors import Problems
from model.fixed_tables import CUSTOMER_TAGS, FIXED_TABLES
from model.identity_policy import IdentityPolicy, read_identity_policy
from model.project import Project, load_project, yaml_files, yaml_of
from quality.checks import TableChecks, read_checks
from tags.catalog import wide_columns
from tags.definitions import TagBook
from tags.loading import load_tags


@dataclass(frozen=True)
class Definitions:
    """A project's settings and definitions, all sound.

    `fingerprint` is a hash of every file: each published night records it.
    """

    project: Project
    policy: IdentityPolicy
    channels: tuple[Channel, ...]
    tags: TagBook
    checks: tuple[TableChecks, ...]
    fingerprint: str

    @property
    def tables(self) -> tuple[CanonicalTable, ...]:
        """The canonical tables."""
        return tuple(self.project.model.tables.values())

    @property
    def golden(self) -> TableContract:
        """The contract of identity.golden_profiles under this model."""
        return golden_contract(self.project.model)

    @property
    def raw_contracts(self) -> tuple[TableContract, ...]:
        """The raw table of every dataset."""
        return tuple(dataset.raw_contract for one in self.channels for dataset in one.datasets)

    @property
    def published_contracts(self) -> tuple[TableContract, ...]:
        """Every table whose version a published night records: all but the ledger's plain logs."""
        every = (*self.raw_contracts, *self.contracts)
        return tuple(c for c in every if c.zone != "ops" or c.sliced_by is not None)

    @property
    def contracts(self) -> tuple[TableContract, ...]:
        """Every table of the lake but raw ones."""
        return (*(table.contract for table in self.tables), *FIXED_TABLES, self.golden)


def load_definitions(folder: Path, env: str, assignments: list[str]) -> Definitions:
    """The definitions in `folder`; DefinitionError (exit 2) names every problem of every file."""
    problems = Problems()
    project = load_project(folder, env, assignments, problems)
    policy_file = folder / "conf" / "identity.yml"
    policy = read_identity_policy(yaml_of(folder, policy_file, problems), problems)
    model = project.model
    channel_files = yaml_files(folder, "conf/channels", problems)
    channels = read_channels(channel_files, model, policy, problems)
    golden = {
        name: column.type for table in model.golden_tables for name, column in table.columns.items()
    }
    tag_files = yaml_files(folder, "tag_definitions", problems)
    book = load_tags(tag_files, model, golden, problems)
    quality_files = yaml_files(folder, "conf/quality", problems)
    checks = read_checks(quality_files, _checkable(project, book), problems)
    problems.raise_if_any()
    project = replace(project, model=with_readings(model, channels))
    return Definitions(project, policy, channels, book, checks, _fingerprint(folder))


def _checkable(project: Project, book: TagBook) -> Mapping[str, Mapping[str, str]]:
    """Columns of every table that checks may name."""
    contracts = [table.contract for table in project.model.tables.values()] + list(FIXED_TABLES)
    known = {c.full_name: {column.name: column.type for column in c.columns} for c in contracts}
    known[CUSTOMER_TAGS.full_name] = {column.name: column.type for column in wide_columns(book)}
    return known


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for below in ("conf", "tag_definitions", "audience_definitions"):
        for path in sorted((folder / below).rglob("*.yml")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
