"""Hostile files, made by code: what people, systems and attackers leave in a landing folder.

Each case says what becomes of the file: refused whole with a code, or so many header, blank and
accepted records and so many quarantined for each reason.
"""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("id", "phone", "qty", "amount", "day", "at", "state", "note")
HEADER = ",".join(COLUMNS) + "\n"
FIELDS = """
      id: {from: [id, 编号], type: text, required: true}
      phone: {type: text, identifier: phone}
      qty: {type: integer}
      amount: {type: money}
      day: {type: date}
      at: {type: timestamp}
      state: {type: enum, values: {on: taken, off: undone}}
      note: {from: [note, 备注], type: text}
"""
_numbers = itertools.count(1)  # no two rows of the corpus share their id


@dataclass(frozen=True)
class HostileFile:
    """One file and what must become of it; `refused` None: it is read, and its records counted."""

    name: str
    make: Callable[[], bytes]
    refused: str | None = None
    accepted: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    header: int = 1
    blank: int = 0
    format: str = "csv"
    options: tuple[str, ...] = ()
    file: str = ""
    refused_identifiers: Mapping[str, int] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The file's own name."""
        return self.file or f"f.{self.format}"

    @property
    def group(self) -> str:
        """What it shares with all files that are read by the same options."""
        words = re.findall("[a-z0-9]+", " ".join((self.format, *self.options)))
        return "_".join(words) + ("_blank" if "delimiter" in words else "")

    def dataset(self, into: str) -> str:
        """The dataset, in a channel file, of all files of its group, each in its own folder."""
        options = "".join(f"    {option}\n" for option in self.options)
        return (
            f"  {self.group}:\n"
            f'    path: "hostile/{{date}}/{self.group}/*/*"\n'
            f"    format: {self.format}\n"
            "    time_zone: America/New_York\n"
            "    required: false\n"
            f"{options}    fields:{FIELDS}    into: {into}\n"
        )


def row(**values: str) -> str:
    """A sound line of csv, with some of its values put in place of the sound ones."""
    return ",".join(cells(**values)) + "\n"


def cells(**values: str) -> list[str]:
    """The values of a sound row, some of them replaced."""
    sound = {"id": f"k{next(_numbers)}", "phone": "13912345678", "qty": "1", "amount": "1.50",
             "day": "2024-04-30", "at": "2024-04-30 08:00:00", "state": "on",
             "note": ""}  # fmt: skip
    return list({**sound, **values}.values())


def lines(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> Callable[[], bytes]:
    """A file of the header and some lines."""
    return lambda: (header + "".join(rows)).encode(encoding)


def sound(count: int = 2) -> bytes:
    """A sound csv file."""
    return (HEADER + "".join(row() for _ in range(count))).encode()


def objects(*rows: str) -> Callable[[], bytes]:
    """A file of JSON lines."""
    return lambda: "".join(f"{each}\n" for each in rows).encode()


def object_of(**values: Any) -> str:
    """A sound JSON object, with some of its values put in place of the sound ones."""
    return json.dumps({**dict(zip(COLUMNS, cells(), strict=True)), **values})


def zst(data: bytes) -> bytes:
    """One frame of Zstandard."""
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def bomb(pack: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    """80 MB of one line, in a few kilobytes."""
    return lambda: pack(HEADER.encode() + row().encode() * (80_000_000 // 60))


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def tar() -> bytes:
    """A tar archive with one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("f.csv")
        info.size = len(sound())
        archive.addfile(info, io.BytesIO(sound()))
    return out.getvalue()


def workbook(rows: Iterable[Sequence[Any]], *changes: tuple[str, str]) -> bytes:
    """A workbook; `changes` replace texts of its sheet's XML."""
    book = openpyxl.Workbook()
    for each in rows:
        book.active.append(each)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    for old, new in changes:
        sheet = parts["xl/worksheets/sheet1.xml"]
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(old.encode(), new.encode())
    return zipped(parts)


def parquet(columns: Mapping[str, Any]) -> bytes:
    """A Parquet file."""
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(columns)), out)
    data: bytes = out.getvalue().to_pybytes()
    return data


def ids(count: int) -> list[str]:
    """Ids of no other row."""
    return [f"k{next(_numbers)}" for _ in range(count)]


def _refused(name: str, code: str, make: Callable[[], bytes], **more: Any) -> HostileFile:
    return HostileFile(name, make, refused=code, **more)


GBK, WIDE = ("encoding: gbk",), [f"c{n}" for n in range(21_000)]
ENCODINGS = [
    HostileFile("utf8_with_mark", lambda: b"\xef\xbb\xbf" + sound(), accepted=2),
    HostileFile("gbk", lines(row(note="男"), encoding="gbk"), accepted=1, options=GBK),
    HostileFile("gb18030_with_mark", lines("\ufeff" + HEADER, row(note="㐀"), header="",
                encoding="gb18030"), accepted=1, options=("encoding: gb18030",)),
    HostileFile("utf16", lines(row(note="男"), encoding="utf-16"), accepted=1,
                options=("encoding: utf-16",)),
    HostileFile("latin1", lines(row(note="é"), encoding="latin-1"), accepted=1,
                options=("encoding: latin-1",)),
    _refused("gbk_read_as_utf8", "encoding", lines(row(note="男"), encoding="gbk")),
    _refused("utf8_with_mark_read_as_gbk", "encoding", lambda: b"\xef\xbb\xbf" + sound(),
             options=GBK),
    _refused("utf16_read_as_utf8", "encoding", lines(row(), encoding="utf-16")),
    _refused("half_a_letter_at_the_end", "encoding",
             lambda: lines(row(note="男"))()[:-2]),
]  # fmt: skip
HEADERS = [
    HostileFile("header_permuted", lines("a,x1,3\n", header="note,编号,qty\n"), accepted=1),
    HostileFile("header_padded", lines("x2,5\n", header=" ＩＤ ,QTY\t\n"), accepted=1),
    HostileFile("header_new_columns", lines("x3,?,?\n", header="id,new,newer\n"), accepted=1),
    HostileFile("header_quoted", lines("x4,5\n", header='"id","qty"\n'), accepted=1),
    HostileFile("header_on_line_3", lines("x5,1\n", header='a "report\n\nid,qty\n'), accepted=1,
                header=3, options=("header: 3",)),
    HostileFile("no_header", lines("x6,1\nx7,2\n", header=""), accepted=2, header=0,
                options=("header: [id, qty]",)),
    HostileFile("header_twice", lines("x8,1\n", header="id,qty\nid,qty\n"), accepted=1,
                quarantined={"qty:not_an_integer": 1}),
    HostileFile("no_header_yet_one", lines("x9,1\n", header="id,qty\n"), accepted=1, header=0,
                quarantined={"qty:not_an_integer": 1}, options=("header: [id, qty]",)),
    HostileFile("columns_21000", lines("," * 21_000 + "x10\n",
                header=",".join([*WIDE, "id"]) + "\n"), accepted=1),
    _refused("header_renamed", "missing_column:id", lines("1,2\n", header="ident,qty\n")),
    _refused("header_unknown", "no_known_column", lines("1,2\n", header="x,y\n")),
    _refused("header_duplicate", "duplicate_column:id", lines("1,2\n", header="id,编号\n")),
    _refused("header_missing", "no_known_column", lines(row(), header="")),
    _refused("header_broken", "broken_header", lines("1,2\n", header='id,"qty\n')),
    _refused("header_beyond_the_end", "broken_header", lambda: b"id\n1\n",
             options=("header: 9",)),
]  # fmt: skip
ROWS = [
    HostileFile("rows_short_and_long", lines("x\n", row(), row().strip() + ",more\n"),
                accepted=1, quarantined={"short_row": 1, "long_row": 1}),
    HostileFile("quote_in_a_line", lines(row(note='5" pipe'), row()), accepted=1,
                quarantined={"broken_quote": 1}),
    HostileFile("quote_left_open", lines(row(note='"open'), row(), row()), accepted=2,
                quarantined={"broken_quote": 1}),
    HostileFile("quotes_over_lines", lines(row(note='"open'), row(), row(note='end" x'), row()),
                accepted=2, quarantined={"broken_quote": 2}),
    HostileFile("newlines_in_values", lines(row(note='"a\nb\r\nc"'), row()), accepted=2),
    HostileFile("doubled_quotes", lines(row(note='"say ""hi"""')), accepted=1),
    HostileFile("nul_bytes", lines(row(note="a\0b"), row()), accepted=1, quarantined={"nul": 1}),
    HostileFile("returns_only", lambda: sound().replace(b"\n", b"\r"), accepted=2),
    HostileFile("mixed_line_ends", lines(row().replace("\n", "\r\n"), row(), "\r\n", "  \n"),
                accepted=2, blank=2),
    HostileFile("no_end_of_last_line", lambda: sound().rstrip(), accepted=2),
    HostileFile("open_quote_of_many_lines", lines(row(note='"open'), *[row() for _ in range(3000)]),
                accepted=3000, quarantined={"broken_quote": 1}),
    HostileFile("blanks_as_delimiter", lines(" 1  7\n 2   8  \n\n 3 x 9\n", header="id  qty\n"),
                accepted=2, blank=1, quarantined={"long_row": 1}, options=("delimiter: ' '",)),
    HostileFile("constant_key", lines(*["same,1\n"] * 3, header="id,qty\n"), accepted=3),
    HostileFile("globs_in_the_name", sound, accepted=2, file="[a-z]{1,2}?.csv"),
    _refused("empty", "empty", lambda: b""),
    _refused("header_only", "empty", lines()),
    _refused("blank_lines_only", "empty", lambda: b"\n \r\n\n"),
    _refused("line_of_5_mb", "line_too_long", lines(row(note="x" * 5_000_000))),
    _refused("binary_rubbish", "encoding", lambda: bytes(range(256)) * 9),
]  # fmt: skip
VALUES = [
    HostileFile("integers_too_large", lines(row(qty="9" * 20), row(qty="1.0"), row(qty="１")),
                accepted=1, quarantined={"qty:out_of_range": 1, "qty:not_an_integer": 1}),
    HostileFile("phones_of_excel", lines(row(phone="1.38E+10"), row(phone="13912345678.0")),
                accepted=2, refused_identifiers={"phone:bad_shape": 2}),
    HostileFile("phones_of_nobody", lines(row(phone="010-62345678"), row(phone="+1 202 155 0143"),
                row(phone="+1 800 555 0199"), row(phone="+1 888 555 0100"), row(phone="n/a")),
                accepted=5, refused_identifiers={"phone:not_a_mobile": 1, "phone:unassigned": 1,
                                                 "phone:service_number": 2, "phone:bad_shape": 1}),
    HostileFile("impossible_dates", lines(row(day="2024-02-30"), row(day="0000-00-00"),
                row(day="2024-02-29"), row(day="45412")), accepted=1,
                quarantined={"day:not_a_date": 3}),
    HostileFile("wrong_zones", lines(row(at="2024-05-01 08:00:00+25:00"),
                row(at="2024-05-01 08:00:00 Mars/Base"), row(at="2024-05-01T08:00:00+08:00")),
                accepted=1, quarantined={"at:not_a_time": 2}),
    HostileFile("hours_of_summer_time", lines(row(at="2024-03-10 02:30:00"),
                row(at="2023-11-05 01:30:00")), accepted=1, quarantined={"at:not_a_time": 1}),
    HostileFile("rows_of_another_day", lines(row(at="2019-01-01 00:00:00"), row(at=""),
                row(at="2199-12-31 23:59:59")), accepted=3),
    HostileFile("money_of_people", lines(row(amount="1.005"), row(amount='"1,000.00"'),
                row(amount="¥1"), row(amount="9" * 17), row(amount="NaN")),
                quarantined={"amount:too_precise": 1, "amount:not_a_number": 3,
                             "amount:out_of_range": 1}),
    HostileFile("unknown_values", lines(row(state="broken"), row(state="off")), accepted=1,
                quarantined={"state:unknown_value": 1}),
    HostileFile("missing_id", lines(row(id=""), row(id="\u200b "), row()), accepted=1,
                quarantined={"id:missing": 2}),
    HostileFile("several_faults", lines(row(qty="x", day="y", id="")),
                quarantined={"qty:not_an_integer": 1, "day:not_a_date": 1, "id:missing": 1}),
]  # fmt: skip
CONTAINERS = [
    HostileFile("gzip_under_a_plain_name", lambda: gzip.compress(sound(), mtime=0), accepted=2),
    HostileFile("gzip_of_two_parts", lambda: gzip.compress(sound(), mtime=0)
                + gzip.compress(row().encode(), mtime=0), accepted=3, file="f.csv.gz"),
    HostileFile("bzip2", lambda: bz2.compress(sound()), accepted=2, file="f.csv.bz2"),
    HostileFile("zstandard_of_two_frames", lambda: zst(sound()) + zst(row().encode()), accepted=3,
                file="f.csv.zst"),
    _refused("gzip_truncated", "truncated_gzip", lambda: gzip.compress(sound(99), mtime=0)[:-9],
             file="f.csv.gz"),
    _refused("gzip_broken", "broken_gzip", lambda: gzip.compress(sound(), mtime=0)[:-8]
             + b"12345678", file="f.csv.gz"),
    _refused("gzip_with_a_tail", "broken_gzip", lambda: gzip.compress(sound(), mtime=0) + b"tail",
             file="f.csv.gz"),
    _refused("bzip2_truncated", "truncated_bz2", lambda: bz2.compress(sound(99))[:-9],
             file="f.csv.bz2"),
    _refused("bzip2_with_a_tail", "broken_bz2", lambda: bz2.compress(sound()) + b"tail and more",
             file="f.csv.bz2"),
    _refused("zstandard_truncated", "truncated_zst", lambda: zst(sound(99))[:-9],
             file="f.csv.zst"),
    _refused("zstandard_with_a_tail", "broken_zst", lambda: zst(sound()) + b"tail and more",
             file="f.csv.zst"),
    _refused("text_named_gz", "not_gzip", sound, file="f.csv.gz"),
    _refused("text_named_bz2", "not_bz2", sound, file="f.csv.bz2"),
    _refused("gzip_named_zst", "not_zst", lambda: gzip.compress(sound(), mtime=0),
             file="f.csv.zst"),
    _refused("zip_archive", "unsupported_container", lambda: zipped({"f.csv": sound()})),
    _refused("tar_archive", "unsupported_container", tar),
    _refused("seven_zip", "unsupported_container", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(99)),
    _refused("xz", "unsupported_container", lambda: b"\xfd7zXZ\0" + bytes(99)),
    _refused("old_excel", "unsupported_container",
             lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(999)),
    _refused("parquet_named_csv", "unsupported_container", lambda: parquet({"id": ["1"]})),
]  # fmt: skip
JSON_LINES = [
    HostileFile("json_wrong_types", objects(object_of(qty=1, amount=1.5), object_of(qty="one"),
                object_of(id=7), object_of(qty=1.5), object_of(qty=True)), accepted=2,
                quarantined={"qty:not_an_integer": 3}, header=0, format="jsonl"),
    HostileFile("json_keys_twice", objects('{"id": "y1", "id": "y2"}',
                '{"id": "y3", "x": 1, "x": 2}'), accepted=1,
                quarantined={"duplicate_key": 1}, header=0, format="jsonl"),
    HostileFile("json_lists", objects(object_of(note=["a"]), object_of(note={"a": 1}), "[1]",
                object_of(extra=[1])), accepted=1, header=0, format="jsonl",
                quarantined={"nested_value": 2, "not_an_object": 1}),
    HostileFile("json_deep", objects('{"id": ' + "[" * 100_000, object_of()), accepted=1,
                quarantined={"bad_json": 1}, header=0, format="jsonl"),
    HostileFile("json_cut_off", lambda: objects(object_of(), object_of())()[:-20], accepted=1,
                quarantined={"bad_json": 1}, header=0, format="jsonl"),
    HostileFile("json_no_numbers", objects('{"id": "y4", "qty": NaN}', '{"id": "y5", "qty": 1e2}',
                "\n"), quarantined={"bad_json": 1, "qty:not_an_integer": 1}, header=0, blank=2,
                format="jsonl"),
    HostileFile("json_half_letters", objects('{"id": "\\ud800"}', '{"id": "a\\u0000"}'), header=0,
                quarantined={"bad_unicode": 1, "nul": 1}, format="jsonl"),
    _refused("json_line_of_5_mb", "line_too_long", objects(object_of(note="x" * 5_000_000)),
             format="jsonl"),
]  # fmt: skip
DOCUMENTS = [
    HostileFile("document_of_one_line", lambda: b'[{"id": "z1", "qty": 1}, {"id": "z2", '
                b'"id": 2}, 3]', accepted=1, header=0,
                quarantined={"duplicate_key": 1, "not_an_object": 1}, format="json"),
    HostileFile("document_of_one_object", lambda: b'{"id": "z3",\n "qty": "1"}\n', accepted=1,
                header=0, format="json"),
    HostileFile("document_deep", lambda: b'[{"id": ' + b"[" * 90_000 + b"]" * 90_000
                + b'}, {"id": "z4"}]', accepted=1, quarantined={"bad_json": 1}, header=0,
                format="json"),
    _refused("document_cut_off", "broken_json", lambda: b'[{"id": "1"}, {"id": "2"', format="json"),
    _refused("document_of_lines", "broken_json", lambda: b'{"id": "1"}\n{"id": "2"}\n',
             format="json"),
    _refused("document_of_nothing", "empty", lambda: b"[]", format="json"),
]  # fmt: skip
TYPED = [
    HostileFile("parquet_types", lambda: parquet({"id": ids(3), "qty": [1.0, None, 1.5],
                "phone": [13912345678] * 3, "at": pa.array([0, 1, 2], pa.timestamp("ns", "UTC"))}),
                quarantined={"qty:not_an_integer": 1, "at:not_a_time": 2}, accepted=1, header=0,
                format="parquet"),
    HostileFile("parquet_nested", lambda: parquet({"id": ids(2), "note": [["x"], None],
                "more": [{"x": 1}, None]}), accepted=1, quarantined={"nested_value": 1}, header=0,
                format="parquet"),
    HostileFile("parquet_bytes", lambda: parquet({"id": ids(2), "note": [b"x", None]}), accepted=1,
                quarantined={"unsupported_type": 1}, header=0, format="parquet"),
    _refused("parquet_cut_off", "broken_parquet", lambda: parquet({"id": ids(9)})[:-9],
             format="parquet"),
    _refused("parquet_of_text", "not_parquet", sound, format="parquet"),
    HostileFile("xlsx_cells", lambda: workbook([COLUMNS, *[[each, 13912345678, 1, 1.5] for each in
                ids(3)], [None], ["k", None, "one"]],
                ('r="C3" t="n"><v>1</v>', 'r="C3" t="e"><v>#N/A</v>'),
                ('r="C4" t="n"><v>1</v>', 'r="C4"><f>A1</f>')), accepted=1, blank=1, format="xlsx",
                quarantined={"cell_error": 1, "formula_without_value": 1, "qty:not_an_integer": 1}),
    _refused("xlsx_with_entities", "broken_xlsx", lambda: workbook([COLUMNS, ["1"]],
             ("<worksheet", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet')), format="xlsx"),
    _refused("xlsx_of_rows_without_end", "broken_xlsx", lambda: workbook([COLUMNS, ["1"]],
             ('<row r="2"', '<row r="999999999"')), format="xlsx"),
    _refused("xlsx_of_a_zip", "not_xlsx", lambda: zipped({"f.csv": sound()}), format="xlsx"),
    _refused("xlsx_cut_off", "broken_xlsx", lambda: workbook([COLUMNS, ["1"]])[:-99],
             format="xlsx"),
]  # fmt: skip
BOMBS = [
    _refused("gzip_bomb", "expansion_ratio", bomb(lambda data: gzip.compress(data, 9, mtime=0)),
             file="f.csv.gz"),
    # Stream after stream: one of 80 MB would take a minute to make.
    _refused("bzip2_bomb", "expansion_ratio", lambda: bz2.compress(row().encode() * 14_000) * 99,
             file="f.csv.bz2"),
    _refused("zstandard_bomb", "expansion_ratio", bomb(zst), file="f.csv.zst"),
    _refused("xlsx_bomb", "expansion_ratio", lambda: zipped({
             "xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b"<x/>" * 20_000_000}),
             format="xlsx"),
    _refused("xlsx_bomb_of_texts", "workbook_too_large", lambda: zipped({
             "xl/workbook.xml": b"", "xl/sharedStrings.xml": b"<si/>" * 13_500_000,
             "noise": np.random.default_rng(7).bytes(400_000)}), format="xlsx"),
    _refused("parquet_bomb", "expansion_ratio", lambda: parquet({
             "id": pa.DictionaryArray.from_arrays(np.zeros(70_000_000, np.int8), ["x"])}),
             format="parquet"),
]  # fmt: skip
CORPUS = [*ENCODINGS, *HEADERS, *ROWS, *VALUES, *CONTAINERS, *JSON_LINES, *DOCUMENTS, *TYPED]
