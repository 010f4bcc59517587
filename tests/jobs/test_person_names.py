"""Names looked up, and who is renamed, against the names of everybody on both nights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from identity.disputed_names import SealedNames
from jobs.person_names import TableOfPersons
from model.engines import Engine, Rows, SparkEngine
from model.fixed_tables import VAULT_PROFILES
from model.local_engine import LocalEngine
from privacy.tokens import column_kind, seal_of, token_of
from tests.identity.test_person_facts import golden_rows, table_with
from tests.identity.worlds import KEY, records, table_of

NAMES = ("王伟", "李娜", "王玮")
NIGHTS = 6
TABLE = table_with("name")


def night(number: int) -> date:
    return date(2017, 9, 20) + timedelta(days=number)


def versions(draw: Random) -> list[dict[str, Any]]:
    """Rows that come, are edited, deleted and wait for their day; and files that come again, whose
    new bytes have a row or a mark for each key that they had."""
    rows: list[dict[str, Any]] = []
    delivered: dict[str, tuple[int, set[str]]] = {}
    for number in range(1, NIGHTS + 1):
        for _ in range(draw.randint(1, 2)):
            file = f"f{draw.randrange(5)}"
            generation, had = delivered.get(file, (0, set()))
            keys = {f"a{draw.randrange(6)}" for _ in range(draw.randint(0, 3))}
            came = {"arrived_date": night(number), "generation": generation + 1,
                    "source_file": file, "is_deleted": False}  # fmt: skip
            for key in sorted(keys | had):
                moment = datetime(2017, draw.randint(1, 3), 1, tzinfo=timezone.utc)
                told = {
                    "sighting_id": draw.choice([None, 1, 2, 3, 4]),
                    "is_deleted": draw.random() < 0.1,
                    "name": draw.choice([*NAMES, None]), "updated_at": moment,
                    "day": night(number + draw.choice([0, 0, 0, 1, 2])),
                } if key in keys else {"source_line": None, "day": night(number)}  # fmt: skip
                rows.append({**came, "account_id": key, **told})
            delivered[file] = (generation + 1, keys)
    return rows


def at(engine: Engine, rows: list[dict[str, Any]], number: int) -> TableOfPersons:
    arrived = [row for row in rows if row["arrived_date"] <= night(number)]
    seals = table_of(engine, [
        {"arrived_date": night(1), "column_name": "name", "sealed": seal_of(KEY, name),
         "token": token_of(KEY, column_kind("name"), "", name)} for name in NAMES
    ], VAULT_PROFILES.schema)  # fmt: skip
    found = golden_rows(engine, TABLE, *arrived)
    return TableOfPersons(engine, TABLE, found, seals, KEY, night(number))


def those(engine: Engine, sightings: Iterable[int]) -> Rows:
    return table_of(engine, [{"sighting_id": n} for n in sightings], "sighting_id bigint")


def borne(engine: Engine, names: SealedNames | None) -> set[tuple[Any, ...]]:
    assert names is not None
    return {(row.sighting_id, row.token, row.given_token) for row in records(engine, names.borne)}


@pytest.mark.parametrize("seed", range(25))
def test_whoever_is_renamed_between_two_nights_is_told_by_the_rows_that_came(seed: int) -> None:
    draw = Random(seed)
    rows = versions(draw)
    with LocalEngine() as engine:
        told = [at(engine, rows, number) for number in range(NIGHTS + 1)]
        everybody = [borne(engine, each.names) for each in told]
        for last in range(1, NIGHTS):
            later = draw.randint(last + 1, NIGHTS)
            found = told[later].renamed_since(night(last))
            assert found is not None
            expected = {name[0] for name in everybody[last] ^ everybody[later]}
            assert expected <= {row.sighting_id for row in records(engine, found.perhaps)}
            others = set(draw.sample(range(6), draw.randint(0, 6)))
            renamed = [row.sighting_id for row in records(engine, found.but(those(engine, others)))]
            assert sorted(renamed) == sorted(expected - others)


@pytest.mark.spark
def test_spark_tells_the_same_renamed_and_the_same_names(spark: SparkSession) -> None:
    draw = Random(7)
    rows, last = versions(draw), NIGHTS - 2
    with SparkEngine(spark) as engine:
        was, told = (at(engine, rows, number) for number in (last, NIGHTS))
        everybody = borne(engine, told.names)
        renamed, looked_up = told.renamed_since(night(last)), told.names_looked_up
        assert renamed is not None and looked_up is not None
        differing = {name[0] for name in borne(engine, was.names) ^ everybody}
        found = {row.sighting_id for row in records(engine, renamed.but(those(engine, ())))}
        assert found == differing and found
        names = borne(engine, looked_up.among(engine, those(engine, found)))
        assert names == {name for name in everybody if name[0] in found}


@pytest.mark.parametrize("seed", range(10))
def test_names_looked_up_are_those_of_everybody(seed: int) -> None:
    draw = Random(seed)
    rows = versions(draw)
    with LocalEngine() as engine:
        told = at(engine, rows, NIGHTS)
        everybody = borne(engine, told.names)
        looked_up = told.names_looked_up
        assert looked_up is not None
        assert borne(engine, looked_up) == borne(engine, looked_up.of_all) == everybody
        asked = draw.sample(range(6), 2)
        found = looked_up.among(engine, those(engine, asked))
        assert borne(engine, found) == {name for name in everybody if name[0] in asked}
        sealed = {row.token for row in records(engine, found.sealed)}
        assert {token for _, token, _ in borne(engine, found)} <= sealed


def test_where_no_column_holds_names_nobody_is_renamed() -> None:
    with LocalEngine() as engine:
        told = at(engine, [], 1)
        nameless = TableOfPersons(
            engine, table_with(), told.versions, told.vault, KEY, told.business_date
        )
        assert nameless.names is nameless.names_looked_up is None
        assert nameless.renamed_since(night(0)) is None
