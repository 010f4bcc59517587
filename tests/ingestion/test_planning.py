"""Which files a night takes, with a ledger written by hand."""

from datetime import date, timedelta
from pathlib import Path

from ingestion.arrivals import ArrivedFile, arrived_files
from ingestion.planning import LedgerEntry, plan_files
from tests.ingestion.fixtures import LINES, MEMBERS, NIGHT, sound_channel

BEFORE, AFTER = NIGHT - timedelta(days=1), NIGHT + timedelta(days=1)
CHANNEL, DATASET = sound_channel(LINES)


def put(root: Path, path: str, text: str = "x") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def file(path: str, content: str, day: date = NIGHT) -> ArrivedFile:
    return ArrivedFile(path, day, content, 1)


def entry(path: str, content: str, night: date, generation: int = 1) -> LedgerEntry:
    return LedgerEntry(path, content, generation, night)


def test_files_up_to_the_date_are_found_and_hidden_later_or_odd_ones_are_not(scratch: Path) -> None:
    for path in (
        "till/2017-02-28/a.csv", "till/2017-03-01/b.csv", "till/2017-03-01/a[1]*.csv",
        "till/2017-03-01/.b.csv", "till/2017-03-01/b.csv.tmp", "till/2017-03-02/c.csv",
        "till/2017-02-30/d.csv", "till/today/e.csv", "other/2017-03-01/f.csv",
    ):  # fmt: skip
        put(scratch, path)
    found = arrived_files(scratch, CHANNEL, DATASET, NIGHT)
    assert [each.path for each in found] == [
        "till/2017-02-28/a.csv", "till/2017-03-01/a[1]*.csv", "till/2017-03-01/b.csv",
    ]  # fmt: skip
    assert [each.path_date for each in found] == [BEFORE, NIGHT, NIGHT]
    assert found[0].byte_count == 1
    assert found[0].sha256.startswith("2d711642")


def test_a_compact_date_in_a_file_name_is_told_too(scratch: Path) -> None:
    put(scratch, "crm/20170301.csv")
    put(scratch, "crm/20171301.csv")
    found = arrived_files(scratch, *sound_channel(MEMBERS), NIGHT)
    assert [(each.path, each.path_date) for each in found] == [("crm/20170301.csv", NIGHT)]


def test_a_link_out_of_the_landing_root_is_refused_unread(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    put(root, "till/2017-03-01/a.csv")
    put(tmp_path, "outside.csv", "secret")
    put(tmp_path, "elsewhere/2017-03-01/b.csv", "secret")
    (root / "till/2017-03-01/link.csv").symlink_to(tmp_path / "outside.csv")
    (root / "till/2017-02-28").symlink_to(tmp_path / "elsewhere/2017-03-01")
    found = arrived_files(root, CHANNEL, DATASET, NIGHT)
    assert [(each.path, each.refusal, each.sha256 == "") for each in found] == [
        ("till/2017-03-01/a.csv", None, False),
        ("till/2017-03-01/link.csv", "outside_landing_root", True),
    ]
    plan = plan_files(found, [], NIGHT, DATASET)
    assert [each.path for each in plan.refused] == ["till/2017-03-01/link.csv"]


def test_a_night_takes_what_no_night_has_and_what_it_took_itself() -> None:
    arrived = [file("known", "k"), file("own", "o"), file("fresh", "f"), file("theirs", "t")]
    ledger = [entry("known", "k", BEFORE), entry("own", "o", NIGHT), entry("theirs", "t", AFTER)]
    plan = plan_files(arrived, ledger, NIGHT, DATASET)
    assert [(each.path, each.generation, each.state) for each in plan.take] == [
        ("fresh", 1, "new"), ("own", 1, "new"),
    ]  # fmt: skip
    assert [each.path for each in plan.same] == ["known"]
    assert plan.vanished == ()


def test_new_bytes_under_a_known_path_supersede_with_the_next_generation_again_and_again() -> None:
    ledger = [entry("a", "1", BEFORE - timedelta(days=1)), entry("a", "2", BEFORE, 2)]
    first = plan_files([file("a", "3")], ledger, NIGHT, DATASET)
    again = plan_files([file("a", "3")], [*ledger, entry("a", "3", NIGHT, 3)], NIGHT, DATASET)
    assert [(f.generation, f.state) for f in first.superseding] == [(3, "superseded")]
    assert first == again


def test_a_file_changed_since_this_night_took_it_has_vanished_for_a_rerun() -> None:
    ledger = [entry("a", "1", NIGHT), entry("a", "2", AFTER, 2)]
    plan = plan_files([file("a", "2")], ledger, NIGHT, DATASET)
    assert plan.take == ()
    assert plan.vanished == (ledger[0],)


def test_a_required_dataset_without_a_file_of_the_day_is_missing() -> None:
    assert plan_files([file("a", "1", BEFORE)], [], NIGHT, DATASET).missing == (
        "till/2017-03-01/*.csv",
    )
    assert plan_files([file("a", "1")], [], NIGHT, DATASET).missing == ()
    text = LINES.replace("    time_zone", "    required: false\n    time_zone")
    optional = sound_channel(text)[1]
    assert plan_files([], [], NIGHT, optional).missing == ()
