"""The look at a file's bytes before Spark sees them: whole and readable, or refused whole."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestion.layout import GZIP, Layout, open_bytes, open_lines, positions_in
from ingestion.records import Tally, header_of, is_blank, rows_of_csv
from model.errors import InputMissingError

_CHUNK = 1 << 20
# A text that packs better than this is no dump; small files may, header-only ones do.
LARGEST_RATIO = 200
ALWAYS_ALLOWED = 64 << 20
# Containers that are no text in any of the encodings, by their first bytes.
_CONTAINERS = (
    b"PK\x03\x04", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xfd7zXZ", b"7z\xbc\xaf",
)  # fmt: skip


class _RefusedError(Exception):
    """Carries the reason code of a refused file."""


def refusal_of(path: Path, layout: Layout) -> str | None:
    """The reason code for which a file is refused whole; None where its records may be read.

    Codes: unsupported_container, not_gzip, truncated_gzip, broken_gzip, expansion_ratio, encoding,
    line_too_long, empty, broken_header, missing_column:<field>, duplicate_column:<field>,
    no_known_column. InputMissingError where the file vanished since it was planned.
    """
    try:
        _check_container(path)
        _check_text(path, layout)
        _check_header(path, layout)
    except _RefusedError as refused:
        return str(refused)
    except OSError as error:
        raise InputMissingError(
            f"{path.name}: {type(error).__name__} while reading; it may still be arriving"
        ) from None
    return None


def _check_container(path: Path) -> None:
    with path.open("rb") as data:
        start = data.read(16)
    if start.startswith(_CONTAINERS):
        raise _RefusedError("unsupported_container")
    if path.name.lower().endswith(".gz") and not start.startswith(GZIP):
        raise _RefusedError("not_gzip")


def _check_text(path: Path, layout: Layout) -> None:
    """Reads every byte once: unpacks, decodes and measures lines, and keeps nothing."""
    decoder = codecs.getincrementaldecoder(layout.encoding)()
    open_line = 0
    try:
        for chunk in _unpacked(path):
            open_line = _measured(decoder.decode(chunk), open_line, layout.longest)
        _measured(decoder.decode(b"", final=True), open_line, layout.longest)
    except UnicodeError:
        raise _RefusedError("encoding") from None


def _measured(text: str, open_line: int, longest: int) -> int:
    first, *others = text.replace("\r", "\n").split("\n")
    if max(open_line + len(first), max(map(len, others), default=0)) > longest:
        raise _RefusedError("line_too_long")
    return len(others[-1]) if others else open_line + len(first)


def _unpacked(path: Path) -> Iterator[bytes]:
    most = max(ALWAYS_ALLOWED, LARGEST_RATIO * path.stat().st_size)
    read = 0
    try:
        with open_bytes(path) as data:
            while chunk := data.read(_CHUNK):
                read += len(chunk)
                if read > most:
                    raise _RefusedError("expansion_ratio")
                yield chunk
    except EOFError:
        raise _RefusedError("truncated_gzip") from None
    except (gzip.BadGzipFile, zlib.error):
        raise _RefusedError("broken_gzip") from None


def _check_header(path: Path, layout: Layout) -> None:
    with open_lines(path, layout) as lines:
        if not layout.is_csv:
            is_empty = not any(line.strip() for line in lines)
        else:
            rows = rows_of_csv(lines, layout)
            tally = Tally()
            header = layout.names or header_of(rows, tally)
            if tally.header and not header:
                raise _RefusedError("broken_header")
            if header:
                _check_columns(header, layout)
            width = len(header)
            is_empty = all(not row.problem and is_blank(row.values or (), width) for row in rows)
    if is_empty and not layout.accepts_empty:
        raise _RefusedError("empty")


def _check_columns(header: Sequence[str], layout: Layout) -> None:
    positions = positions_in(header, layout.fields)
    if not any(positions.values()):
        raise _RefusedError("no_known_column")
    for field, places in positions.items():
        if len(places) > 1:
            raise _RefusedError(f"duplicate_column:{field}")
        if not places and field in layout.required:
            raise _RefusedError(f"missing_column:{field}")
