"""Accidents that befall a night's dumps: `python -m examples.people.accidents FOLDER DATE NAME`.

Each rewrites what a channel landed, as a careless export, a broken job or a helpful hand would.
Nothing of it is true of the people, so a gate should hold every such night.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from examples.spelling import joined

from .dumps import write_rows
from .planted import MAILBOXES
from .profiles import ACCOUNTS

Accident = Callable[[Path, date], None]
Change = Callable[[pa.Table], pa.Table]
ONE_PHONE, ONE_DEVICE = "13912345678", "a0000000-0000-4000-8000-000000000001"


def landed_file(landing: Path, channel: str, night: date) -> Path:
    """The dump of a channel on a night; FileNotFoundError where there is none."""
    folder = landing / channel / night.isoformat()
    return sorted(folder.iterdir())[0]


def landed_rows(file: Path) -> pa.Table:
    """A dump's rows as they are written, all of them text."""
    names = file.open(encoding="utf-8").readline().rstrip("\n").split(delimiter_of(file))
    return pyarrow.csv.read_csv(
        file,
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter_of(file)),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def delimiter_of(file: Path) -> str:
    return ACCOUNTS.delimiter if file.stem == ACCOUNTS.file else ","


def befall(folder: Path, night: date, name: str) -> None:
    """The accident of that name happens to the dumps below `folder`."""
    ACCIDENTS[name](folder / "landing", night)


def _rewritten(channel: str, change: Change) -> Accident:
    """The rows of the channel's dump, changed."""

    def accident(landing: Path, night: date) -> None:
        file = landed_file(landing, channel, night)
        write_rows(change(landed_rows(file)), file, delimiter_of(file))

    return accident


def _constant(channel: str, column: str, value: str | None) -> Accident:
    """One value in every row."""

    def change(rows: pa.Table) -> pa.Table:
        same = pa.repeat(pa.scalar(value, pa.string()), len(rows))
        return rows.set_column(rows.column_names.index(column), column, same)

    return _rewritten(channel, change)


def _swapped(channel: str, one: str, other: str) -> Accident:
    """Each of two columns under the other's header."""

    def change(rows: pa.Table) -> pa.Table:
        names = {one: other, other: one}
        renamed = rows.rename_columns([names.get(name, name) for name in rows.column_names])
        return renamed.select(rows.column_names)

    return _rewritten(channel, change)


def _shifted(rows: pa.Table) -> pa.Table:
    """The numbers of the records one row too low: everybody has their neighbour's."""
    ids = rows.column(0)
    lower = pa.concat_arrays([*ids.slice(len(ids) - 1).chunks, *ids.slice(0, len(ids) - 1).chunks])
    return rows.set_column(0, rows.column_names[0], lower)


def _rounded(rows: pa.Table) -> pa.Table:
    """The numbers of the records as a spreadsheet shows them: 8.09E+10."""
    ids = rows.column(0).combine_chunks()
    parts = (pc.utf8_slice_codeunits(ids, *ends) for ends in ((0, 1), (1, 3)))
    first, rest = parts
    return rows.set_column(0, rows.column_names[0], joined(first, ".", rest, "E+10"))


def _doubled(landing: Path, night: date) -> None:
    """All receipts twice: a second file with the same rows in another order."""
    file = landed_file(landing, "pos", night)
    rows = landed_rows(file)
    backwards = rows.take(pa.array(range(len(rows) - 1, -1, -1), pa.int64()))
    write_rows(backwards, file.with_stem(f"{file.stem}_2"), delimiter_of(file))


def _missing(landing: Path, night: date) -> None:
    landed_file(landing, "shop", night).unlink()


def _cut(landing: Path, night: date) -> None:
    """The first half of the bytes; the copying broke off within a line."""
    file = landed_file(landing, "service", night)
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(half.rstrip(b"\n")[:-3])


def _again(landing: Path, night: date) -> None:
    """The dump of the day before, delivered as today's."""
    before = landed_file(landing, "pos", night - timedelta(days=1))
    landed_file(landing, "pos", night).write_bytes(before.read_bytes())


ACCIDENTS: dict[str, Accident] = {
    "no_emails": _constant("accounts", "email", None),
    "one_email": _constant("accounts", "email", MAILBOXES[1]),
    "one_device": _constant("app", "did", ONE_DEVICE),
    "one_phone": _constant("crm", "手机", ONE_PHONE),
    "swapped_columns": _swapped("crm", "手机", "电子邮箱"),
    "shifted_numbers": _rewritten("crm", _shifted),
    "rounded_numbers": _rewritten("crm", _rounded),
    "doubled_source": _doubled,
    "missing_source": _missing,
    "empty_source": _rewritten("wechat", lambda rows: rows.slice(0, 0)),
    "cut_source": _cut,
    "source_of_yesterday": _again,
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.people.accidents")
    parser.add_argument("folder", type=Path, help="of examples.people")
    parser.add_argument("night", type=date.fromisoformat)
    parser.add_argument("name", choices=list(ACCIDENTS))
    chosen = parser.parse_args(argv)
    befall(chosen.folder, chosen.night, chosen.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
