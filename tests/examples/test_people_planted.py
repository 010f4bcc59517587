"""What is planted in generated people: each shape in the dumps as the truth tells it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import phonenumbers
import pytest
from stdnum.cn import ric

from examples.people.planted import PLACEHOLDERS, SILENCE
from tests.examples.people_dumps import (
    NIGHTS,
    PLAN,
    landed,
    links_of,
    of,
    spelt,
)


@pytest.fixture(scope="module")
def links(folder: Path) -> pd.DataFrame:
    return links_of(folder)


def test_identifiers_are_well_formed(links: pd.DataFrame) -> None:
    ids = set(links["value"][links["kind"] == "national_id"]) - {PLACEHOLDERS["national_id"]}
    assert len(ids) > 500 and all(map(ric.is_valid, ids))
    phones = set(links["value"][links["kind"] == "phone"]) - {"+8613800000000"}
    assert len(phones) > 2_000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)
    emails = links["value"][links["kind"] == "email"]
    assert emails.str.fullmatch(r"[a-z]+(\.\d{8})?@[a-z]+\.(test|tes)").all()


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
