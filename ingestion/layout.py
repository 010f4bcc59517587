"""How the bytes of a dataset's files become text lines and named columns; safe to ship to tasks."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.containers import open_bytes
from model.settings import IngestionSettings

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.channels import Dataset

TEXT_FORMATS = ("csv", "tsv", "jsonl", "json")
# Encodings in which the bytes of a line's end, a quote or a blank are never part of a letter.
BYTE_SAFE = ("utf-8-sig", "gbk", "gb18030", "latin-1")
_GB18030_MARK = b"\x84\x31\x95\x33"  # its byte order mark, which Python's codec keeps


@dataclass(frozen=True)
class Layout:
    """What a reader needs of a dataset; `fields` maps each field to its normalised headers.

    `names` are the columns of files without a header row, else empty; `header_line` is the line a
    header stands on (what stands before it counts as header too). A blank as the delimiter means
    runs of blanks. `sheet` is one of a workbook; empty: the first. `longest` bounds, in characters,
    a line, a record of several lines and an object of a JSON document.
    """

    format: str
    encoding: str
    delimiter: str
    quote: str
    escape: str | None
    multiline: bool
    names: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    accepts_empty: bool
    longest: int
    header_line: int = 1
    sheet: str = ""

    @property
    def is_csv(self) -> bool:
        """Whether values are told apart by a delimiter."""
        return self.format in ("csv", "tsv")

    @property
    def is_text(self) -> bool:
        """Whether files are text, in an encoding, maybe packed."""
        return self.format in TEXT_FORMATS

    @property
    def is_byte_safe(self) -> bool:
        """Whether lines may be told apart without decoding them."""
        return self.encoding in BYTE_SAFE


def layout_of(dataset: Dataset, settings: IngestionSettings) -> Layout:
    """The layout of a dataset's files."""
    entry = dataset.entry
    return Layout(
        format=entry.format,
        # A byte order mark is no part of the first header.
        encoding="utf-8-sig" if entry.encoding == "utf-8" else entry.encoding,
        delimiter=entry.separator,
        quote=entry.quote,
        escape=entry.escape or None,
        multiline=entry.multiline,
        names=entry.header if isinstance(entry.header, tuple) else (),
        fields={
            name: tuple(header_key(header) for header in field.headers(name))
            for name, field in entry.fields.items()
        },
        required=tuple(name for name, field in entry.fields.items() if field.required),
        accepts_empty=entry.empty == "accept",
        longest=settings.longest_line,
        header_line=entry.header_line,
        sheet=entry.sheet,
    )


def header_key(header: str) -> str:
    """A header as it is compared: NFKC, trimmed, case-folded."""
    return unicodedata.normalize("NFKC", header).strip(" \t\r\n\ufeff\u200b").casefold()


def positions_in(
    header: Sequence[str], fields: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[int, ...]]:
    """Where each field stands in a header, by name: nowhere, once, or (a fault) several times."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        places.setdefault(header_key(name), []).append(place)
    return {
        field: tuple(place for key in dict.fromkeys(keys) for place in places.get(key, ()))
        for field, keys in fields.items()
    }


def open_lines(path: Path, layout: Layout) -> io.TextIOWrapper:
    """The file's lines with their ends (LF, CRLF or CR) as they are, without a byte order mark."""
    data = open_bytes(path)
    if layout.encoding == "gb18030" and without_mark(data.read(len(_GB18030_MARK)), layout):
        data.close()
        data = open_bytes(path)
    return io.TextIOWrapper(data, encoding=layout.encoding, newline="")


def without_mark(start: bytes, layout: Layout) -> bytes:
    """A file's first bytes without a mark of the byte order that the codec would keep."""
    return start.removeprefix(_GB18030_MARK) if layout.encoding == "gb18030" else start
