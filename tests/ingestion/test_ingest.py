"""Whole datasets of a few lines: clean rows, sightings, vault, quarantine and the accounts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from ingestion.accounting import AccountingError, FileAccount
from model.ddl_types import arrow_schema
from model.engines import Engine, SparkEngine
from model.fixed_tables import SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES
from model.local_engine import LocalEngine
from model.local_rows import LargeRows
from model.ops_tables import FILES, QUARANTINE
from model.task_files import Parts, TaskFiles
from privacy.tokens import column_kind, token_of, unseal_of
from tests.ingestion.fixtures import (
    DESK,
    ENGINES,
    KEY,
    LINES,
    MEMBERS,
    NIGHT,
    ODD_SCOPE,
    Ingested,
    ingested,
    large,
    sound_channel,
)

HEADER = "小票号,行号,会员卡号,手机,时间,商品,金额,状态,操作\n"
FIRST = HEADER + (
    "T1,1,C1,,2017/3/1 9:05,milk,1.50,已付,\n"
    "T1,2,,138-1234-5678,2017/3/1 9:06,bread,2.00,已付,\n"
    "T2,1,C2,12,2017/3/1 10:00,milk,1.50,退,\n"
    "T2,1,C2,12,2017/3/1 10:01,milk,1.60,退,\n"
    "\n"
    "T3,1,,,2017/3/2 0:10,tea,9.00,已付,\n"
    "T4,one,C4,,2017/13/1 9:05,tea,9.001,gone,\n"
    "T5,1,C5\n"
    "T6,1,C6,,2017/3/1 9:00,tea,3.00,已付,D\n"
)
SECOND = HEADER + "T2,1,C2,,2017/3/1 9:59,old,7.00,退,\nT7,1, C7 ,,2017/3/3 9:00,ham,4.00,已付,\n"
PHONE = "+8613812345678"


def plain(type_: pa.DataType) -> str:
    """An Arrow type by what it holds: engines name the parts of lists differently."""
    return re.sub(r"list<\w+: |struct<| not null", "", str(type_))


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    with request.param(spark) as engine:
        yield engine


@pytest.fixture(scope="module")
def till(
    spark: SparkSession, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Ingested:
    landing = tmp_path_factory.mktemp("till")
    folder = landing / "till" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(FIRST, encoding="utf-8")
    (folder / "b.csv").write_text(SECOND, encoding="utf-8")
    (folder / "c.csv").write_text("X\n1\n", encoding="utf-8")
    return ingested(spark, engine, LINES, landing)


def test_every_frame_keeps_its_contract(till: Ingested) -> None:
    _, dataset = sound_channel(LINES)
    night = till.night
    wanted = {t.table.name: t.table.contract for t in dataset.tables}
    frames = {**night.clean, "raw": night.raw, "quarantine": night.quarantine,
              "sightings": night.sightings, "identifiers": night.identifiers,
              "profile_values": night.profile_values}  # fmt: skip
    contracts = {**wanted, "raw": dataset.raw_contract, "quarantine": QUARANTINE,
                 "sightings": SIGHTINGS, "identifiers": VAULT_IDENTIFIERS,
                 "profile_values": VAULT_PROFILES}  # fmt: skip
    for name, contract in contracts.items():
        frame = frames[name]
        assert frame is not None
        found, expected = till.table(frame).schema, arrow_schema(contract.schema)
        assert found.names == expected.names, name
        assert [plain(t) for t in found.types] == [plain(t) for t in expected.types], name


def test_every_line_is_accounted_for(till: Ingested) -> None:
    counts = ["path", "state", "reason", "line_count", "header_count", "blank_count",
              "accepted_count", "duplicate_count", "quarantined_count"]  # fmt: skip
    files = [dict(zip(FILES.column_names, record, strict=True)) for record in till.night.files]
    assert sorted(tuple(file[name] for name in counts) for file in files) == [
        ("till/2017-03-01/a.csv", "new", None, 10, 1, 1, 5, 1, 2),
        ("till/2017-03-01/b.csv", "new", None, 3, 1, 0, 2, 0, 0),
        ("till/2017-03-01/c.csv", "refused", "no_known_column", 0, 0, 0, 0, 0, 0),
    ]
    assert [file["late_count"] for file in files] == [0, 0, 0]
    repaired = {file["path"][-5]: (file["repaired"], file["refused_identifiers"])
                for file in files}  # fmt: skip
    assert repaired["a"] == ({}, {"phone:bad_shape": 2})
    assert repaired["b"] == ({"trim": 1}, {})


def test_an_account_that_does_not_add_up_stops_the_night() -> None:
    FileAccount(lines=3, header=1, accepted=1, quarantined=1).prove("a.csv")
    with pytest.raises(AccountingError, match=r"a\.csv: 3 records were read, 2 are"):
        FileAccount(lines=3, header=1, accepted=1).prove("a.csv")


def test_bad_records_are_quarantined_whole_with_all_their_reasons(till: Ingested) -> None:
    found = till.columns(till.night.quarantine, "source_line", "reasons")
    assert found == [
        (8, ["amount:too_precise", "line_no:not_an_integer", "paid_at:not_a_time",
             "status:unknown_value"]),
        (9, ["short_row"]),
    ]  # fmt: skip
    sealed = {row["source_line"]: row["sealed_line"] for row in till.rows(till.night.quarantine)}
    assert unseal_of(KEY, bytes(sealed[9])) == "T5,1,C5"


def test_one_row_per_key_and_file_the_newest_by_the_tables_time(till: Ingested) -> None:
    columns = ("order_id", "line_no", "sku_id", "amount", "source_line")
    found = till.columns(till.night.clean["order_lines"], *columns)
    assert found == [
        ("T1", 1, "milk", Decimal("1.50"), 2), ("T1", 2, "bread", Decimal("2.00"), 3),
        ("T2", 1, "milk", Decimal("1.60"), 5), ("T2", 1, "old", Decimal("7.00"), 2),
        ("T3", 1, "tea", Decimal("9.00"), 7),
        ("T6", 1, "tea", Decimal("3.00"), 10), ("T7", 1, "ham", Decimal("4.00"), 3),
    ]  # fmt: skip


def test_a_roll_up_adds_the_standing_lines_only(till: Ingested) -> None:
    orders = till.night.clean["orders"]
    columns = ("order_id", "status", "paid_at", "amount", "line_count", "is_deleted")
    found = till.columns(orders, *columns)
    assert found == [
        ("T1", "paid", datetime(2017, 3, 1, 1, 5), Decimal("3.50"), 2, False),
        ("T2", "refunded", datetime(2017, 3, 1, 2, 1), Decimal("1.60"), 1, False),
        ("T3", "paid", datetime(2017, 3, 1, 16, 10), Decimal("9.00"), 1, False),
        ("T6", None, None, None, 0, True),
        ("T7", "paid", datetime(2017, 3, 3, 1, 0), Decimal("4.00"), 1, False),
    ]
    days = dict(till.columns(orders, "order_id", "day"))
    assert days == {"T1": NIGHT, "T2": NIGHT, "T3": date(2017, 3, 2), "T6": NIGHT,
                    "T7": date(2017, 3, 3)}  # fmt: skip


def test_an_order_unites_the_identifiers_of_its_lines_and_gives_them_back(
    till: Ingested,
) -> None:
    of_order = dict(till.columns(till.night.clean["orders"], "order_id", "sighting_id"))
    of_lines = set(till.columns(till.night.clean["order_lines"], "order_id", "sighting_id"))
    assert of_lines == set(of_order.items())
    assert of_order["T3"] is None
    sightings = {row["sighting_id"]: row for row in till.rows(till.night.sightings)}
    t1 = sightings[of_order["T1"]]
    assert [(each["kind"], each["scope"], each["token"]) for each in t1["identifiers"]] == [
        ("member_card", "loyalty", token_of(KEY, "member_card", "loyalty", "C1")),
        ("phone", "global", token_of(KEY, "phone", "global", PHONE)),
    ]
    assert (t1["row_count"], t1["first_date"], t1["last_date"]) == (2, NIGHT, NIGHT)
    assert sightings[of_order["T7"]]["first_date"] == date(2017, 3, 3)
    assert of_order["T6"] not in sightings  # a withdrawn row says nothing about people any more


def test_the_vault_opens_every_identifier_and_raw_shows_none(till: Ingested) -> None:
    vault = {
        row["token"]: unseal_of(KEY, bytes(row["sealed"]))
        for row in till.rows(till.night.identifiers)
    }
    assert vault == {
        token_of(KEY, kind, scope, value): value
        for kind, scope, value in [("phone", "global", PHONE), *(
            ("member_card", "loyalty", card) for card in ("C1", "C2", "C6", "C7"))]
    }  # fmt: skip
    assert till.night.raw is not None
    raw = {(row["source_file"][-5], row["source_line"]): row for row in till.rows(till.night.raw)}
    assert unseal_of(KEY, bytes(raw["a", 3]["mobile"])) == "138-1234-5678"
    assert raw["a", 8]["line_no"] == "one"
    assert len(raw) == 10


def test_profiles_hold_tokens_and_masks_that_the_vault_opens(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "crm").mkdir()
    text = ("ID,姓名,手机,生日,city,changed\n"
            "a1,张三,Li@Mail.cn,1985/03/21,上海,2017-02-01 00:00:00\n"
            "a1,张三丰,13812345678,1985/03/21,上海,2017-02-02 00:00:00\n"
            " ,李四,,,,\n")  # fmt: skip
    (tmp_path / "crm" / "20170301.csv").write_text(text, encoding="gbk")
    members = ingested(spark, engine, MEMBERS, tmp_path)
    (row,) = members.rows(members.night.clean["profiles"])
    masks = {"name": "张**", "phone": "138****5678", "birth_date": "****-03-21"}
    assert {name: row[f"{name}_mask"] for name in masks} == masks
    assert (row["account_id"], row["city"], row["day"]) == ("a1", "上海", date(2017, 2, 2))
    assert row["phone_token"] == token_of(KEY, "phone", "global", PHONE)
    assert row["name_token"] == token_of(KEY, column_kind("name"), "global", "张三丰")
    values = {(r["column_name"], r["token"]): unseal_of(KEY, bytes(r["sealed"]))
              for r in members.rows(members.night.profile_values)}  # fmt: skip
    opened = {name: values[name, row[f"{name}_token"]] for name in masks}
    assert opened == {"name": "张三丰", "phone": PHONE, "birth_date": "1985-03-21"}
    kinds = sorted(set(members.columns(members.night.identifiers, "kind", "scope")))
    assert kinds == [("account", "crm"), ("email", "global"), ("phone", "global")]
    assert members.columns(members.night.quarantine, "reasons") == [(["id:missing"],)]
    shown = str(members.rows(members.night.clean["profiles"])) + str(
        members.rows(members.night.sightings)
    )
    assert "张三丰" not in shown
    assert "13812345678" not in shown


def test_files_of_tasks_are_written_anew_only_where_a_record_of_them_is_beaten(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "crm").mkdir()
    head = "ID,姓名,手机,生日,city,changed\n"
    twice = head + "".join(f"a1,张三,,,城{n},2017-02-0{n} 00:00:00\n" for n in (1, 2))
    (tmp_path / "crm" / "20170301.csv").write_text(twice, encoding="gbk")
    once = head + "a2,李四,,,城3,2017-02-03 00:00:00\n"
    (tmp_path / "crm" / "20170228.csv").write_text(once, encoding="gbk")
    with large(spark) as engine:
        members = ingested(spark, engine, MEMBERS, tmp_path)
        rows = members.night.clean["profiles"]
        written = engine.output(rows)
        assert isinstance(written, Parts)
        assert [type(part) for part in written.parts] == [TaskFiles, LargeRows]
        assert members.columns(rows, "account_id", "city") == [("a1", "城2"), ("a2", "城3")]


def test_expressions_make_values_keys_and_conditions_and_show_nothing(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "desk").mkdir()
    visit = {"first": "三", "last": "张", "seen": "2017-03-01 08:00:00"}
    visits = [
        visit | {"id": "a1", "mobile": "13812345678", "note": "N1"},
        visit | {"id": "a2", "note": "-"},
        visit | {"id": "a3", "mobile": "13812345679", "note": "-"},
    ]
    lines = [json.dumps(each, ensure_ascii=False) for each in visits]
    (tmp_path / "desk" / "2017-03-01.jsonl").write_text("\n".join(lines), encoding="utf-8")
    desk = ingested(spark, engine, DESK, tmp_path)
    profiles = desk.columns(desk.night.clean["profiles"], "account_id", "name_token", "name_mask")
    name = token_of(KEY, column_kind("name"), "global", "张三")
    assert profiles == [("a1", name, "张*"), ("a2", name, "张*")]
    orders = desk.columns(desk.night.clean["orders"], "order_id", "status", "paid_at")
    assert orders == [("N1", "paid", datetime(2017, 3, 1))]
    (bad,) = desk.rows(desk.night.quarantine)
    assert bad["reasons"] == ["orders.order_id:missing"]
    assert unseal_of(KEY, bad["sealed_line"]) == lines[2]
    (value,) = desk.rows(desk.night.profile_values)[:1]
    named = {r["column_name"] for r in desk.rows(desk.night.profile_values)}
    assert named == {"name", "family_name", "given_name", "phone"}
    assert unseal_of(KEY, value["sealed"]) in ("张三", "张", "三", "+8613812345678")
    scopes = set(desk.columns(desk.night.identifiers, "kind", "scope"))
    assert scopes == {("account", "desk"), ("phone", ODD_SCOPE)}


def test_what_two_fields_of_one_kind_say_alike_is_in_the_set_once(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "crm").mkdir()
    channel = MEMBERS.replace("city:    {type: text}", "city:    {type: text, identifier: phone}")
    channel = channel.replace(" city: city,", "").replace("channel: crm", "channel: club")
    text = "ID,姓名,手机,生日,city,changed\na1,,138-1234-5678,,+8613812345678,2017-02-01 00:00:00\n"
    (tmp_path / "crm" / "20170301.csv").write_text(text, encoding="gbk")
    members = ingested(spark, engine, channel, tmp_path)
    (sighting,) = members.rows(members.night.sightings)
    tokens = [(each["kind"], each["token"]) for each in sighting["identifiers"]]
    assert tokens[1:] == [("phone", token_of(KEY, "phone", "global", PHONE))]


def test_a_night_without_files_gives_no_rows(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    nothing = ingested(spark, engine, LINES, tmp_path)
    assert nothing.night.accounts == {}
    assert [nothing.rows(rows) for rows in nothing.night.clean.values()] == [[], []]
    assert nothing.night.files == ()


def test_the_plan_shows_neither_key_nor_secret(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "till" / NIGHT.isoformat()).mkdir(parents=True)
    (tmp_path / "till" / NIGHT.isoformat() / "a.csv").write_text(FIRST, encoding="utf-8")
    with SparkEngine(spark) as engine:
        till = ingested(spark, engine, LINES, tmp_path)
        frame = engine.frame(till.night.clean["orders"])
        plan = frame._jdf.queryExecution().toString()
    assert KEY.token_key.hex() not in plan
    assert repr(KEY.seal_key) not in plan


def test_records_of_earlier_days_are_counted_as_late(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "till" / NIGHT.isoformat()).mkdir(parents=True)
    text = HEADER + (
        "T1,1,C1,,2017/2/28 23:59,milk,1.50,已付,\n"
        "T2,1,C1,,2017/3/1 0:00,milk,1.50,已付,\n"
        "T3,1,C1,,2017/2/1 0:00,milk,-1,已付,\n"
    )
    (tmp_path / "till" / NIGHT.isoformat() / "a.csv").write_text(text, encoding="utf-8")
    with LocalEngine(spark) as engine:
        (record,) = ingested(spark, engine, LINES, tmp_path).night.files
    file = dict(zip(FILES.column_names, record, strict=True))
    assert (file["accepted_count"], file["quarantined_count"], file["late_count"]) == (2, 1, 1)
