"""The beginning of a dump whose layout nobody has described yet: how it is written, and its rows.

Only a draft of a channel file is made from what is found here; a night reads by the channel file
and guesses nothing.
"""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.containers import open_bytes
from ingestion.encodings import encoding_of
from ingestion.field_words import WORDS, ideas_of
from ingestion.reasons import FileRefusedError
from ingestion.xlsx_records import check_parts, rows_of_xlsx
from model.errors import InputMissingError, UsageError

MOST_BYTES = 10 << 20
MOST_ROWS = 20_000
_SCORED_LINES = 300
DELIMITERS = (",", "\t", ";", "|", "\x01")
_FEWEST_ALIKE = 0.9  # share of lines with one number of values, of a delimiter that is one
_HEADER_SIGNS = frozenset("0123456789")
_MOST_UNPACKED = 512 << 20  # of a workbook
Values = list[str | None]


@dataclass(frozen=True)
class Sample:
    """The beginning of a dump: its layout, and its columns' values as text, empty ones as None.

    `headers` are generated (field_1, …) where the file has none. `ragged` counts rows that have
    another number of values, `nested` names columns with lists or objects in them.
    """

    format: str
    encoding: str
    delimiter: str
    quote: str
    has_header: bool
    columns: Mapping[str, Values]
    row_count: int
    ragged: int = 0
    nested: tuple[str, ...] = ()
    is_whole: bool = True


def read_sample(path: Path) -> Sample:
    """The sample of a file; UsageError where it holds no rows that can be told apart."""
    try:
        with path.open("rb") as data:
            start = data.read(4)
        if start in _TABLES:
            return _TABLES[start](path)
        data_start, is_whole = _beginning(path)
    except FileNotFoundError:
        raise InputMissingError(f"there is no file {path}") from None
    except FileRefusedError as refused:
        raise UsageError(f"{path.name}: {refused}") from None
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise UsageError(f"{path.name} cannot be read ({type(error).__name__})") from None
    encoding = encoding_of(data_start)
    text = data_start.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="ignore")
    lines = [line for line in re.split("\r\n|\r|\n", text) if line.strip()]
    if not is_whole and len(lines) > 1:
        lines.pop()  # its end may lie beyond the sample
    if not lines:
        raise UsageError(f"{path.name} holds no lines; give a file with some rows")
    if text.lstrip()[:1] in ("{", "["):
        return _of_json(text, lines, encoding, is_whole)
    return _of_csv(lines, encoding, is_whole)


def _beginning(path: Path) -> tuple[bytes, bool]:
    """The first bytes, unpacked, and whether they are all there are."""
    with open_bytes(path) as unpacked:
        found = unpacked.read(MOST_BYTES + 1)
    return found[:MOST_BYTES], len(found) <= MOST_BYTES


def _of_xlsx(path: Path) -> Sample:
    check_parts(path, _MOST_UNPACKED)
    rows = [row.texts for row in islice(rows_of_xlsx(path, ""), MOST_ROWS + 1) if row.texts]
    if not rows:
        raise UsageError(f"{path.name} holds no rows; give a file with some")
    return _of_rows(Sample("xlsx", "utf-8", "", '"', True, {}, 0), rows, len(rows) <= MOST_ROWS)


def _of_parquet(path: Path) -> Sample:
    file = pq.ParquetFile(path)
    batch = next(file.iter_batches(MOST_ROWS), None)
    if batch is None:
        raise UsageError(f"{path.name} holds no rows; give a file with some")
    columns = {
        name: [None if value is None else _text(value) for value in batch.column(n).to_pylist()]
        for n, name in enumerate(batch.schema.names)
    }
    nested = tuple(f.name for f in batch.schema if pa.types.is_nested(f.type))
    is_whole = file.metadata.num_rows == batch.num_rows
    return Sample("parquet", "utf-8", "", '"', True, columns, batch.num_rows, 0, nested, is_whole)


def _of_json(text: str, lines: Sequence[str], encoding: str, is_whole: bool) -> Sample:
    if text.lstrip().startswith("["):
        form, objects, broken = "json", _array_items(text), 0
    else:
        parsed = [_object(line) for line in lines[:MOST_ROWS]]
        objects = [one for one in parsed if one is not None]
        form, broken = "jsonl", len(parsed) - len(objects)
    if not objects:
        raise UsageError("the file begins like JSON, but holds no object a line and no array")
    names = dict.fromkeys(name for one in objects for name in one)
    nested = {n for one in objects for n, value in one.items() if isinstance(value, dict | list)}
    columns: dict[str, Values] = {
        name: [_json_text(one.get(name)) for one in objects] for name in names
    }
    return Sample(
        form, encoding, "", '"', True, columns, len(objects), broken, tuple(sorted(nested)),
        is_whole and len(lines) <= MOST_ROWS,
    )  # fmt: skip


def _object(line: str) -> dict[str, object] | None:
    with suppress(ValueError, RecursionError):
        found = json.loads(line, parse_float=str, parse_int=str)
        if isinstance(found, dict):
            return found
    return None


def _array_items(text: str) -> list[dict[str, object]]:
    """The objects of an array, as many as lie in the sample as a whole."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    found: list[dict[str, object]] = []
    place = text.index("[") + 1
    with suppress(ValueError, RecursionError):
        while len(found) < MOST_ROWS:
            place += len(text[place:]) - len(text[place:].lstrip(" \t\r\n,"))
            item, place = decoder.raw_decode(text, place)
            if isinstance(item, dict):
                found.append(item)
    return found


def _json_text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return _text(value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_csv(lines: Sequence[str], encoding: str, is_whole: bool) -> Sample:
    scored = lines[:_SCORED_LINES]
    quote = "'" if not any('"' in line for line in scored) and _is_quoted(scored) else '"'
    delimiter = delimiter_of(scored, quote)
    form = "tsv" if delimiter == "\t" else "csv"
    rows = split_rows(lines[: MOST_ROWS + 1], delimiter, quote)
    told = Sample(form, encoding, delimiter, quote, True, {}, 0)
    return _of_rows(told, rows, is_whole and len(lines) <= MOST_ROWS)


def _of_rows(told: Sample, rows: Sequence[Sequence[str | None]], is_whole: bool) -> Sample:
    """The sample with the columns of its rows, the first of which may be a header."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    cells = [[(cell or "").strip() for cell in row] for row in rows]
    has_header = len(cells[0]) == width and is_header(cells[0], cells[1:])
    names = cells[0] if has_header else [f"field_{n}" for n in range(1, width + 1)]
    body = cells[has_header:]
    even = [row for row in body if len(row) == width]
    columns: dict[str, Values] = {
        name: [row[n] or None for row in even] for n, name in enumerate(names)
    }
    return replace(
        told, has_header=has_header, columns=columns, row_count=len(even),
        ragged=len(body) - len(even), is_whole=is_whole,
    )  # fmt: skip


def _is_quoted(lines: Sequence[str]) -> bool:
    return sum(line.startswith("'") and line.rstrip().endswith("'") for line in lines) > (
        len(lines) * _FEWEST_ALIKE
    )


def delimiter_of(lines: Sequence[str], quote: str = '"') -> str:
    """The sign that tells a file's values apart, a blank standing for any run of them.

    The one by which most lines have one number of values, at least two; among equals the one that
    gives most values. Blanks stand inside of values too, so they come last. A comma where none
    does: the file has one column.
    """
    scores = {sign: _evenness(lines, sign, quote) for sign in DELIMITERS}
    best = max(scores, key=lambda sign: scores[sign])
    if scores[best][0] >= _FEWEST_ALIKE:
        return best
    return " " if _evenness(lines, " ", quote)[0] >= _FEWEST_ALIKE else best


def _evenness(lines: Sequence[str], delimiter: str, quote: str) -> tuple[float, int]:
    """Share of the lines that have the commonest number of values, and that number."""
    widths = Counter(map(len, split_rows(lines, delimiter, quote)))
    width, count = widths.most_common(1)[0]
    return (count / widths.total() if width > 1 else 0.0, width)


def split_rows(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    """The lines' values; lines of one quoted value are put together again."""
    if delimiter == " ":
        return [line.split() for line in lines]
    ended = (f"{line}\n" for line in lines)
    try:
        return [row for row in csv.reader(ended, delimiter=delimiter, quotechar=quote) if row]
    except csv.Error:  # a value beyond the parser's limit
        return [line.split(delimiter) for line in lines]


def is_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: all different, none empty, none that begins with a
    digit, none that is found below itself, and one at least that means something.

    Where nothing is known for certain it is a row: names of people make no headers of a draft.
    """
    cells = [cell.strip() for cell in first]
    if not all(cells) or len(set(cells)) < len(cells):
        return False
    if any(cell[0] in _HEADER_SIGNS or "@" in cell for cell in cells):
        return False
    if not any(ideas_of(cell) & WORDS.keys() for cell in cells):
        return False
    below = ({row[n].strip() for row in others if n < len(row)} for n in range(len(cells)))
    return not any(cell in values for cell, values in zip(cells, below, strict=True))


_TABLES: Mapping[bytes, Callable[[Path], Sample]] = {
    b"PAR1": _of_parquet, b"PK\x03\x04": _of_xlsx,
}  # fmt: skip
