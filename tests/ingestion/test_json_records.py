"""JSON documents: elements one by one, whatever their size and whatever is wrong inside one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.json_records import elements_of
from ingestion.preflight import refusal_of
from tests.ingestion.format_layouts import outcomes, two_fields

DOCUMENT = two_fields("json")


@pytest.fixture(params=[1, 7, 1 << 20])
def _windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.json_records._CHUNK", request.param)


@pytest.mark.usefixtures("_windows")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"A": 1, "B": "x"}, {"b": 2.50}]', [["1", "x"], [None, "2.50"]]),
        (' {"A": 1,\n "B": [2]} ', ["nested_value"]),
        ('{"A": "}"}\n', [["}", None]]),
        ("[]", []),
        ('[{"A": "a ] , \\" }"}\n,\n{"A": 1}]', [['a ] , " }', None], ["1", None]]),
        ('[{"A": 1}, 7, [{"A": 1}], "x, y", null]', [["1", None], *["not_an_object"] * 4]),
        ('[{"A": 1, "A": 2}, {"A": 1 "B": 2}, {"A": 3}]', ["duplicate_key", "bad_json",
                                                            ["3", None]]),
        ('[{"A": NaN}, {A: 1}, {"A": 01}]', ["bad_json"] * 3),
        ('[1 2, {"A": 1} x, {"A": 4}]', ["bad_json", "bad_json", ["4", None]]),
        ('[{"A": ' + "[" * 5000 + "]" * 5000 + '}, {"A": 5}]', ["bad_json", ["5", None]]),
        ('[{"A": "\\ud800"}, {"A": "\\u0000"}]', ["bad_unicode", "nul"]),
    ],
)  # fmt: skip
def test_every_element_is_a_record_or_says_why_not(
    scratch: Path, text: str, expected: list[Any]
) -> None:
    path = scratch / "f.json"
    path.write_text("\ufeff" + text, encoding="utf-8")
    found, counts = outcomes(path, DOCUMENT)
    assert found == list(enumerate(expected, start=1))
    assert counts == (0, 0, len(expected))
    assert refusal_of(path, DOCUMENT) == (None if expected else "empty")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"A": 1}, {"A": 2', "broken_json"),
        ('[{"A": 1}, {"A": "2}]', "broken_json"),
        ('[{"A": 1},]', "broken_json"),
        ('[{"A": 1},,{"A": 2}]', "broken_json"),
        ('[{"A": 1}] x', "broken_json"),
        ('{"A": 1}\n{"A": 2}\n', "broken_json"),
        ("7", "broken_json"),
        ("[", "broken_json"),
        ("", "empty"),
        (" \n", "empty"),
        ('[{"A": "' + "x" * 1001 + '"}]', "line_too_long"),
        ('{"A": [' + "1," * 600, "line_too_long"),
        ('[{"A": "\udcff"}]', "encoding"),
    ],
)
def test_a_document_that_is_not_whole_is_refused(scratch: Path, text: str, code: str) -> None:
    path = scratch / "f.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert refusal_of(path, two_fields("json", longest=1000)) == code


def test_a_long_document_of_one_line_is_no_long_line(scratch: Path) -> None:
    path = scratch / "f.json"
    path.write_text(json.dumps([{"A": n} for n in range(1000)]), encoding="utf-8")
    how = two_fields("json", longest=100)
    assert refusal_of(path, how) is None
    assert outcomes(path, how)[1] == (0, 0, 1000)


documents = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ),
    max_size=6,
)


@given(document=documents, indent=st.sampled_from([None, 0, 2]), cut=st.integers(0, 40))
def test_elements_are_those_of_a_plain_parser_and_a_cut_document_is_none(
    document: list[Any], indent: int | None, cut: int
) -> None:
    text = json.dumps(document, indent=indent)
    found = [json.loads(element.text) for element in elements_of(io.StringIO(text), 10_000)]
    assert found == document
    part = text[: min(cut, len(text) - 1)]
    if part.strip():
        with pytest.raises(Exception, match="broken_json"):
            list(elements_of(io.StringIO(part), 10_000))
