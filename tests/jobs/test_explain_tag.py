"""`onefold explain tag`: what made a tag of the published night, for every shape, and whether the
lake's rows make it again."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.command_line import main
from jobs.definitions import load_definitions
from jobs.night import key_of
from jobs.published_tags import PublishedTags, one_row, published_tags
from jobs.questions import published_or_refused
from jobs.rederived_tags import differing, rederived
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
SECOND, THIRD = map(str, NIGHTS[1:])
# On the third night Cy has a desk card (born 1970/7/7) and rode three times: on 5/1 for 7.25
# (blue), on 5/2 for 9.75 and on 5/3 for 0.50 (both green).
CY, BO = "account:d6", "account:d2"
Capture = pytest.CaptureFixture[str]


def explain(project: Path, *words: str) -> int:
    return main(["explain", "tag", "--project", str(project), *words])


def told(project: Path, capfd: Capture, *words: str) -> dict[str, Any]:
    capfd.readouterr()
    assert explain(project, *words, "--format", "json") == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


@pytest.fixture(scope="module")
def known(tagged: Path) -> Iterator[PublishedTags]:
    definitions = load_definitions(tagged, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    with published_tags(definitions, night, key_of(definitions.project)) as found:
        yield found


def test_every_tag_of_everybody_is_made_again(known: PublishedTags) -> None:
    chance, names = random.Random(5), [tag.name for tag in known.book.computed]
    count = 0
    for one_id in known.engine.arrow(known.persons)["one_id"].to_pylist():
        stored = one_row(known, known.stored, one_id)
        for some in (names, chance.sample(names, 4), chance.sample(names, 1)):
            found = rederived(known, one_id, some).row
            columns = [c.name for name in some for c in known.book.tags[name].columns]
            assert differing(known, stored, found, columns) == set(), (one_id, some)
            count += len(columns)
    assert count > 250


SHOWN = [
    ("tier", "gold", [], {"channel": "desk", "record": "d6", "rule": "trusted"}),
    ("fares_ever", "17.50", [("trips", 3, "2024-05-03")], None),
    ("fares_7d", "17.50", [("trips", 3, "2024-05-03")], None),
    ("newest", "10.25", [("trips", 2, "2024-05-03")], None),
    ("by_line", {"blue": "7.25", "green": "10.25"}, [("trips", 3, "2024-05-03")], None),
    ("spread_2d", {"green": 2}, [("trips", 2, "2024-05-03")], None),
    ("lines", ["green", "blue"], [("trips", 3, "2024-05-03")], None),
    ("way", "trips", [("members", 1, "2024-05-02"), ("trips", 3, "2024-05-03")], None),
    ("fare_days", 2, [("trips", 2, "2024-05-03")], None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "rows", "origin"), SHOWN)
def test_the_rows_that_entered_are_told(
    tagged: Path, capfd: Capture, column: str, value: object, rows: list[Any], origin: Any
) -> None:
    found = told(tagged, capfd, CY, column)
    first = found["columns"][0]
    newest = [
        (one["table"], one["count"], one["newest"][0]["day"] if one["newest"] else None)
        for one in first["rows"]
    ]
    assert (found["verdict"], first["value"], newest) == ("equal", value, rows)
    assert origin is None or origin.items() <= found["origin"].items()


DECIDED = [
    ("mean_fare", ["expression: share(fares_ever, trips_ever)"]),
    ("fare_band", ["fares_ever = 17.50", "high: 15 reached"]),
    ("age_band", ["years_since(born) = …", "old: 30 reached"]),
    ("heavy", ["branch 2 of 2 holds first: now when did trips where line = 'green' over 2d, "
               "times >= 2"]),
    ("mood", ["branch 1 of 1 holds first: keen when did trips over 2d, times >= 2",
              f"in keen since {SECOND}"]),
    ("scored", ["recency: seen = 0, score 3: below 1", "frequency: trips_ever = 3, score 2: "
                "2 reached, below 4", "monetary: fares_ever = 17.50, score 3: 15 reached"]),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "lines"), DECIDED)
def test_what_decided_is_told(tagged: Path, capfd: Capture, tag: str, lines: list[str]) -> None:
    found = told(tagged, capfd, CY, tag)
    assert (found["verdict"], found["decided"]) == ("equal", lines)
    reads = {read["column"]: read["location"] for read in found["reads"]}
    assert all(place.startswith("tag_definitions/") for place in reads.values())


def test_a_rank_is_told_with_what_was_taken_from_the_night(tagged: Path, capfd: Capture) -> None:
    lake = rows_of(tagged / "lake/tags/customer_tags").to_pylist()
    fares = [row["fares_ever"] for row in lake if str(row["business_date"]) == THIRD]
    found = told(tagged, capfd, CY, "fare_rank")
    assert max(fares) == 17.5 and found["taken"] == ["fares_ever"]
    assert found["decided"] == [
        "fares_ever = 17.50", f"0 of {len(fares)} persons stand above, 0.0 %: top takes 0 % to 20 %"
    ]
    assert explain(tagged, CY, "fare_rank") == 0
    shown = capfd.readouterr().out
    assert "re-derived: equal" in shown and "as the night stored it: fares_ever" in shown


def test_windows_corrections_and_other_nights_are_told(tagged: Path, capfd: Capture) -> None:
    (seven, ever) = told(tagged, capfd, CY, "fares")["columns"]
    assert (seven["first"], seven["last"]) == ("2024-04-27", THIRD)
    assert (ever["window"], ever["first"]) == ("ever", None)
    care = told(tagged, capfd, CY, "care")
    (said,) = care["corrections"]
    assert (said["value"], said["author"], said["reason"]) == ("a", "clerk", "a call")
    assert (care["columns"][0]["value"], care["columns"][0]["title"]) == ("a", "重点")
    assert told(tagged, capfd, BO, "care")["corrections"] == []
    for carried in ("weekly", "week_rank"):
        weekly = told(tagged, capfd, CY, carried)
        assert (weekly["computed_date"], weekly["verdict"]) == (SECOND, "equal")
        assert weekly["decided"] == [] and weekly["taken"] == []
    twice = told(tagged, capfd, CY, "twice")
    assert twice["verdict"] == "not re-derived" and "rows for one person" in twice["why_not"]
    assert "paused" in told(tagged, capfd, CY, "tired")["why_not"]


def test_what_is_masked_stays_so_unless_revealed_and_audited(
    tagged: Path, tmp_path: Path, capfd: Capture
) -> None:
    project = Path(shutil.copytree(tagged, tmp_path / "project"))
    masked = json.dumps(told(project, capfd, CY, "age_band"))
    assert "1970" not in masked and "****-07-07" in masked
    plain = told(project, capfd, CY, "age_band", "--reveal")
    assert plain["reads"][0]["value"] == "1970-07-07"
    assert plain["decided"][0] == "years_since(born) = 53"
    audit = rows_of(project / "lake/ops/audit").to_pylist()
    (row,) = [row for row in audit if "explain" in row["command"]]
    assert (row["command"], row["row_count"]) == ("explain tag --reveal", 1)


def test_a_changed_definition_and_a_changed_lake_are_said_loudly(
    tagged: Path, tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path(shutil.copytree(tagged, tmp_path / "project"))
    file = project / "tag_definitions/shapes.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("edges: [5, 15]", "edges: [5, 25]"), encoding="utf-8")
    found = told(project, capfd, CY, "fare_band")
    assert found["hash_today"] != found["definition_hash"] and not found["decided"]
    assert found["verdict"] == "not re-derived" and "onefold plan" in found["why_not"]
    assert found["columns"][0]["value"] == "high"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr("jobs.published_tags.PublishedTags.stored", property(_tampered))
    assert explain(project, CY, "trips_ever") == 1
    answer = capfd.readouterr()
    assert "UNEQUAL: trips_ever" in answer.err and "4  ≠ 3" in answer.out


def test_what_was_corrected_since_is_told_and_is_not_unequal(
    tagged: Path, tmp_path: Path, capfd: Capture
) -> None:
    project = Path(shutil.copytree(tagged, tmp_path / "project"))
    assert told(project, capfd, CY, "care")["since"] == []
    correct(project, "tag", CY, "care", "b")
    correct(project, "tag", CY, "tier", "plain")
    correct(project, "withdraw", "1")
    care = told(project, capfd, CY, "care")
    (own,) = care["corrections"]
    assert (care["verdict"], care["columns"][0]["value"], own["value"]) == ("equal", "a", "a")
    assert [(each["value"], each["holds"]) for each in care["since"]] == [("a", False), ("b", True)]
    assert explain(project, CY, "care") == 0
    page = capfd.readouterr().out
    assert "withdrawn since 之后: correction 1: care is a" in page
    assert "made since 之后: correction 2: care is b" in page
    assert f"onefold run --date {THIRD}" in page and "re-derived: equal" in page
    assert [each["value"] for each in told(project, capfd, CY, "tier")["since"]] == ["plain"]
    assert told(project, capfd, BO, "care")["since"] == []
    assert onefold(project, "run", "--date", THIRD, "--from", "compute_tags") == 0
    care = told(project, capfd, CY, "care")
    assert (care["columns"][0]["value"], care["since"]) == ("b", [])
    assert (care["verdict"], care["corrections"][0]["value"]) == ("equal", "b")


def correct(project: Path, *words: str) -> None:
    options = ["--from", THIRD, "--reason", "a call", "--author", "clerk"]
    if words[0] == "withdraw":
        options = options[:4]
    assert main(["correct", words[0], "--project", str(project), *words[1:], *options]) == 0


def _tampered(known: PublishedTags) -> Any:
    sql = "select * replace (trips_ever + 1 as trips_ever) from these"
    rows = known.wide_of(known.business_date)
    return known.engine.rows("tampered", sql, these=rows)


def test_no_session_is_opened_and_the_person_may_come_from_standard_input(
    tagged: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a session is opened")

    monkeypatch.setattr("jobs.night.spark_session", refused)
    by_word = told(tagged, capfd, CY, "seen")
    for lines, words in ((f"{CY}\n", ["seen"]), (f"{CY}\nseen\n", [])):
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        assert told(tagged, capfd, *words) == by_word
    assert told(tagged, capfd, str(by_word["one_id"]), "seen") == by_word


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((CY, "seem"), 2, "TAG: unknown tag or tag column; did you mean 'seen'?"),
        ((CY, "a", "b"), 2, "expected PERSON TAG"), (("d6", "seen"), 2, "expected kind:value"),
        (("account:zz77", "seen"), 4, "nobody was ever seen"), (("9999", "seen"), 4, "never given"),
    ],
)
def test_what_cannot_be_answered_says_why(
    tagged: Path, capfd: Capture, words: tuple[str, ...], code: int, message: str
) -> None:
    assert explain(tagged, *words) == code
    assert message in capfd.readouterr().err
