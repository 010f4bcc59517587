"""A file's text in blocks of whole lines, as UTF-8, counted; with the way back to single lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

BLOCK = 8 << 20  # bytes, which caches hold; a block ends with the last line that ends in them
_AS_THEY_ARE = ("utf-8", "utf-8-sig")
_MARKED = ("utf-8-sig", "gb18030")  # of the others the codec takes it away, or it is a letter
_FEW = 1 << 16  # bytes that are told apart at once where single lines are wanted
BOM = b"\xef\xbb\xbf"
_LF = 10


class Block(NamedTuple):
    """Whole lines, each with its end; the file's last line may have none."""

    data: bytes
    first_line: int


def utf8_chunks(
    stream: BinaryIO, encoding: str, size: int = BLOCK, has_mark: bool = True
) -> Iterator[bytes]:
    """The text of a stream as UTF-8, some bytes at a time.

    `has_mark`: it is a file's begin, where a byte order mark is no part of the text.
    """
    if encoding in _AS_THEY_ARE:
        chunks = iter(lambda: stream.read(size), b"")
    else:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        chunks = (piece.encode() for piece in iter(lambda: text.read(size), ""))
    for chunk in chunks:
        yield chunk.removeprefix(BOM) if has_mark and encoding in _MARKED else chunk
        has_mark = False


class TextSource:
    """The lines of a text from `first_line` on: taken a block at a time, or one by one.

    Lines end with LF, CRLF or CR. `number` is that of the last line taken.
    """

    def __init__(self, chunks: Iterator[bytes], first_line: int = 1) -> None:
        self.number = first_line - 1
        self._chunks = chunks
        self._rest = b""  # the begin of a line that goes on in the next chunk
        self._ahead = b""  # whole lines that were read, and from where on they are not taken
        self._at = 0
        self._waiting: list[str] = []  # those of them that are told apart, last first

    def block(self) -> Block | None:
        """The next whole lines; None at the end."""
        first_line = self.number + 1
        ahead = self._ahead[self._at :] or self._next_lines()
        data = "".join(reversed(self._waiting)).encode() + ahead
        self._waiting, self._ahead, self._at = [], b"", 0
        self.number += line_count(data)
        return Block(data, first_line) if data else None

    def next(self) -> str | None:
        """The next line, with its end; None at the end."""
        if not self._waiting:
            if self._at >= len(self._ahead):
                self._ahead, self._at = self._next_lines(), 0
            few = self._ahead[self._at : self._at + _FEW]
            few = few[: _last_line_end(few)] or self._ahead[self._at :]
            self._waiting = lines_of(few)[::-1]
            self._at += len(few)
        if not self._waiting:
            return None
        self.number += 1
        return self._waiting.pop()

    def give_back(self, lines: list[str]) -> None:
        """Takes lines back that were taken last."""
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)

    def _next_lines(self) -> bytes:
        pieces: list[bytes | memoryview] = [self._rest]
        for chunk in self._chunks:
            if end := _last_line_end(chunk):
                self._rest = chunk[end:]
                return b"".join([*pieces, memoryview(chunk)[:end]])
            pieces.append(chunk)
        self._rest = b""
        return b"".join(pieces)


def _last_line_end(chunk: bytes) -> int:
    """Where the last line surely ends; 0 where none does.

    A CR at a chunk's end may be half of a CRLF.
    """
    return chunk.rfind(b"\n") + 1 or chunk.rfind(b"\r", 0, len(chunk) - 1) + 1


def line_count(data: bytes) -> int:
    """How many lines whole lines of text are; the last one may lack its end."""
    ends = int(np.count_nonzero(np.frombuffer(data, np.uint8) == _LF))  # 5 times as fast as count
    if b"\r" in data:
        ends += data.count(b"\r") - data.count(b"\r\n")
    return ends + (not data.endswith((b"\n", b"\r")) and bool(data))


def has_lone_cr(data: bytes) -> bool:
    """Whether a CR ends a line by itself."""
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def lines_of(data: bytes) -> list[str]:
    """The lines of a block of UTF-8, each with its end."""
    return list(io.StringIO(data.decode(), newline=""))
