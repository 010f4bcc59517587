"""How the bytes of a dataset's files become text lines and named columns; safe to ship to tasks."""

from __future__ import annotations

import gzip
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from model.settings import IngestionSettings

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.channels import Dataset

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Layout:
    """What a reader needs of a dataset; `fields` maps each field to its normalised headers.

    `names` are the columns of files without a header row, else empty. `longest` bounds, in
    characters, a line and a record of several lines.
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

    @property
    def is_csv(self) -> bool:
        """Whether values are told apart by a delimiter."""
        return self.format in ("csv", "tsv")


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


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where they are gzip."""
    with path.open("rb") as start:
        is_gzip = start.read(len(GZIP)) == GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip else path.open("rb")


def open_lines(path: Path, layout: Layout) -> io.TextIOWrapper:
    """The file's lines with their ends (LF, CRLF or CR) as they are."""
    return io.TextIOWrapper(open_bytes(path), encoding=layout.encoding, newline="")
