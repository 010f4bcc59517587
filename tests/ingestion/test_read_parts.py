"""Columns read from names and addresses: told or null, sealed like their whole, either way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from identity import parts
from identity.name_parts import NameParts, name_parts
from ingestion.batch_rules import PartOf
from ingestion.known_values import KnownValues
from ingestion.read_parts import read_parts
from model.engines import Engine
from model.local_engine import LocalEngine
from model.ops_tables import FILES
from privacy.tokens import column_kind, token_of, unseal_of
from tests.ingestion import fixtures
from tests.ingestion.fixtures import ENGINES, KEY, Ingested, channels_of, ingested, sound_channel

HOMES = """
channel: homes
datasets:
  people:
    path: "homes/{date}.jsonl"
    format: jsonl
    fields:
      id:    {type: text}
      who:   {type: text}
      home:  {type: text}
      road:  {type: text}
    into:
      profiles:
        columns: {account_id: id, name: who, address: home}
"""
# The same values, by expressions: what Spark's own columns make.
MADE = HOMES.replace(
    "name: who, address: home",
    """name: "concat(who, '')", address: "concat(home, '')" """,
)
OWN_STREET = HOMES.replace("address: home", "address: home, street: road")
TOLD = {  # account → (name, family, given), (address, street, postcode), own street
    "a": (("王小明", "王", "小明"),
          ("广东省深圳市南山区科技园路1号 518057", "科技园路1号", "518057"), "南山路9号"),
    "b": (("Mr John van der Berg", "van der Berg", "John"),
          ("12 Smith St, Sydney NSW 2000", "12 Smith St", "2000"), None),
    "c": (("Madonna", None, None), ("见备注", None, None), "人民路1号"),
    "d": (("王*", "王", None), (None, None, None), None),
    "e": ((None, None, None), ("Berlin, 10115", None, "10115"), None),
    "f": (("王小明", "王", "小明"), ("科技园路1号", "科技园路1号", None), None),
}  # fmt: skip
LINES = [
    {"id": account, "who": name[0], "home": address[0], "road": road}
    for account, (name, address, road) in TOLD.items()
]  # fmt: skip
HIGH = ("name", "family_name", "given_name", "address", "street")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    with request.param(spark) as engine:
        yield engine


def taken_in(spark: SparkSession, engine: Engine, text: str, landing: Path) -> Ingested:
    (landing / "homes").mkdir()
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES)
    (landing / "homes" / "2017-03-01.jsonl").write_text(lines, encoding="utf-8")
    return ingested(spark, engine, text, landing)


def opened(night: Ingested) -> dict[str, dict[str, str | None]]:
    """Account → what the vault opens of its high-pii columns, and its postcode."""
    vault = {
        (row["column_name"], row["token"]): unseal_of(KEY, bytes(row["sealed"]))
        for row in night.rows(night.night.profile_values)
    }
    return {
        row["account_id"]: {
            "postcode": row["postcode"],
            **{name: vault.get((name, row[f"{name}_token"])) for name in HIGH},
        }
        for row in night.rows(night.night.clean["profiles"])
    }  # fmt: skip


def expected(streets: dict[str, str | None]) -> dict[str, dict[str, str | None]]:
    return {
        account: {
            "name": name[0], "family_name": name[1], "given_name": name[2],
            "address": address[0], "street": streets[account], "postcode": address[2],
        }
        for account, (name, address, _) in TOLD.items()
    }  # fmt: skip


@pytest.mark.parametrize("text", [HOMES, MADE], ids=["fields", "expressions"])
def test_parts_are_read_sealed_and_null_where_they_are_not_told(
    spark: SparkSession, engine: Engine, text: str, tmp_path: Path
) -> None:
    night = taken_in(spark, engine, text, tmp_path)
    assert opened(night) == expected({account: told[1][1] for account, told in TOLD.items()})
    rows = {row["account_id"]: row for row in night.rows(night.night.clean["profiles"])}
    token = token_of(KEY, column_kind("family_name"), "global", "王")
    assert rows["a"]["family_name_token"] == rows["d"]["family_name_token"] == token
    masks = [rows["b"][f"{name}_mask"] for name in HIGH]
    assert masks == ["M*** J*** v*** d*** B***", "v*** d*** B***", "****", "****", "****"]
    shown = str(night.rows(night.night.clean["profiles"])) + str(night.rows(night.night.raw))
    assert not [part for part in ("小明", "John", "科技园", "Smith") if part in shown]


def test_reading_parts_repairs_refuses_and_quarantines_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    with LocalEngine(spark) as engine:
        night = taken_in(spark, engine, HOMES, tmp_path)
    (record,) = night.night.files
    file = dict(zip(FILES.column_names, record, strict=True))
    assert (file["accepted_count"], file["quarantined_count"]) == (len(TOLD), 0)
    assert (file["repaired"], file["refused_identifiers"]) == ({}, {})


def test_a_column_that_the_channel_maps_itself_wins_over_what_is_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    with LocalEngine(spark) as engine:
        found = opened(taken_in(spark, engine, OWN_STREET, tmp_path))
    assert found == expected({account: told[2] for account, told in TOLD.items()})


def test_a_roll_up_reads_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    high = "name: {type: text, pii: high, mask: name}"
    low = fixtures.MODEL_TEXT.replace(high, "name: {type: text}", 1)
    monkeypatch.setattr(fixtures, "MODEL_TEXT", low)
    alone = HOMES.replace(", address: home", "")
    per_row = "columns: {account_id: id, name: who}"
    rolled = alone.replace(per_row, f"one_row_per: [id]\n        {per_row}").replace(
        "name: who", "name: max(who)"
    )
    columns = [
        [column.name for column in sound_channel(text)[1].tables[0].columns]
        for text in (alone, rolled)
    ]
    assert columns == [["account_id", "name", "family_name", "given_name"], ["account_id", "name"]]


def test_a_dataset_that_brings_no_whole_reads_nothing() -> None:
    _, dataset = sound_channel(HOMES.replace("name: who, address: home", "city: road"))
    assert [column.name for column in dataset.tables[0].columns] == ["account_id", "city"]


def test_a_part_may_be_shown_where_its_whole_may_not() -> None:
    _, problems = channels_of(HOMES.replace("name: who,", "name: who, city: home,"))
    assert len(problems) == 1
    assert "city: field 'home' is high pii" in problems[0]


def test_a_task_reads_each_different_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counted(text: str) -> NameParts:
        seen.append(text)
        return name_parts(text)

    monkeypatch.setitem(parts.READERS, "name", counted)  # type: ignore[arg-type]
    wanted = {
        "_family": PartOf("who", "family_name"), "_given": PartOf("who", "given_name"),
        "_other": PartOf("contact", "given_name"),
    }  # fmt: skip
    known = KnownValues()
    told: list[dict[str, Any]] = []
    for names in (["王小明", None, "王小明"], ["李芳", "王小明"]):
        columns = {"who": pa.array(names), "contact": pa.array(names[::-1])}
        found = read_parts(columns, wanted, known)
        told += pa.table(found).to_pylist()
    assert seen == ["王小明", "李芳"]
    assert [row["_family"] for row in told] == ["王", None, "王", "李", "王"]
    assert [row["_other"] for row in told] == ["小明", None, "小明", "小明", "芳"]


def test_a_batch_of_no_text_has_parts_of_none() -> None:
    texts = pa.nulls(3, pa.string())
    found = read_parts({"who": texts}, {"_family": PartOf("who", "family_name")}, KnownValues())
    assert found["_family"].to_pylist() == [None] * 3
