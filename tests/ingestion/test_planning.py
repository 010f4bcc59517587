"""Which files a night takes, with a ledger written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion import arrivals
from ingestion.arrivals import ArrivedFile, arrived_files, found_files, moved
from ingestion.channels import Dataset
from ingestion.planning import FilePlan, LedgerEntry, Touched, plan_files, touched
from tests.ingestion.fixtures import LINES, MEMBERS, NIGHT, sound_channel

BEFORE, AFTER = NIGHT - timedelta(days=1), NIGHT + timedelta(days=1)
CHANNEL, DATASET = sound_channel(LINES)


def put(root: Path, path: str, text: str = "x") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def file(path: str, content: str, day: date = NIGHT) -> ArrivedFile:
    return ArrivedFile(path, day, content, 1)


def entry(
    path: str, content: str, night: date, generation: int = 1, state: str = "new",
    day: date | None = None,
) -> LedgerEntry:  # fmt: skip
    return LedgerEntry(path, content, generation, night, day or night, state)


def states(plan: FilePlan) -> dict[str, str]:
    """The state of every file that the night tells of."""
    files = (*plan.take, *plan.stale, *plan.copies, *plan.unready, *plan.told)
    return {file.path: file.state for file in files}


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


def test_a_file_of_an_earlier_day_is_late() -> None:
    plan = plan_files([file("a", "1", BEFORE), file("b", "2")], [], NIGHT, DATASET)
    assert states(plan) == {"a": "late", "b": "new"}


def test_a_file_that_lies_there_untouched_is_told_for_a_week() -> None:
    old = NIGHT - timedelta(days=8)
    ledger = [entry("a", "1", BEFORE), entry("b", "2", old)]
    arrived = [file("b", "2", old), file("a", "1", BEFORE), file("c", "3")]
    plan = plan_files(arrived, ledger, NIGHT, DATASET)
    assert states(plan) == {"a": "same", "c": "new"}
    assert [each.path for each in plan.same] == ["b", "a"]


def test_yesterdays_bytes_under_todays_date_are_held_back_until_accepted() -> None:
    ledger = [entry("old", "1", BEFORE)]
    plan = plan_files([file("old", "1", BEFORE), file("new", "1")], ledger, NIGHT, DATASET)
    assert plan.take == ()
    assert [(each.path, each.reason) for each in plan.stale] == [
        ("new", "same_bytes_as_another_date")
    ]
    accepted = plan.accepting({"new"}, NIGHT)
    assert states(accepted) == {"old": "same", "new": "new"}
    assert [each.reason for each in accepted.take] == [None]
    assert accepted.stale == ()


def test_a_backlog_taken_in_one_night_shows_a_dump_that_came_twice() -> None:
    plan = plan_files([file("a", "1", BEFORE), file("b", "1")], [], NIGHT, DATASET)
    assert states(plan) == {"a": "late", "b": "stale"}


def test_new_bytes_that_are_those_of_another_date_are_held_back_too() -> None:
    ledger = [entry("a", "1", BEFORE - timedelta(days=1)), entry("b", "2", BEFORE)]
    plan = plan_files([file("b", "1", BEFORE)], ledger, NIGHT, DATASET)
    assert [(each.path, each.generation) for each in plan.stale] == [("b", 2)]


def test_states_that_repeat_are_sound_where_they_arrive_whole_or_now_and_then() -> None:
    for arrives in ("sometimes", "full"):
        plan = plan_files([file("b", "1")], [entry("a", "1", BEFORE)], NIGHT, dataset_with(arrives))
        assert states(plan) == {"b": "new"}


def test_the_same_bytes_twice_in_a_day_are_taken_once_and_told() -> None:
    plan = plan_files([file("a", "1"), file("a (1)", "1")], [], NIGHT, DATASET)
    assert states(plan) == {"a": "new", "a (1)": "same"}
    assert [each.reason for each in plan.copies] == ["same_bytes_as_another_file"]


def test_a_copy_is_taken_once_the_first_file_has_new_bytes() -> None:
    ledger = [entry("a", "1", BEFORE, day=NIGHT), entry("a", "2", BEFORE, 2, day=NIGHT)]
    assert states(plan_files([file("copy", "1")], ledger, NIGHT, DATASET)) == {"copy": "new"}


def test_only_the_newest_whole_state_is_taken_and_all_of_its_files() -> None:
    full = dataset_with("full")
    ledger = [entry("a", "1", BEFORE), entry("b", "2", BEFORE)]
    parts = [file("a", "1", BEFORE), file("b", "3", BEFORE)]
    plan = plan_files(parts, ledger, NIGHT, full)
    assert {f.path: (f.state, f.generation) for f in plan.take} == {
        "a": ("same", 1), "b": ("superseded", 2),
    }  # fmt: skip
    newer = plan_files([*parts, file("c", "4")], ledger, NIGHT, full)
    assert states(newer) == {"a": "same", "b": "stale", "c": "new"}
    assert [each.reason for each in newer.stale] == ["older_than_the_state_held"]
    assert plan_files(parts[:1], ledger, NIGHT, full).take == ()


def test_a_night_run_again_reads_the_same_whole_state_again() -> None:
    full, parts = dataset_with("full"), [file("a", "1"), file("b", "3")]
    earlier = [entry("a", "1", BEFORE, day=NIGHT), entry("b", "2", BEFORE, day=NIGHT)]
    own = [entry("a", "1", NIGHT, 1, "same"), entry("b", "3", NIGHT, 2, "superseded")]
    first = plan_files(parts, earlier, NIGHT, full)
    assert plan_files(parts, [*earlier, *own], NIGHT, full).take == first.take
    lost = plan_files(parts[1:], [*earlier, *own], NIGHT, full)
    assert [each.path for each in lost.vanished] == ["a"]


def test_an_optional_dataset_without_a_file_is_told_and_waited_for_by_nobody() -> None:
    plan = plan_files([], [], NIGHT, dataset_with("daily", "required: false"))
    assert states(plan) == {"till/2017-03-01/*.csv": "missing"}
    assert plan_files([], [], NIGHT, dataset_with("sometimes")).told == ()


def test_a_dump_counts_once_its_marker_lies_beside_it(scratch: Path) -> None:
    dataset = dataset_with("daily", "ready: _SUCCESS")
    put(scratch, "till/2017-03-01/a.csv")
    found = arrived_files(scratch, CHANNEL, dataset, NIGHT)
    assert [(each.waiting, each.sha256) for each in found] == [("unready", "")]
    plan = plan_files(found, [], NIGHT, dataset)
    assert plan.missing == ("till/2017-03-01/*.csv (its marker _SUCCESS)",)
    assert [(each.state, each.reason) for each in plan.unready] == [("growing", "marker_missing")]
    put(scratch, "till/2017-03-01/_SUCCESS")
    ready = plan_files(arrived_files(scratch, CHANNEL, dataset, NIGHT), [], NIGHT, dataset)
    assert (states(ready), ready.missing) == ({"till/2017-03-01/a.csv": "new"}, ())


def test_a_marker_may_be_every_files_own_and_is_no_dump(scratch: Path) -> None:
    dataset = dataset_with("daily", 'ready: "{file}.done"', path="till/{date}/*")
    for name in ("a.csv", "a.csv.done", "b.csv"):
        put(scratch, f"till/2017-03-01/{name}")
    found = arrived_files(scratch, CHANNEL, dataset, NIGHT)
    assert [(each.path[-5:], each.waiting) for each in found] == [
        ("a.csv", None), ("b.csv", "unready"),
    ]  # fmt: skip


def test_a_file_that_grows_while_it_is_read_is_growing(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(scratch, "till/2017-03-01/a.csv", "one")

    look = arrivals._looked_at

    def looked_at_and_grown(*given: Any) -> ArrivedFile:
        seen = look(*given)
        put(scratch, "till/2017-03-01/a.csv", "one and more")
        return seen

    monkeypatch.setattr(arrivals, "_looked_at", looked_at_and_grown)
    found = arrived_files(scratch, CHANNEL, DATASET, NIGHT)
    assert [(each.waiting, each.sha256) for each in found] == [("growing", "")]
    plan = plan_files(found, [], NIGHT, DATASET)
    assert (plan.growing, plan.take) == (("till/2017-03-01/a.csv",), ())


def test_a_file_that_changes_or_goes_after_it_was_planned_has_moved(scratch: Path) -> None:
    for name in ("a", "b", "c"):
        put(scratch, f"till/2017-03-01/{name}.csv", name)
    found = found_files(scratch, CHANNEL, DATASET, NIGHT)
    assert moved(scratch, found) == []
    put(scratch, "till/2017-03-01/a.csv", "longer")
    (scratch / "till/2017-03-01/b.csv").unlink()
    assert moved(scratch, found) == ["till/2017-03-01/a.csv", "till/2017-03-01/b.csv"]


def test_a_file_younger_than_the_settling_time_is_growing(scratch: Path) -> None:
    put(scratch, "till/2017-03-01/a.csv")
    (found,) = found_files(scratch, CHANNEL, DATASET, NIGHT)
    by = found.modified_ns
    assert [f.waiting for f in found_files(scratch, CHANNEL, DATASET, NIGHT, by)] == [None]
    assert [f.waiting for f in found_files(scratch, CHANNEL, DATASET, NIGHT, by - 1)] == ["growing"]


def test_a_plan_touches_the_days_of_its_files_and_the_tables_it_feeds() -> None:
    ledger = [entry("known", "k", BEFORE), entry("a", "1", BEFORE)]
    late, new = file("late", "l", BEFORE), file("new", "n")
    plan = plan_files([file("known", "k", BEFORE), late], ledger, NIGHT, DATASET)
    assert touched(DATASET, plan, NIGHT) == Touched((BEFORE,), ("orders", "order_lines"))
    again = plan_files([file("a", "2", BEFORE), new], ledger, NIGHT, DATASET)
    assert touched(DATASET, again, NIGHT).days == (BEFORE, NIGHT)
    nothing = plan_files([file("known", "k", BEFORE)], ledger, NIGHT, DATASET)
    assert touched(DATASET, nothing, NIGHT) == Touched((), ())


def dataset_with(arrives: str, more: str = "", path: str = "till/{date}/*.csv") -> Dataset:
    """The till's dataset, arriving otherwise."""
    keys = "".join(f"    {line}\n" for line in (f"arrives: {arrives}", more) if line)
    text = LINES.replace("    time_zone", f"{keys}    time_zone")
    return sound_channel(text.replace("till/{date}/*.csv", path))[1]
