"""JSON objects become records: one a line (jsonl), or the elements of one document (json).

Numbers stay the text they were, a key given twice is seen, and a document of any size is read
element by element: what is wrong inside one element is that record's problem alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TextIO

from ingestion.layout import Layout, header_key
from ingestion.reasons import FileRefusedError, RecordReason
from ingestion.record_types import Record, Tally

_CHUNK = 1 << 20
_ENDS = (",", "]")  # of an element
_MOST_KEYS = 10_000
_NOTHING = object()
_BLANKS = re.compile(r"[ \t\r\n]*")
# A whole text, or a sign that opens, closes or parts; a quote alone opens a text without an end.
_SIGNS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\],]', re.DOTALL)


class Element(NamedTuple):
    """One element of a document: its text, and what it holds (_NOTHING where it does not parse)."""

    text: str
    value: Any


def records_of_json_lines(lines: Iterable[str], layout: Layout, tally: Tally) -> Iterator[Record]:
    """One record for each line that is not blank."""
    places = _Places(layout)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            tally.blank += 1
            continue
        tally.data += 1
        yield _record(number, line, _decoded(line), places)


def records_of_json_document(stream: TextIO, layout: Layout, tally: Tally) -> Iterator[Record]:
    """One record for each element of the document's array, or for its one object; numbered from 1.

    FileRefusedError where it is not whole; pre-flight refuses such a file.
    """
    places = _Places(layout)
    for number, element in enumerate(elements_of(stream, layout.longest), start=1):
        tally.data += 1
        yield _record(number, element.text, element.value, places)


def elements_of(stream: TextIO, longest: int) -> Iterator[Element]:
    """The elements of a document, in its order; none of an empty one.

    FileRefusedError where it is no array or object or does not end as one, or where an element
    has more than `longest` characters.
    """
    source = _Source(stream, longest)
    first = source.peek()
    if first == "{":
        yield source.element(is_alone=True)
    elif first == "[":
        yield from _of_array(source)
    elif first:
        raise FileRefusedError("broken_json")
    if source.peek():
        raise FileRefusedError("broken_json")


def _of_array(source: _Source) -> Iterator[Element]:
    source.at += 1
    if source.peek() == "]":
        source.at += 1
        return
    mark = ","
    while mark == ",":
        source.peek()
        yield source.element(is_alone=False)
        mark = source.peek()
        source.at += 1
    if mark != "]":
        raise FileRefusedError("broken_json")


class _Source:
    """A window on the document's text; what lies before `at` has been read."""

    def __init__(self, stream: TextIO, longest: int) -> None:
        self.stream, self.longest = stream, longest
        self.text, self.at = "", 0

    def more(self) -> bool:
        """Widens the window, ever faster, so that a long element is looked at a few times only."""
        left = self.text[self.at :]
        found = self.stream.read(max(_CHUNK, len(left)))
        self.text, self.at = left + found, 0
        return bool(found)

    def peek(self) -> str:
        """The next sign that is no blank, which is where reading goes on; empty at the end."""
        while True:
            self.at = self._behind_blanks(self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def element(self, is_alone: bool) -> Element:
        """The element that begins here, whether it parses or not, up to what parts it from more."""
        while True:
            found = self._parsed(is_alone) or self._unparsed(is_alone)
            size = len(found.text) if found else len(self.text) - self.at
            if size > self.longest:
                raise FileRefusedError("line_too_long")
            if found:
                self.at += size
                return found
            if not self.more():
                raise FileRefusedError("broken_json")

    def _parsed(self, is_alone: bool) -> Element | None:
        try:
            value, end = _DECODER.raw_decode(self.text, self.at)
        except (ValueError, RecursionError):
            return None
        at = self._behind_blanks(end)
        if not is_alone and self.text[at : at + 1] not in _ENDS:
            return None
        return Element(self.text[self.at : end], value)

    def _unparsed(self, is_alone: bool) -> Element | None:
        """The element by its brackets and quotes alone; None where the window is too narrow."""
        depth = 0
        for sign in _SIGNS.finditer(self.text, self.at):
            if sign[0] == '"':
                return None
            if depth == 0 and sign[0] in _ENDS:
                text = self.text[self.at : sign.start()].rstrip()
                if not text:
                    raise FileRefusedError("broken_json")
                return Element(text, _NOTHING)
            depth += (sign[0] in ("{", "[")) - (sign[0] in ("}", "]") and depth > 0)
            if is_alone and depth == 0 and sign[0] in ("}", "]"):
                return Element(self.text[self.at : sign.end()], _NOTHING)
        return None

    def _behind_blanks(self, at: int) -> int:
        found = _BLANKS.match(self.text, at)
        return found.end() if found else at


class _Places:
    """Where the values of each key belong, by the key as it is written."""

    def __init__(self, layout: Layout) -> None:
        self.count = len(layout.fields)
        self.wanted: dict[str, list[int]] = {}
        for place, keys in enumerate(layout.fields.values()):
            for key in dict.fromkeys(keys):
                self.wanted.setdefault(key, []).append(place)
        self.known: dict[str, list[int]] = {}  # none where nobody reads the key

    def of(self, key: str) -> list[int]:
        if key not in self.known:
            if len(self.known) > _MOST_KEYS:  # keys that are data must not fill the memory
                self.known.clear()
            self.known[key] = self.wanted.get(header_key(key), [])
        return self.known[key]


def _record(number: int, text: str, value: Any, places: _Places) -> Record:
    values: list[str | None] = [None] * places.count
    problem = "nul" if "\0" in text else _fill(values, value, places)
    return Record(number, None if problem else values, text, problem)


def _fill(values: list[str | None], pairs: Any, places: _Places) -> RecordReason | None:
    """Puts an object's values at their fields' places; the reason code where it cannot."""
    if pairs is _NOTHING:
        return "bad_json"
    if not isinstance(pairs, _Pairs):
        return "not_an_object"
    seen: set[int] = set()
    for key, value in pairs:
        found = places.of(key)
        if not found:
            continue
        text, problem = _text_of(value)
        if problem or not seen.isdisjoint(found):
            return problem or "duplicate_key"
        seen.update(found)
        for place in found:
            values[place] = text
    return None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a key given twice is seen."""


def _refuse(constant: str) -> Any:
    raise ValueError("no JSON number")


# Numbers stay the text they were: nothing is rounded on the way.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=_refuse
)


def _decoded(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return _NOTHING


def _text_of(value: Any) -> tuple[str | None, RecordReason | None]:
    """A JSON value as text, or the reason code of one that is no single value."""
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if value is None:
        return None, None
    if not isinstance(value, str):
        return None, "nested_value"
    if "\0" in value:
        return None, "nul"
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, written as an escape
        return None, "bad_unicode"
    return value, None
