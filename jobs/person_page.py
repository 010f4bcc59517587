"""`onefold profile`: one person as the published night knows them; masked unless revealed."""

from __future__ import annotations

import sys
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from jobs.audit import record_command
from jobs.common_arguments import Common
from jobs.definitions import Definitions
from jobs.identifier_lookup import nobody_has, published_identifiers, wanted_of_any_kind
from jobs.night import key_of, session_of
from jobs.questions import published_or_refused
from lake.published import register_views
from lake.snapshots import table_path
from lake.views import PublishedNight
from model.errors import InputMissingError, UsageError
from model.fixed_tables import VAULT_IDENTIFIERS
from privacy.masks import masked
from privacy.tokens import TokenKey, unseal
from tags.wide_tables import columns_by_table

TIMELINE_ROWS = 15


def show(given: Common, identifier: str | None, reveal: bool) -> None:
    """Finds the person by any identifier and prints ids, golden profile, tags and last rows.

    A value that several persons hold, in other kinds or scopes or one after the other, shows all of
    them. InputMissingError (exit 4) where nobody holds it. What is revealed is audited.
    """
    word = (identifier or sys.stdin.readline()).strip()
    if not word:
        raise UsageError("no identifier: give one, or pass it on standard input")
    definitions = given.definitions()
    project = definitions.project
    night = published_or_refused(project.lake_root)
    key = key_of(project)
    persons = _persons(definitions, night, key, word)
    console = Console()
    if len(persons) > 1:
        console.print(f"{len(persons)} persons hold this value: {', '.join(map(str, persons))}")
    with session_of(project) as spark:
        register_views(spark, project.lake_root, night, definitions.contracts, definitions.tables)
        for person in persons:
            console.print(f"[bold]OneID {person}[/] on {night.business_date}")
            _print(console, _identifiers(spark, definitions, person, key, reveal))
            _print(console, _cells(spark, "identity.golden_profiles", person))
            for name in columns_by_table(definitions.tags):
                if f"tags.{name}" in night.versions:
                    _print(console, _cells(spark, f"tags.{name}", person))
            fed = [t for t in definitions.tables if t.contract.full_name in night.versions]
            for table in fed:
                _print(console, _timeline(spark, table.name, person))
    if reveal:
        record_command(project.lake_root, ["profile --reveal"], None, len(persons))


def _persons(
    definitions: Definitions, night: PublishedNight, key: TokenKey, word: str
) -> list[int]:
    """The OneIDs of all who hold the value, smallest first."""
    asked = wanted_of_any_kind(word, definitions.policy)
    with published_identifiers(definitions, night, key) as known:
        found = [one for each in known.find(asked).values() for one in each]
    persons = sorted({one_id for one in found for one_id in one.one_ids})
    if not persons:
        raise InputMissingError(nobody_has(found))
    return persons


def _identifiers(
    spark: SparkSession, definitions: Definitions, person: int, key: TokenKey, reveal: bool
) -> Table:
    vault = spark.read.format("delta").load(
        table_path(definitions.project.lake_root, VAULT_IDENTIFIERS)
    )
    rows = (
        spark.table("identity.one_ids").where(F.col("one_id") == person)
        .join(spark.table("identity.nodes").drop("kind", "valid_from"), "node_id")
        .join(vault.select("token", "sealed"), "token")
        .select("kind", "scope", unseal(key)(F.col("sealed")), "first_date", "last_date")
        .orderBy("kind", "scope", "token").limit(50).collect()
    )  # fmt: skip
    table = Table("kind", "scope", "value", "first seen", "last seen", title="identifiers 标识")
    for kind, scope, value, first, last in rows:
        style = kind if kind in ("phone", "email") else "hidden"
        shown = value if reveal else masked(style, value)
        table.add_row(kind, scope, shown, str(first), str(last))
    return table


def _cells(spark: SparkSession, name: str, person: int) -> Table | None:
    row = spark.table(name).where(F.col("one_id") == person).first()
    if row is None:
        return None
    table = Table("column", "value", title=name)
    for column, value in row.asDict().items():
        if value is not None and column not in ("one_id", "business_date", "provenance"):
            table.add_row(column, str(value))
    return table


def _timeline(spark: SparkSession, name: str, person: int) -> Table | None:
    rows: DataFrame = spark.table(f"by_person.{name}").where(F.col("one_id") == person)
    hidden = ("one_id", "sighting_id", "generation", "source_file", "source_line", "is_deleted")
    shown = [c for c in rows.columns if c not in hidden and not c.endswith("_token")]
    newest = rows.select(*shown).orderBy(F.desc("day")).limit(TIMELINE_ROWS).collect()
    if not newest:
        return None
    table = Table(*shown, title=f"by_person.{name} (newest {len(newest)})")
    for row in newest:
        table.add_row(*("" if value is None else str(value) for value in row))
    return table


def _print(console: Console, table: Any) -> None:
    if table is not None:
        console.print(table)
