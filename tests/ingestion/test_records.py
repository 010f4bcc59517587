"""The readers of lines: every value as it was written, or a record that says why not."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.layout import Layout
from ingestion.records import Tally, records
from tests.ingestion.fixtures import layout

CSV = """
channel: c
datasets:
  d:
    path: "{date}.csv"
    fields: {a: {from: [A, 甲]}, b: {from: B}}
    into: {orders: {columns: {order_id: a}}}
"""
TWO = layout(CSV)
JSONL = layout(CSV.replace("{date}.csv\"", "{date}.jsonl\"\n    format: jsonl"))
Outcome = tuple[int, Sequence[str | None] | str | None]


def read(text: str, how: Layout = TWO) -> tuple[list[Outcome], tuple[int, int, int]]:
    """(line, values or reason code) of each record, and the counts header, blank, data."""
    tally = Tally()
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), encoding=how.encoding, newline="")
    found: list[Outcome] = [
        (record.line, record.problem or record.values) for record in records(lines, how, tally)
    ]
    return found, (tally.header, tally.blank, tally.data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A,B\n1,2\n", [(2, ["1", "2"])]),
        ("\ufeffA,B\r\n1,2\r\n", [(2, ["1", "2"])]),
        ("A,B\r1,2\r", [(2, ["1", "2"])]),
        ("b ,Ａ\n1,2", [(2, ["2", "1"])]),
        ("甲,x,B\n1,2,3\n", [(2, ["1", "3"])]),
        ("A\n1\n", [(2, ["1", None])]),
        ("A,B\n1\n1,2,3\n4,5\n", [(2, "short_row"), (3, "long_row"), (4, ["4", "5"])]),
        ('A,B\n"x\ny",2\n3,4\n', [(2, ["x\ny", "2"]), (4, ["3", "4"])]),
        ('A,B\n"say ""hi""",2\n', [(2, ['say "hi"', "2"])]),
        ('A,B\n5" pipe,2\n"6"" pipe",3\n', [(2, "broken_quote"), (3, ['6" pipe', "3"])]),
        ('A,B\n"open,2\n3,4\n5,6\n', [(2, "broken_quote"), (3, ["3", "4"]), (4, ["5", "6"])]),
        ('A,B\n"open,2\n"3",4\n', [(2, "broken_quote"), (3, ["3", "4"])]),
        ('A,B\n"a"b,2\n3,4\n', [(2, "broken_quote"), (3, ["3", "4"])]),
        ("A,B\n1,\0\n3,4\n", [(2, "nul"), (3, ["3", "4"])]),
        ("A,B\n,\n", [(2, ["", ""])]),
    ],
)
def test_csv_records_are_read_by_name_or_say_why_not(text: str, expected: list[Outcome]) -> None:
    found, (header, _, data) = read(text)
    assert found == expected
    assert (header, data) == (1, len(expected))


def test_blank_lines_are_counted_and_lines_numbered_as_in_the_file() -> None:
    found, counts = read("\nA,B\n\n1,2\n  \n3,4\n\n")
    assert found == [(4, ["1", "2"]), (6, ["3", "4"])]
    assert counts == (1, 4, 2)


def test_without_multiline_a_quote_ends_with_its_line() -> None:
    how = layout(CSV.replace("    fields", "    multiline: false\n    fields"))
    assert read('A,B\n"x\ny",2\n', how)[0] == [(2, "broken_quote"), (3, "broken_quote")]


def test_an_open_quote_does_not_eat_more_than_a_long_line() -> None:
    text = 'A,B\n"open,1\n' + "2,3\n" * 2000
    found, _ = read(text, layout(CSV, longest=1000))
    assert found[0] == (2, "broken_quote")
    assert len(found) == 2001


def test_a_file_without_a_header_is_read_by_the_names_given() -> None:
    how = layout(CSV.replace("    fields", "    header: [B, A]\n    fields"))
    assert read("1,2\n", how) == ([(1, ["2", "1"])], (0, 0, 1))


def test_a_header_may_stand_further_down() -> None:
    how = layout(CSV.replace("    fields", "    header: 3\n    fields"))
    text = 'a "report\n\nA,B\n\n1,2\n'
    assert read(text, how) == ([(5, ["1", "2"])], (3, 1, 1))
    assert read("A,B\n1,2", how) == ([], (2, 0, 0))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" 00001 19970101  1   11.77\r\n", ["00001", "19970101", "1", "11.77"]),
        ("a b\tc d e  \n", ["a", "b\tc", "d", "e"]),
        ('"a b"   "say ""hi"""  "" d\n', ["a b", 'say "hi"', "", "d"]),
        ('a b c 5"\n', "broken_quote"),
        ('a b c"d e" f\n', "broken_quote"),
        ('"a b\n', "broken_quote"),
        ("a b c\n", "short_row"),
        ("a b c d e\n", "long_row"),
        ("a b c \0\n", "nul"),
    ],
)
def test_values_may_stand_apart_by_runs_of_blanks(line: str, expected: object) -> None:
    how = layout(
        CSV.replace("    fields", "    delimiter: ' '\n    header: [a, b, c, d]\n    fields")
        .replace("{a: {from: [A, 甲]}, b: {from: B}}", "{a: {}, b: {}, c: {}, d: {}}")
    )  # fmt: skip
    assert read("   \n" + line + "\n1 2 3 4", how) == (
        [(2, expected), (4, ["1", "2", "3", "4"])], (0, 2, 2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"A": "x", "b": 1.50}', ["x", "1.50"]),
        ('{"A": 12345678901234567890, "z": [1]}', ["12345678901234567890", None]),
        ('{"A": true, "B": null}', ["true", None]),
        ('{"A": 1, "A": 2}', "duplicate_key"),
        ('{"A": 1, "甲": 2}', "duplicate_key"),
        ('{"A": {"x": 1}}', "nested_value"),
        ('{"A": [1]}', "nested_value"),
        ('{"A": NaN}', "bad_json"),
        ('{"A": 1', "bad_json"),
        ("[1]", "not_an_object"),
        ('{"A": "\\u0000"}', "nul"),
        ('{"A": "\\ud800"}', "bad_unicode"),
        ('{"A": ' + "[" * 100_000 + "}", "bad_json"),
    ],
)
def test_json_records_keep_numbers_as_text_or_say_why_not(line: str, expected: object) -> None:
    assert read(line + "\n\n", JSONL) == ([(1, expected)], (0, 1, 1))


cells = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


# With a bare LF as its line end, Python's writer leaves a CR unquoted unless it quotes everything.
writers = [{}, {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}]


@given(rows=st.lists(st.tuples(cells, cells), max_size=6), how=st.sampled_from(writers))
@example(rows=[("\n", "\0")], how={})
def test_what_a_csv_writer_wrote_comes_back_equal_or_quarantined(
    rows: list[tuple[str, str]], how: dict[str, Any]
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows([("A", "B"), *rows])
    found, (_, _, data) = read(out.getvalue())
    assert data == len(found) == len(rows)
    for (_, outcome), row in zip(found, rows, strict=True):
        assert outcome in (list(row), "nul")
        assert (outcome == "nul") == any("\0" in cell for cell in row)


@given(rows=st.lists(st.fixed_dictionaries({"A": cells, "B": st.none() | cells}), max_size=6))
def test_what_a_json_writer_wrote_comes_back_equal_or_quarantined(
    rows: list[dict[str, str | None]],
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=bool(n % 2)) + "\n" for n, row in enumerate(rows))
    found, _ = read(text, JSONL)
    for (_, outcome), row in zip(found, rows, strict=True):
        assert outcome in ([row["A"], row["B"]], "nul")


@given(text=st.text(st.sampled_from('AB12,"\n\r \0'), max_size=60))
def test_whatever_the_text_every_record_is_counted_once(text: str) -> None:
    found, (header, blank, data) = read("A,B\n" + text)
    assert header == 1
    assert data == len(found)
    lines = io.StringIO("A,B\n" + text, newline="").readlines()
    assert header + blank + data <= len(lines)
    for _, outcome in found:
        assert isinstance(outcome, str) or len(outcome or ()) == 2
