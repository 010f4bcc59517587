"""Everything a project folder says, loaded and checked at once: no Spark, seconds at most."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from identity.golden import golden_contract
from ingestion.channels import Channel, read_channels
from ingestion.table_readings import with_readings
from jobs.checkable import all_dataset_checks, all_table_checks
from model.canonical import CanonicalModel, CanonicalTable, ColumnType
from model.contracts import TableContract
from model.errors import Problems
from model.fixed_tables import FIXED_TABLES
from model.identity_policy import IdentityPolicy, read_identity_policy
from model.project import Project, load_project, yaml_files, yaml_of
from quality.checks import TableChecks
from tags.definitions import TagBook
from tags.loading import load_tags
from tags.wide_tables import more_tables


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
    dataset_checks: tuple[TableChecks, ...]
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
        of_tags = more_tables(self.tags)
        return (*(table.contract for table in self.tables), *FIXED_TABLES, *of_tags, self.golden)


def load_definitions(folder: Path, env: str, assignments: list[str]) -> Definitions:
    """The definitions in `folder`; DefinitionError (exit 2) names every problem of every file."""
    problems = Problems()
    project = load_project(folder, env, assignments, problems)
    policy_file = folder / "conf" / "identity.yml"
    model = project.model
    golden = _golden_columns(model)
    policy = read_identity_policy(yaml_of(folder, policy_file, problems), problems, golden)
    channel_files = yaml_files(folder, "conf/channels", problems)
    channels = read_channels(channel_files, model, policy, problems)
    tag_files = yaml_files(folder, "tag_definitions", problems)
    named = {str(file.get("channel")) for file in channel_files.values()}
    book = load_tags(tag_files, model, golden, problems, named)
    quality_files = yaml_files(folder, "conf/quality", problems)
    checks = all_table_checks(quality_files, model, book, problems)
    of_datasets = all_dataset_checks(channels, policy, project.settings.quality, problems)
    problems.raise_if_any()
    project = replace(project, model=with_readings(model, channels))
    fingerprint = _fingerprint(folder)
    return Definitions(project, policy, channels, book, checks, of_datasets, fingerprint)


def load_ground(
    folder: Path, env: str, assignments: list[str]
) -> tuple[Project, IdentityPolicy]:
    """What a channel file builds on, without any channel: settings, model, identifier kinds."""
    problems = Problems()
    project = load_project(folder, env, assignments, problems)
    policy_file = folder / "conf" / "identity.yml"
    golden = _golden_columns(project.model)
    policy = read_identity_policy(yaml_of(folder, policy_file, problems), problems, golden)
    problems.raise_if_any()
    return project, policy


def _golden_columns(model: CanonicalModel) -> dict[str, ColumnType]:
    """The columns of the golden tables, with their types."""
    return {
        name: column.type for table in model.golden_tables for name, column in table.columns.items()
    }


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for below in ("conf", "tag_definitions", "audience_definitions"):
        for path in sorted((folder / below).rglob("*.yml")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
