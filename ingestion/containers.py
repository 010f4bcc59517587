"""What a file is packed in, told by its first bytes, and its bytes unpacked as one stream."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, cast

import pyarrow as pa

from ingestion.reasons import FileReason

Packing = Literal["gzip", "bz2", "zst"]
_CHUNK = 1 << 20
_LONGEST_START = 512  # bytes that are looked at; tar's mark stands at 257


class Codes(NamedTuple):
    """The reason codes of one packing: the name says so and the bytes do not; cut off; damaged."""

    absent: FileReason
    truncated: FileReason
    broken: FileReason


CODES: Mapping[Packing, Codes] = {
    "gzip": Codes("not_gzip", "truncated_gzip", "broken_gzip"),
    "bz2": Codes("not_bz2", "truncated_bz2", "broken_bz2"),
    "zst": Codes("not_zst", "truncated_zst", "broken_zst"),
}
ENDINGS: Mapping[str, Packing] = {".gz": "gzip", ".bz2": "bz2", ".zst": "zst"}
_PACKINGS: Mapping[bytes, Packing] = {
    b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zst",
}  # fmt: skip
# A block of bz2, or the end of an empty one: "BZh" alone may begin a text.
_BZ2_MARKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET = b"PAR1"
# Containers that are no text in any of the encodings: xz, 7z, rar, lz4, old Excel files.
_OTHERS = (
    b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x04\x22\x4d\x18",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
)  # fmt: skip
_TAR = (257, b"ustar")


def packing_of(path: Path) -> Packing | None:
    """What the file's bytes are packed in; None where they are not."""
    return _packing(_start_of(path))


def container_refusal(path: Path, format_: str) -> FileReason | None:
    """The reason code of a file whose container is not the one its name and format tell of.

    Packed bytes under a plain name are read; a name's .gz, .bz2 or .zst must be true. An empty
    file is in no container.
    """
    start = _start_of(path)
    named = ENDINGS.get(path.suffix.lower())
    if named and _packing(start) != named:
        return CODES[named].absent
    if format_ == "parquet":
        return None if not start or start.startswith(_PARQUET) else "not_parquet"
    if format_ == "xlsx":
        return None if not start or start.startswith(_ZIP) else "not_xlsx"
    at, mark = _TAR
    is_other = start.startswith((*_ZIP, *_OTHERS, _PARQUET)) or start[at:].startswith(mark)
    return "unsupported_container" if is_other else None


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where they are packed; see `damage_of` for what reading raises."""
    packing = packing_of(path)
    if packing == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if packing == "bz2":
        return cast(BinaryIO, io.BufferedReader(_Bz2(path), _CHUNK))
    if packing == "zst":
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


def damage_of(error: Exception, packing: Packing | None) -> FileReason | None:
    """The reason code of an error met while unpacking; None where it tells of something else."""
    # What the operating system says has a number; what a decompressor says has none.
    if packing is None or getattr(error, "errno", None) is not None:
        return None
    if isinstance(error, EOFError) or "Truncated" in str(error):
        return CODES[packing].truncated
    is_damage = isinstance(error, OSError | zlib.error | ValueError)
    return CODES[packing].broken if is_damage else None


def _start_of(path: Path) -> bytes:
    with path.open("rb") as data:
        return data.read(_LONGEST_START)


def _packing(start: bytes) -> Packing | None:
    for mark, packing in _PACKINGS.items():
        if start.startswith(mark):
            is_text = packing == "bz2" and not start[4:].startswith(_BZ2_MARKS)
            return None if is_text else packing
    return None


class _Bz2(io.RawIOBase):
    """The streams of a bz2 file one after the other.

    Python's own reader takes the file to end where a further stream is damaged; this one says so.
    """

    def __init__(self, path: Path) -> None:
        self.source = path.open("rb")
        self.unpacker = bz2.BZ2Decompressor()
        self.is_fresh = True  # no byte of the current stream was read

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.source.close()
        super().close()

    def readinto(self, target: Any) -> int:
        room = memoryview(target)
        found = self._next(len(room))
        room[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        while True:
            more, rest = b"", b""
            if self.unpacker.eof:
                rest = self.unpacker.unused_data
                self.unpacker, self.is_fresh = bz2.BZ2Decompressor(), True
            if self.unpacker.needs_input:
                more = rest or self.source.read(_CHUNK)
                if not more and not self.is_fresh:
                    raise EOFError("a stream of bz2 has no end")
                if not more:
                    return b""
                self.is_fresh = False
            found = self.unpacker.decompress(more, most)
            if found:
                return found
