"""Generated people: the same bytes for the same plan, nights that change, a project that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from examples.people.__main__ import main
from examples.people.found import found_people, merged_things
from examples.people.generate import generate
from examples.people.plan import SHARES, Plan, usual_plan
from jobs.command_line import main as onefold
from jobs.definitions import load_definitions
from tests.examples.people_dumps import (
    NIGHTS,
    PLAN,
    START,
    channels,
    files,
    landed,
    links_of,
    of,
    records_of,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def records(folder: Path) -> pd.DataFrame:
    return records_of(folder)


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


def test_without_planted_things_no_identifier_is_two_persons_and_many_join_records(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "clean"
    generate(Plan(people=1_000, nights=2, start=START), folder)
    links = links_of(folder)
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


def test_help_tells_how_many_are_planted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "--bridges BRIDGES how many; usually 2.0% of the people" in told


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
    assert found.element_count == len(records_of(folder))
    assert found.pairwise.precision == 1.0
    assert found.over_merged_count == 0
    assert found.pairwise.recall > 0.5
