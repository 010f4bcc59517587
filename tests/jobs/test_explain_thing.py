"""`onefold explain tag` of a thing, a relation and a group: told, and made again, as of persons."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from jobs.definitions import load_definitions
from jobs.night import key_of
from jobs.published_objects import PublishedObjects
from jobs.published_tags import one_row, published_tags
from jobs.questions import published_or_refused
from jobs.rederived_tags import differing, rederived
from tests.jobs.lake_rows import rows_of
from tests.jobs.test_explain_tag import CY, SECOND, THIRD, Capture, explain, told

pytestmark = pytest.mark.slow
OBJECTS = [("line", 3), ("rider_line", 3), ("tier", 2)]


@pytest.mark.parametrize(("about", "count"), OBJECTS)
def test_every_tag_of_everything_is_made_again(tagged: Path, about: str, count: int) -> None:
    definitions = load_definitions(tagged, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    chance = random.Random(7)
    with published_tags(definitions, night, key_of(definitions.project)) as persons:
        known = PublishedObjects(persons.engine, definitions, night, persons.key, about=about)
        names = [tag.name for tag in known.book.computed]
        numbers = known.engine.arrow(known.persons)["one_id"].to_pylist()
        assert sorted(numbers) == [*range(1, count + 1)]
        for number in numbers:
            stored = one_row(known, known.stored, number)
            for some in (names, chance.sample(names, 2), chance.sample(names, 1)):
                found = rederived(known, number, some).row
                columns = [c.name for name in some for c in known.book.tags[name].columns]
                assert differing(known, stored, found, columns) == set(), (number, some)


# On the third night red has t1 (12.50) and the undone t2 (3.00), both Ann's; blue Cy's t3 (7.25)
# and t4 (1.00) of nobody; green Cy's t5 (9.75) and t7 (0.50), which are of the last two days.
SHOWN: list[tuple[tuple[str, ...], object, list[Any]]] = [
    (("red", "line_fares_ever"), "15.50", [("trips", 2, "2024-05-01")]),
    (("blue", "line_riders"), 1, [("trips", 2, "2024-05-01")]),
    (("green", "line_fares_2d"), "10.25", [("trips", 2, "2024-05-03")]),
    (("green", "line_mean"), 10.25, []),
    (("green", "line_busy"), "busy", [("trips", 2, "2024-05-03")]),
    ((CY, "green", "rides_on"), 2, [("trips", 2, "2024-05-03")]),
    (("gold", "tier_fares"), "17.50", [("members", 1, THIRD)]),
]


@pytest.mark.parametrize(("words", "value", "rows"), SHOWN)
def test_the_rows_that_entered_are_told(
    tagged: Path, capfd: Capture, words: tuple[str, ...], value: object, rows: list[Any]
) -> None:
    found = told(tagged, capfd, *words)
    first = found["columns"][0]
    newest = [(one["table"], one["count"], one["newest"][0]["day"]) for one in first["rows"]]
    assert (found["verdict"], first["value"], newest) == ("equal", value, rows)


def test_a_thing_is_named_and_ranked_among_its_like(tagged: Path, capfd: Capture) -> None:
    rank = told(tagged, capfd, "red", "line_rank")
    assert (rank["object"], rank["key"], rank["one_id"]) == ("line", {"line": "red"}, None)
    assert rank["taken"] == ["line_fares_ever"] and rank["decided"] == [
        "line_fares_ever = 15.50",
        "0 of 3 rows of line_tags stand above, 0.0 %: top takes 0 % to 40 %",
    ]
    assert (rank["reads"][0]["column"], rank["reads"][0]["value"]) == ("line_fares_ever", "15.50")
    busy = told(tagged, capfd, "green", "line_busy")
    assert busy["decided"] == ["branch 1 of 1 holds first: busy when did trips over 2d, "
                               "times >= 2"]  # fmt: skip
    rides = told(tagged, capfd, CY, "blue", "rides_rank")
    assert rides["key"] == {"one_id": rides["one_id"], "line": "blue"}
    assert explain(tagged, "gold", "tier_fares") == 0
    page = " ".join(capfd.readouterr().out.split())  # however wide the screen is
    assert "of tier tier_id gold on" in page and "from members where trips_ever > 0" in page
    assert "taken of others as the night stored it: fares_ever, trips_ever" in page


def test_what_was_read_of_everybody_is_said(tagged: Path, capfd: Capture) -> None:
    for words in ((CY, "rare"), ("red", "line_rare")):
        found = told(tagged, capfd, *words)
        assert (found["verdict"], found["read_of_all"]) == ("equal", ["trips"]), words
        assert explain(tagged, *words) == 0
        assert "所有人的行: rows of trips" in capfd.readouterr().out
    assert told(tagged, capfd, CY, "fares_7d")["read_of_all"] == []


def test_a_carried_value_is_the_night_before_s(tagged: Path, capfd: Capture) -> None:
    found = told(tagged, capfd, "green", "line_weekly")
    assert (found["computed_date"], found["verdict"]) == (SECOND, "equal")
    night = rows_of(tagged / "lake/tags/line_tags").to_pylist()
    values = {str(row["business_date"]): row["line_weekly"] for row in night
              if row["line"] == "green"}  # fmt: skip
    assert found["columns"][0]["value"] == values[SECOND] == values[THIRD] == 1


def test_ids_may_come_from_standard_input(
    tagged: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_word = told(tagged, capfd, CY, "green", "rides_on")
    for lines, words in (
        (f"{CY}\ngreen\nrides_on\n", []), (f"{CY}\ngreen\n", ["rides_on"]),
        (f"{CY}\n", ["green", "rides_on"]),
    ):  # fmt: skip
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        assert told(tagged, capfd, *words) == by_word


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("pink", "line_fares"), 4, "no line with this line has a row in the tags of 2024-05-03"),
        (("'; drop table n; --", "line_fares"), 4, "no line with this line has a row"),
        ((CY, "pink", "rides_on"), 4, "no rider_line with this one_id and line has a row"),
        (("account:zz77", "green", "rides_on"), 4, "nobody was ever seen"),
        (("d6", "green", "rides_on"), 2, "expected kind:value"),
        ((CY, "green", "line_fares"), 2, "expected PERSON TAG"),
        ((CY, "green", "blue", "rides_on"), 2, "expected PERSON TAG"),
    ],
)
def test_what_cannot_be_answered_says_why(
    tagged: Path, capfd: Capture, words: tuple[str, ...], code: int, message: str
) -> None:
    assert explain(tagged, *words) == code
    assert message in capfd.readouterr().err
