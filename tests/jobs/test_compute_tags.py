"""Tags of a week over nights of a lake: carried, and computed anew by a new definition."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
TRIPS = "tag_definitions/use/trips.yml"
CATALOG = (
    "select distinct tag, every, replaces, version, computed_date from tags.tag_catalog "
    "where tag in ('fares', 'trips', 'rides') order by all"
)
FARES = "select one_id, fares_ever, trips_ever from tags.customer_tags order by all"


def edited(project: Path, old: str, new: str) -> None:
    path = project / TRIPS
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def night(project: Path, number: int) -> None:
    assert onefold(project, "run", "--date", str(NIGHTS[number])) == 0


def asked(project: Path, capfd: pytest.CaptureFixture[str], statement: str) -> list[list[str]]:
    capfd.readouterr()
    assert onefold(project, "sql", "--format", "csv", statement) == 0
    return [line.split(",") for line in capfd.readouterr().out.split()[1:]]


def test_a_week_is_carried_until_its_end_or_a_new_definition(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wednesday, thursday, friday = map(str, NIGHTS)
    project = Path(shutil.copytree(nights[0], tmp_path / "project"))
    of_wednesday = {row[0]: row[1] for row in asked(project, capfd, FARES)}
    edited(project, "title: 车费,", "title: 车费, every: week,")
    night(project, 1)
    carried = asked(project, capfd, FARES)
    # One trip was undone and one is new: the count of every day shows it, the week's sum does not.
    assert {one_id: fares for one_id, fares, _ in carried if one_id in of_wednesday} == of_wednesday
    assert {fares for one_id, fares, _ in carried if one_id not in of_wednesday} <= {""}
    catalog = [["fares", "week", "", "1", wednesday], ["trips", "day", "", "1", thursday]]
    assert asked(project, capfd, CATALOG) == catalog
    night(project, 1)
    assert (asked(project, capfd, FARES), asked(project, capfd, CATALOG)) == (carried, catalog)

    taken = "state = 'taken' and fare > 1"
    edited(project, "measure: sum(fare)", f'measure: sum(fare), where: "{taken}"')
    edited(project, "title: 次数,", "title: 次数, replaces: rides,")
    edited(
        project, "  trips:", "  rides: {title: 旧次数, measure: count(), status: retired}\n  trips:"
    )
    edited(project, "count(), over: [7d, ever]", "count(), over: [ever, 7d]")
    night(project, 2)
    assert asked(project, capfd, CATALOG) == [
        ["fares", "week", "", "2", friday], ["rides", "day", "", "1", ""],
        ["trips", "day", "", "2", friday], ["trips", "day", "rides", "2", friday],
    ]  # fmt: skip
    fares = {one_id: fares for one_id, fares, _ in asked(project, capfd, FARES)}
    assert set(fares.values()) >= {"12.50", "17.00", "0.00"}
    assert "" not in fares.values()


def test_slices_past_keep_go_and_stay_in_the_nights_that_were_published(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    wide = project / "lake/tags/customer_tags"
    short = ("--set", "tags.keep.daily=1", "--set", "tags.keep.month_ends=0")
    edited(project, "title: 次数,", "title: 次数, every: month,")

    def days() -> list[date]:
        return sorted({row["business_date"] for row in rows_of(wide).to_pylist()})

    assert onefold(project, "run", "--date", str(NIGHTS[2]), *short) == 0
    assert days() == [NIGHTS[1], NIGHTS[2]], "the night before is needed when this one is run again"
    capfd.readouterr()
    count = "select count(*) as n from tags.customer_tags"
    assert onefold(project, "sql", "--as-of", str(NIGHTS[0]), "--format", "csv", count) == 0
    assert int(capfd.readouterr().out.split()[1]) > 0
    # A night in the past has its slice until the next is rebuilt, and carries nothing over from one
    # that went.
    assert onefold(project, "run", "--date", str(NIGHTS[1]), *short) == 0
    assert days() == [NIGHTS[1], NIGHTS[2]]
    rows = [row for row in rows_of(wide).to_pylist() if row["business_date"] == NIGHTS[1]]
    assert {row["trips_ever"] for row in rows} == {0, 1, 2}
