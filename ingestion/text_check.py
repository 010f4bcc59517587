"""Every byte of a text file looked at once: unpacked, decoded and measured, and nothing kept."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from ingestion.containers import damage_of, open_bytes, packing_of
from ingestion.layout import Layout
from ingestion.reasons import FileRefusedError

# A text that packs better than this is no dump; small files may, header-only ones do.
LARGEST_RATIO = 200
ALWAYS_ALLOWED = 64 << 20
_CHUNK = 4 << 20
_WIDEST = 4  # bytes of a letter in any of the encodings
_UNICODE_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks


def most_bytes(path: Path) -> int:
    """Up to how many bytes a file may unpack."""
    return max(ALWAYS_ALLOWED, LARGEST_RATIO * path.stat().st_size)


def check_text(path: Path, layout: Layout) -> None:
    """FileRefusedError where the file cannot be unpacked or decoded, or has too long a line."""
    # An object of a JSON document may have any number of lines: it is measured elsewhere.
    has_lines = layout.format != "json"
    by_bytes = layout.is_byte_safe and has_lines
    try:
        (_check_bytes if by_bytes else _check_letters)(path, layout, has_lines)
    except UnicodeError:
        raise FileRefusedError("encoding") from None


def _check_bytes(path: Path, layout: Layout, has_lines: bool) -> None:
    """Lines are told apart as bytes, and decoded only where they are not ASCII."""
    is_first, open_line = True, b""
    for chunk in _unpacked(path):
        if is_first and layout.encoding != "utf-8-sig" and chunk.startswith(_UNICODE_MARKS):
            raise FileRefusedError("encoding")
        is_first = False
        data = open_line + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        _check_lines(data[:end] if end < len(data) else data, layout)
        open_line = data[end:]
        if len(open_line) > _WIDEST * layout.longest:
            raise FileRefusedError("line_too_long")
    _check_lines(open_line, layout)


def _check_lines(data: bytes, layout: Layout) -> None:
    """Whole lines: every jump lands behind the last line that ends within the longest one."""
    if not data.isascii():
        data.decode(layout.encoding)
    at, longest = 0, layout.longest
    while len(data) - at > longest:
        end = data.rfind(b"\n", at, at + longest + 1)
        if end < 0:
            end = data.rfind(b"\r", at, at + longest + 1)
        if end < 0:  # more bytes than letters are allowed
            ends = [found for mark in (b"\n", b"\r") if (found := data.find(mark, at)) >= 0]
            end = min(ends, default=len(data))
            if len(data[at:end].decode(layout.encoding)) > longest:
                raise FileRefusedError("line_too_long")
        at = end + 1


def _check_letters(path: Path, layout: Layout, has_lines: bool) -> None:
    decoder = codecs.getincrementaldecoder(layout.encoding)()
    open_line = 0
    for chunk in _unpacked(path):
        text = decoder.decode(chunk)
        open_line = _measured(text, open_line, layout.longest) if has_lines else 0
    decoder.decode(b"", final=True)


def _measured(text: str, open_line: int, longest: int) -> int:
    """The length of the line left open at the text's end."""
    first, *others = text.replace("\r", "\n").split("\n")
    if max(open_line + len(first), max(map(len, others), default=0)) > longest:
        raise FileRefusedError("line_too_long")
    return len(others[-1]) if others else open_line + len(first)


def _unpacked(path: Path) -> Iterator[bytes]:
    packing, most, read = packing_of(path), most_bytes(path), 0
    try:
        with open_bytes(path) as data:
            while chunk := data.read(_CHUNK):
                read += len(chunk)
                if read > most:
                    raise FileRefusedError("expansion_ratio")
                yield chunk
    except FileRefusedError:
        raise
    except Exception as error:
        damage = damage_of(error, packing)
        if damage is None:
            raise
        raise FileRefusedError(damage) from None
