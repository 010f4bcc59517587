"""Pairs of sightings whose names contradict, and what the comparison never shows."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from identity.disputed_names import SealedNames, contradicting_sightings, disputed_identifiers
from model.engines import Engine, SparkEngine
from model.errors import UsageError
from model.local_engine import LocalEngine
from privacy.tokens import TokenKey
from tests.identity.worlds import POLICY, records, sealed_names, table_of, token

PAIRS = "sighting_id bigint, other_sighting_id bigint"
HELD = (
    "sighting_id bigint, node_id bigint, rank int, kind string, scope string, token string, "
    "period_from date"
)
Pair = tuple[int, int]


def contradicting(engine: Engine, names: SealedNames, *pairs: Pair) -> list[Pair]:
    rows = [{"sighting_id": one, "other_sighting_id": other} for one, other in pairs]
    found = contradicting_sightings(engine, table_of(engine, rows, PAIRS), names)
    return sorted((row.sighting_id, row.other_sighting_id) for row in records(engine, found))


def test_pairs_contradict_where_some_name_of_each_does(engine: Engine) -> None:
    names = sealed_names(engine, [
        (1, "王伟"), (2, "Wang Wei"), (3, "李娜"), (4, "王伟"), (4, "李娜"),
        (5, "Smith, John"), (6, "John Smith"), (7, "Smith, Mary"),
    ])  # fmt: skip
    apart = [(1, 3), (2, 4), (3, 1), (4, 4), (5, 7), (7, 6)]
    one_person_or_unnamed = [(1, 2), (5, 6), (1, 8), (8, 9)]
    assert contradicting(engine, names, *one_person_or_unnamed, *apart, (1, 3)) == apart


def test_a_name_that_the_vault_lacks_contradicts_nobody(engine: Engine) -> None:
    names = sealed_names(engine, [(1, "王伟"), (2, "李娜")])
    emptied = engine.rows("none", "select * from sealed where false", sealed=names.sealed)
    assert contradicting(engine, SealedNames(names.borne, emptied, names.key), (1, 2)) == []


def test_no_plan_shows_a_name_or_the_key(spark: SparkSession) -> None:
    with SparkEngine(spark) as engine:
        names = sealed_names(engine, [(1, "王伟"), (2, "李娜")])
        held = table_of(engine, [
            {"sighting_id": each, "node_id": node_id, "rank": rank, "kind": kind, "scope": "global",
             "token": token(f"{kind}:{node_id}"), "period_from": None}
            for each in (1, 2)
            for node_id, rank, kind in ((each + 10, 1, "account"), (7, 2, "phone"))
        ], HELD)  # fmt: skip
        among = table_of(engine, [{"node_id": 7}], "node_id bigint")
        found = disputed_identifiers(engine, held, among, names, POLICY)
        assert [row.node_id for row in records(engine, found)] == [7]
        plan = engine.frame(found)._jdf.queryExecution().toString()
        assert "judged_names" in plan or "MapInArrow" in plan
        assert not any(told in plan for told in ("王伟", "李娜", names.key.token_key.hex()))


def test_values_under_another_secret_are_an_error_without_a_name() -> None:
    with LocalEngine() as engine:
        names = sealed_names(engine, [(1, "王伟"), (2, "李娜")])
        other = SealedNames(names.borne, names.sealed, TokenKey.from_secret("another secret " * 3))
        with pytest.raises(UsageError, match="written with another secret") as error:
            contradicting(engine, other, (1, 2))
        assert "王伟" not in str(error.value)
