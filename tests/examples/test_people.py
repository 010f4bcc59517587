"""Generated people: the same bytes for the same plan, and every planted shape in its number."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from stdnum.cn import ric

from examples.people.__main__ import main
from examples.people.found import found_people, merged_things
from examples.people.generate import generate
from examples.people.plan import SHARES, Plan, usual_plan
from examples.people.planted import PLACEHOLDERS, SILENCE
from identity.normalise import normalised
from jobs.command_line import main as onefold
from jobs.definitions import load_definitions
from model.identity_policy import IdentifierKind

ROOT = Path(__file__).parents[2]
START = date(2024, 6, 1)
PLAN = Plan(
    people=3_000, nights=4, start=START, bridges=40, store_phone=60, kiosk=30, mailboxes=20,
    families=30, recycled_phones=32, changed_phones=40, shared_devices=20, placeholders=22,
    typos=30,
)  # fmt: skip
NIGHTS = ["2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"]
KINDS = {
    "会员卡号": "member_card", "card": "member_card", "user_id": "account", "uid": "account",
    "user": "account", "身份证号": "national_id", "id_card": "national_id", "手机": "phone",
    "mobile": "phone", "delivery_phone": "phone", "phone": "phone", "电子邮箱": "email",
    "email": "email", "wx_unionid": "unionid", "unionid": "unionid", "openid": "openid",
    "did": "device", "cookie": "cookie",
}  # fmt: skip
RULES = {"phone": IdentifierKind(1, "phone", region="CN"), "email": IdentifierKind(2, "email")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    generate(PLAN, folder)
    return folder


@pytest.fixture(scope="module")
def events(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / "events.parquet")


@pytest.fixture(scope="module")
def records(folder: Path) -> pd.DataFrame:
    """The truth's records, with the place of each in its night's dump of its channel."""
    nights = [
        pd.read_parquet(folder / "truth" / "records" / f"{night}.parquet").assign(night=night)
        for night in NIGHTS
    ]
    records = pd.concat(nights, ignore_index=True)
    return records.assign(line=records.groupby(["night", "channel"]).cumcount())


@pytest.fixture(scope="module")
def links(folder: Path, records: pd.DataFrame) -> pd.DataFrame:
    """A row for every identifier of every landed row, normalised, with what the truth says of it:
    night, channel, line, kind, value, record_id, person, day."""
    return identifiers(folder).merge(records, on=["night", "channel", "line"], validate="m:1")


def landed(folder: Path, channel: str, night: str) -> pd.DataFrame:
    (file,) = (folder / "landing" / channel / night).iterdir()
    delimiter = ";" if channel == "accounts" else ","
    return pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False)


def channels(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "landing").iterdir())


def identifiers(folder: Path) -> pd.DataFrame:
    found = []
    for channel in channels(folder):
        for night in sorted(path.name for path in (folder / "landing" / channel).iterdir()):
            rows = landed(folder, channel, night)
            for column in rows.columns.intersection(list(KINDS)):
                kind = KINDS[column]
                value = rows[column].map(lambda text, kind=kind: spelt(text, kind))
                found.append(pd.DataFrame({"channel": channel, "night": night, "kind": kind,
                                           "line": range(len(rows)), "value": value}))  # fmt: skip
    links = pd.concat(found, ignore_index=True)
    return links[links["value"] != ""]


def spelt(text: str, kind: str) -> str:
    """As identity spells it; what is no such identifier as it is written."""
    return (normalised(text, RULES[kind]) or text) if kind in RULES else text


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def of(events: pd.DataFrame, *names: str) -> pd.DataFrame:
    return events[events["event"].isin(names)]


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    counts = [f"--{shape.replace('_', '-')}={PLAN[shape]}" for shape in SHARES]
    command = [sys.executable, "-m", "examples.people", "3000", "4", str(tmp_path / "again")]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, *counts], check=True, cwd=ROOT, env=environment)
    assert files(tmp_path / "again") == files(folder)


def test_another_seed_gives_other_people(folder: Path, tmp_path: Path) -> None:
    generate(usual_plan(500, 1, START, seed=2), tmp_path / "other")
    cards = [set(landed(where, "crm", NIGHTS[0])["会员卡号"]) for where in
             (tmp_path / "other", folder)]  # fmt: skip
    assert cards[0] and not cards[0] & cards[1]


def test_the_usual_shares_are_the_bar_s_numbers_with_a_million_people() -> None:
    plan = usual_plan(1_000_000, 30, START)
    assert (plan.bridges, plan.store_phone, plan.kiosk) == (20_000, 20_000, 5_000)
    assert (plan.families, plan.recycled_phones, plan.changed_phones) == (10_000, 10_000, 10_000)


def test_every_row_has_its_person_and_every_record_one_person(
    folder: Path, records: pd.DataFrame
) -> None:
    assert len(channels(folder)) == 7
    for (channel, night), rows in records.groupby(["channel", "night"]):
        assert rows["record_id"].tolist() == landed(folder, channel, night).iloc[:, 0].tolist()
    assert (records.groupby(["channel", "record_id"])["person"].nunique() == 1).all()
    assert not records.duplicated(["night", "channel", "record_id"]).any()


def test_a_later_night_is_about_a_hundredth_of_the_records(tmp_path: Path) -> None:
    told = generate(Plan(people=20_000, nights=3, start=START), tmp_path / "clean")
    first, *later = (sum(night["records"].values()) for night in told["nights"])
    assert 4.5 < first / 20_000 < 5.5
    assert all(0.009 < night / first < 0.011 for night in later)
    assert 1.5 < told["nights"][0]["links"] / first < 1.7


def test_later_nights_add_edit_and_delete(records: pd.DataFrame, events: pd.DataFrame) -> None:
    assert set(records[records["night"] == NIGHTS[0]]["does"]) == {"add"}
    later = records[records["night"] > NIGHTS[0]]
    assert set(later["does"]) == {"add", "edit", "delete"}
    known = records.groupby(["channel", "record_id"])["night"].transform("min")
    assert (known[records["does"] == "add"] == records["night"][records["does"] == "add"]).all()
    assert (known[records["does"] != "add"] < records["night"][records["does"] != "add"]).all()
    new = of(events, "joined")
    assert len(new) == 3 * round(3_000 * 0.01 * 0.3)
    first = records.groupby("person")["night"].min()
    assert first.loc[new["person"]].tolist() == new["night"].astype(str).tolist()
    assert first.index.tolist() == list(range(3_000 + len(new)))


def test_who_leaves_does_nothing_more(records: pd.DataFrame, events: pd.DataFrame) -> None:
    gone = of(events, "deleted").groupby("person")["night"].max()
    assert len(gone) > 3
    deleted = records[records["does"] == "delete"]
    assert set(deleted["person"]) == set(gone.index)
    later = records[records["person"].isin(gone.index)]
    assert (pd.to_datetime(later["night"]) <= pd.to_datetime(later["person"].map(gone))).all()


def test_late_rows_are_of_days_before_their_night(
    records: pd.DataFrame, events: pd.DataFrame
) -> None:
    late = records[records["is_late"]]
    assert len(late) == len(of(events, "late")) > 5
    assert set(late["night"]) <= set(NIGHTS[1:])
    assert (pd.to_datetime(late["day"]) < pd.to_datetime(late["night"])).all()
    on_time = records[~records["is_late"] & records["does"].eq("add")
                      & records["night"].gt(NIGHTS[0])]  # fmt: skip
    assert (pd.to_datetime(on_time["day"]) == pd.to_datetime(on_time["night"])).all()


def test_identifiers_are_well_formed(links: pd.DataFrame) -> None:
    ids = set(links["value"][links["kind"] == "national_id"]) - {PLACEHOLDERS["national_id"]}
    assert len(ids) > 500 and all(map(ric.is_valid, ids))
    phones = set(links["value"][links["kind"] == "phone"]) - {"+8613800000000"}
    assert len(phones) > 2_000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)
    emails = links["value"][links["kind"] == "email"]
    assert emails.str.fullmatch(r"[a-z]+(\.\d{8})?@[a-z]+\.(test|tes)").all()


def test_without_planted_things_no_identifier_is_two_persons_and_many_join_records(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "clean"
    generate(Plan(people=1_000, nights=2, start=START), folder)
    records = pd.concat(
        [
            pd.read_parquet(folder / "truth" / "records" / f"{night}.parquet").assign(night=night)
            for night in NIGHTS[:2]
        ]
    )
    records["line"] = records.groupby(["night", "channel"]).cumcount()
    links = identifiers(folder).merge(records, on=["night", "channel", "line"], validate="m:1")
    holders = links.groupby(["kind", "value"])["person"].nunique()
    assert holders.max() == 1
    shared = links.groupby(["kind", "value"])["channel"].nunique()
    assert {"phone", "email", "account", "member_card", "unionid", "national_id"} <= set(
        shared[shared > 1].index.get_level_values("kind")
    )


def test_what_is_planted_changes_no_row_of_anybody_else(
    folder: Path, events: pd.DataFrame, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    generate(Plan(people=PLAN.people, nights=PLAN.nights, start=START), clean)
    changes = ("joined", "deleted", "late")
    planted = events[~events["event"].isin(changes)]
    touched = set(planted["person"]) | set(planted["other_person"].dropna())
    untouched = [rows_of_others(each, touched) for each in (folder, clean)]
    assert untouched[0] == untouched[1]
    assert len(untouched[0]) > 10_000


def rows_of_others(folder: Path, touched: set[int]) -> list[tuple[str, ...]]:
    """All landed rows, with channel and night, of persons who are not touched."""
    found = []
    for channel in channels(folder):
        for night in NIGHTS:
            records = pd.read_parquet(folder / "truth" / "records" / f"{night}.parquet")
            person = records[records["channel"] == channel]["person"]
            rows = landed(folder, channel, night)[~person.isin(touched).to_numpy()]
            found += [(channel, night, *row) for row in rows.itertuples(index=False, name=None)]
    return found


@pytest.mark.parametrize(
    ("event", "promised"),
    [
        ("bridge", PLAN.bridges), ("store_phone", PLAN.store_phone), ("kiosk", PLAN.kiosk),
        ("mailbox", PLAN.mailboxes), ("recycled_phone", PLAN.recycled_phones),
        ("changed_phone", PLAN.changed_phones), ("shared_device", PLAN.shared_devices),
        ("placeholder", PLAN.placeholders), ("typo", PLAN.typos),
    ],
)  # fmt: skip
def test_planted_shapes_are_there_in_the_promised_numbers(
    event: str, promised: int, events: pd.DataFrame
) -> None:
    rows = of(events, event)
    assert len(rows) == rows["person"].nunique() == promised


def test_a_family_s_phone_stands_in_the_profiles_of_all_its_members(
    events: pd.DataFrame, links: pd.DataFrame
) -> None:
    family = of(events, "family")
    assert family["value"].nunique() == family["other_person"].nunique() == PLAN.families
    profiles = links[links["channel"].isin(["crm", "accounts"])]
    holders = profiles[profiles["kind"] == "phone"].groupby("value")["person"].agg(set)
    for phone, members in family.groupby("value"):
        assert holders[phone] == set(members["person"]) | set(members["other_person"])
        assert 2 <= len(holders[phone]) <= 4


@pytest.mark.parametrize(
    ("event", "kind", "channel"),
    [("store_phone", "phone", "crm"), ("kiosk", "device", "app"), ("mailbox", "email", "crm")],
)
def test_hubs_stand_beside_each_of_their_persons(
    event: str, kind: str, channel: str, events: pd.DataFrame, links: pd.DataFrame
) -> None:
    hub = of(events, event)
    held = links[(links["kind"] == kind) & (links["channel"] == channel)]
    pairs = held[["person", "value"]].merge(hub[["person", "value"]]).drop_duplicates()
    assert len(pairs) == len(hub)
    assert hub["value"].nunique() == (2 if event == "mailbox" else 1)
    assert not set(held["person"][held["value"].isin(hub["value"])]) - set(hub["person"])


def test_a_bridge_stands_in_two_profiles_each_beside_another_national_id(
    events: pd.DataFrame, links: pd.DataFrame
) -> None:
    bridges = of(events, "bridge")
    assert bridges["kind"].value_counts().to_dict() == {"phone": 20, "email": 20}
    first = links[links["night"] == NIGHTS[0]]
    for bridge in bridges.itertuples():
        ids = []
        for channel, person in (("crm", bridge.other_person), ("accounts", bridge.person)):
            row = first[(first["channel"] == channel) & (first["person"] == person)]
            assert bridge.value in set(row["value"][row["kind"] == bridge.kind])
            ids += row["value"][row["kind"] == "national_id"].tolist()
        assert len(ids) == len(set(ids)) == 2


def strong_days(links: pd.DataFrame, person: int, phone: str) -> pd.Series:
    """The days of a person's rows that hold the phone beside a card or an account."""
    rows = links[links["person"] == person]
    keys = ["night", "channel", "line"]
    strong = rows[rows["kind"].isin(["member_card", "account"])][keys].drop_duplicates()
    return pd.to_datetime(rows[rows["value"] == phone].merge(strong, on=keys)["day"])


def test_a_recycled_phone_was_silent_between_its_two_owners(
    events: pd.DataFrame, links: pd.DataFrame
) -> None:
    recycled = of(events, "recycled_phone")
    assert recycled["night"].value_counts().tolist() == [8, 8, 8, 8]
    for phone in recycled.itertuples():
        before = strong_days(links, phone.other_person, phone.value)
        after = strong_days(links, phone.person, phone.value)
        assert before.max() == pd.Timestamp(phone.left_on)
        assert after.min() == pd.Timestamp(phone.day)
        assert (after.min() - before.max()).days > SILENCE
        days = pd.to_datetime(links[links["value"] == phone.value]["day"])
        assert not days.between(before.max(), after.min(), inclusive="neither").any()
        owners = links[links["person"].isin([phone.person, phone.other_person])]
        assert not (owners["kind"] == "national_id").any()
        assert set(links[links["value"] == phone.value]["person"]) <= set(owners["person"])


def test_a_changed_phone_follows_the_old_one_of_the_same_person(
    events: pd.DataFrame, links: pd.DataFrame
) -> None:
    changed = of(events, "changed_phone")
    assert changed["night"].value_counts().tolist() == [10, 10, 10, 10]
    for change in changed.itertuples():
        old = strong_days(links, change.person, change.other_value)
        new = strong_days(links, change.person, change.value)
        assert old.max() < pd.Timestamp(change.day) == new.min()
        shown = links[(links["person"] == change.person) & (links["value"] == change.value)]
        assert shown["night"].min() == str(change.night)
        later = shown[shown["channel"].isin(["crm", "accounts"])]
        assert str(change.night) == NIGHTS[0] or str(change.night) in set(later["night"])


def test_two_accounts_log_in_on_a_shared_device(events: pd.DataFrame, links: pd.DataFrame) -> None:
    app = links[links["channel"] == "app"]
    for shared in of(events, "shared_device").itertuples():
        lines = app[app["value"] == shared.value][["night", "line"]]
        accounts = app[app["kind"] == "account"].merge(lines)
        assert set(accounts["person"]) == {shared.person, shared.other_person}
        assert accounts["value"].nunique() == 2


def test_placeholders_and_typos_stand_in_the_rows_of_their_persons(
    folder: Path, events: pd.DataFrame, links: pd.DataFrame
) -> None:
    people = pd.read_parquet(folder / "truth" / "people.parquet").set_index("person")
    for row in of(events, "placeholder").itertuples():
        held = set(links[(links["person"] == row.person) & (links["kind"] == row.kind)]["value"])
        assert spelt(row.value, row.kind) in held
    profiles = links[links["channel"].isin(["crm", "accounts"]) & (links["night"] == NIGHTS[0])]
    for row in of(events, "typo").itertuples():
        if row.kind != "name":
            values = profiles[(profiles["person"] == row.person) & (profiles["kind"] == row.kind)]
            right = people.at[row.person, "first_phone" if row.kind == "phone" else "email"]
            assert set(values["value"]) - {right}
    both = names(folder, "crm", "姓名").merge(names(folder, "accounts", "real_name"), on="person")
    mistyped = set(both["person"][both["name_x"] != both["name_y"]])
    assert mistyped <= set(of(events, "typo").query("kind == 'name'")["person"])
    assert len(mistyped) > 2


def names(folder: Path, channel: str, column: str) -> pd.DataFrame:
    """Name and person of the first night's profiles."""
    records = pd.read_parquet(folder / "truth" / "records" / f"{NIGHTS[0]}.parquet")
    person = records[records["channel"] == channel]["person"].to_numpy()
    return pd.DataFrame({"name": landed(folder, channel, NIGHTS[0])[column], "person": person})


def test_the_truth_s_people_hold_the_identifiers_of_their_rows(
    folder: Path, links: pd.DataFrame
) -> None:
    people = pd.read_parquet(folder / "truth" / "people.parquet").set_index("person")
    for kind in ("member_card", "account", "openid", "unionid"):
        held = links[links["kind"] == kind]
        assert (held["value"].to_numpy() == people[kind].loc[held["person"]].to_numpy()).all()


def test_the_project_is_sound_and_every_column_has_its_field(folder: Path) -> None:
    definitions = load_definitions(folder, "local", [])
    assert [channel.name for channel in definitions.channels] == channels(folder)
    for channel in definitions.channels:
        (dataset,) = channel.datasets
        entry = dataset.entry
        headers = {field.headers(name)[0] for name, field in entry.fields.items()}
        assert headers == set(landed(folder, channel.name, NIGHTS[0]).columns)


def test_more_than_the_people_can_carry_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["100", "1", str(tmp_path / "few"), "--bridges", "200"]) == 2
    assert "bridge a: 200 persons wanted" in capsys.readouterr().err
    assert main(["0", "1", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "few").exists()


def test_a_folder_in_use_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(folder)
    assert main(["100", "1", str(folder)]) == 2
    assert "choose an empty folder" in capsys.readouterr().err
    assert files(folder) == before


def test_wrong_merges_are_counted_by_what_is_planted_there() -> None:
    one_ids = {1: 10, 2: 10, 3: 11, 4: 12, 5: None, 6: None}
    records = pa.table({"person": list(one_ids), "one_id": pa.array(one_ids.values(), pa.int64())})
    things = [
        ("bridge", 1, 2), ("bridge", 1, 3), ("bridge", 3, 4), ("bridge", 5, 6),
        ("hub", 1, None), ("hub", 3, None), ("hub", 5, None),
    ]  # fmt: skip
    event, person, other = zip(*things, strict=True)
    events = pa.table({"event": event, "person": person, "other_person": pa.array(other)})
    assert merged_things(records, events) == {"bridge": (4, 1), "hub": (3, 1)}


@pytest.mark.slow
def test_a_night_of_clean_people_joins_no_two_persons(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    assert main(["150", "1", str(folder), "--clean"]) == 0
    policy = folder / "conf" / "identity.yml"
    given = policy.read_text(encoding="utf-8")
    local = given.replace("full_build: graphframes", "full_build: local")
    policy.write_text(local, encoding="utf-8")  # which gives the same labels, sooner
    words = ["--project", str(folder), "--date", NIGHTS[0], "--quiet"]
    assert onefold(["run", *words]) == 0
    found = found_people(folder)
    assert found.element_count == sum_of_records(folder)
    assert found.pairwise.precision == 1.0
    assert found.over_merged_count == 0
    assert found.pairwise.recall > 0.5


def sum_of_records(folder: Path) -> Any:
    return len(pd.read_parquet(folder / "truth" / "records" / f"{NIGHTS[0]}.parquet"))
