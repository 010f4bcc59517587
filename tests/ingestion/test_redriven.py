"""A quarantined record's text, read again: the values it had in its file, or a reason."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.layout import Layout
from ingestion.record_types import Tally
from ingestion.records import records
from ingestion.redriven import record_of_line

HEADER = ("id", "name", "note")
LAYOUT = Layout(
    format="csv", encoding="utf-8", delimiter=",", quote='"', escape=None, multiline=True,
    names=(), fields={"name": ("name",), "id": ("id",)}, required=(), accepts_empty=True,
    longest=1 << 20,
)  # fmt: skip
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12)


def _text(cells: tuple[str, ...], delimiter: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)


@given(st.tuples(CELLS, CELLS, CELLS), st.sampled_from([",", ";", "\t"]))
def test_a_csv_record_has_the_values_it_had_in_its_file(
    cells: tuple[str, str, str], delimiter: str
) -> None:
    layout = replace(LAYOUT, delimiter=delimiter)
    text = _text(cells, delimiter)
    file = io.StringIO(f"{delimiter.join(HEADER)}\n{text}\n", newline="")
    (read,) = records(file, layout, Tally())
    again = record_of_line(text, HEADER, layout)
    assert (again.values, again.problem) == (read.values, read.problem)
    assert again.values == [cells[1], cells[0]]


def test_a_record_of_several_lines_is_one_record_again() -> None:
    assert record_of_line('1,"a\nb",x', HEADER, LAYOUT).values == ["a\nb", "1"]


def test_names_given_in_the_channel_file_stand_for_a_header() -> None:
    layout = replace(LAYOUT, names=("name", "id"))
    assert record_of_line("Ann,1", (), layout).values == ["Ann", "1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("1,Ann", "short_row"), ("1,Ann,x,y", "long_row"), ('1,"Ann,x', "broken_quote"),
     ("1,Ann,x\n2,Bo,y", "broken_quote"), ("1,A\0,x", "nul")],
)  # fmt: skip
def test_a_text_that_is_still_no_record_says_why(text: str, problem: str) -> None:
    record = record_of_line(text, HEADER, LAYOUT)
    assert (record.values, record.problem) == (None, problem)


@pytest.mark.parametrize("format_", ["jsonl", "json", "parquet", "xlsx"])
def test_a_record_of_any_other_format_is_the_json_object_it_was_kept_as(format_: str) -> None:
    layout = replace(LAYOUT, format=format_)
    assert record_of_line('{"id": "1",\n "name": null}', (), layout).values == [None, "1"]
    assert record_of_line("[1]", (), layout).problem == "not_an_object"


@pytest.mark.parametrize("letter", ["\u2028", "\x0b", "\x0c", "\x1c", "\x85"])
def test_only_line_ends_end_a_line(letter: str) -> None:
    found = record_of_line(f"7,x{letter}y,z", HEADER, LAYOUT)
    assert (found.values, found.problem) == ([f"x{letter}y", "7"], None)
