"""`onefold explain link`: paths and cuts of a published night, masked, and what each answers."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.command_line import main
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = map(str, NIGHTS)
# On the third night the phone of Ann and her rides is that of a newer card, with another passport.
ANN, RIDES, NEWER = "account@desk:d1", "account@line:r1", "account:d7"
BO, BOS_OTHER, BOS_PHONE = "account:d2", "account:d3", "phone:13911110002"
CY, SUN = "account:d6", "account:d5"  # nobody shares anything with Sun
Capture = pytest.CaptureFixture[str]


def explain(project: Path, *words: str) -> int:
    return main(["explain", "link", "--project", str(project), *words])


def told(project: Path, capfd: Capture, *words: str) -> dict[str, Any]:
    capfd.readouterr()
    assert explain(project, "--json", *words) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def test_two_of_one_person_are_told_the_path_of_links(nights: list[Path], capfd: Capture) -> None:
    found = told(nights[1], capfd, ANN, RIDES)
    assert found["is_one_person"] and found["cuts"] == []
    assert {end["one_id"] for end in found["ends"]} == {found["ends"][0]["one_id"]}
    links = {
        (row["sighting_id"], row["node_id"])
        for row in rows_of(nights[1] / "lake/identity/links").to_pylist()
        if row["valid_to"] is None
    }
    path = found["path"]
    assert {(step["sighting_id"], step["node_id"]) for step in path} <= links
    assert [step["kind"] for step in path] == ["account", "phone", "phone", "account"]
    assert (path[0]["start"], path[-1]["end"]) == tuple(end["node_id"] for end in found["ends"])
    assert path[1]["identifier"] == "139****0001", "masked, though nobody asked"
    assert path[0]["identifier"] == "d1", "its kind is of low pii"
    assert all(step["rule"] == "shared identifier" and step["weight"] for step in path)
    assert path[0]["sources"] == ["desk.members"] and path[-1]["sources"] == ["line.trips"]
    assert explain(nights[1], ANN, RIDES) == 0
    shown = capfd.readouterr().out
    assert "one person" in shown and "bridge" in shown and "13911110001" not in shown


def test_no_session_is_opened_for_a_question(
    nights: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a session is opened")

    monkeypatch.setattr("jobs.night.spark_session", refused)
    assert explain(nights[2], ANN, NEWER) == explain(nights[2], ANN, RIDES) == 0


def test_two_who_are_apart_are_told_the_link_that_was_cut(
    nights: list[Path], capfd: Capture
) -> None:
    found = told(nights[2], capfd, ANN, NEWER)
    assert not found["is_one_person"] and found["path"] == []
    (cut,) = found["cuts"]
    assert (cut["rule"], cut["kind"], cut["identifier"]) == (
        "never_merge passport", "phone", "139****0001",
    )  # fmt: skip
    assert "one value of passport" in cut["why"] and cut["sources"] and cut["last_date"]
    assert told(nights[2], capfd, ANN, BO)["cuts"] == []
    assert explain(nights[2], ANN, BO) == 0
    assert "no link between them exists" in capfd.readouterr().out


def test_numbers_are_explained_as_well_as_values(
    nights: list[Path], capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (end["one_id"] for end in told(nights[2], capfd, ANN, NEWER)["ends"])
    by_number = told(nights[2], capfd, str(one), str(other))
    assert [cut["rule"] for cut in by_number["cuts"]] == ["never_merge passport"]
    mixed = told(nights[2], capfd, RIDES, str(other))
    assert mixed["is_one_person"] and mixed["path"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ANN}\n\n{NEWER}\n"))
    assert told(nights[2], capfd) == told(nights[2], capfd, ANN, NEWER)


def test_what_people_said_is_told_and_numbers_lead_on(
    nights: list[Path], tmp_path: Path, capfd: Capture
) -> None:
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    numbers = [end["one_id"] for end in told(project, capfd, CY, SUN)["ends"]]
    said = (["link", CY, SUN], ["block", BOS_PHONE], ["unlink", ANN, RIDES],
            ["unlink", BOS_OTHER, ANN])  # fmt: skip
    for words in said:
        command = [*words, "--reason", "a call"]
        assert main(["correct", command[0], "--project", str(project), *command[1:]]) == 0
    assert onefold(project, "run", "--date", THIRD) == 0
    found = told(project, capfd, CY, SUN)
    (step,) = found["path"]
    assert (step["rule"], step["rank"], step["is_bridge"]) == ("link 1", 0, True)
    (living,) = {end["one_id"] for end in found["ends"]}
    gone = next(number for number in numbers if number != living)
    led = told(project, capfd, str(gone), str(living))
    assert led["is_one_person"] and f"leads to {living}" in led["ends"][0]["note"]
    (blocked,) = told(project, capfd, BO, BOS_OTHER)["cuts"]
    assert (blocked["rule"], blocked["identifier"]) == ("refused", "139****0002")
    assert "correction 2 blocks it" in blocked["why"]
    unlinked, _ = told(project, capfd, ANN, RIDES)["cuts"]
    assert unlinked["rule"] == "cannot_link 3" and "correction 3" in unlinked["why"]
    (kept_apart,) = told(project, capfd, ANN, BOS_OTHER)["cuts"]
    assert (kept_apart["rule"], kept_apart["sources"]) == ("cannot_link 4", []), "no link was cut"
    nobody = told(project, capfd, BOS_PHONE, BO)
    assert not nobody["is_one_person"] and "correction 2 blocks it" in nobody["ends"][0]["note"]


def test_what_is_revealed_is_audited(nights: list[Path], tmp_path: Path, capfd: Capture) -> None:
    project = Path(shutil.copytree(nights[2], tmp_path / "project"))
    found = told(project, capfd, NEWER, RIDES, "--reveal")
    assert found["path"][1]["identifier"].endswith("13911110001")
    (row,) = rows_of(project / "lake/ops/audit").to_pylist()
    assert (row["command"], row["row_count"]) == ("explain link --reveal", 3)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([ANN], 2), ([ANN, BO, NEWER], 2), ([ANN, "shoe:44"], 2), ([ANN, "phone:12"], 2),
        ([ANN, "account:zz77"], 4), ([ANN, "phone:13911119999"], 4), (["999999", "1"], 4),
    ],
)  # fmt: skip
def test_what_is_not_known_and_what_is_wrong_are_told_apart(
    nights: list[Path], capfd: Capture, words: list[str], code: int
) -> None:
    assert explain(nights[2], *words) == code
    error = capfd.readouterr().err
    assert error and not any(word.partition(":")[2] in error for word in words if "zz77" in word)
