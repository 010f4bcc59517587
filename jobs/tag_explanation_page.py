"""The answer of `onefold explain tag`, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from identity.corrections import Correction
from jobs.tag_explanation import EQUAL, UNEQUAL, ColumnTold, TagExplanation
from jobs.tag_rows import EnteredRows
from tags.definitions import PERSON
from tags.night import ONE_ID

_VERDICTS = {EQUAL: "green", UNEQUAL: "bold red"}
_MISSING = "缺失 missing"


def as_json(found: TagExplanation) -> dict[str, Any]:
    """The explanation as one object: decimals, days and times as text, what is missing null."""
    told = asdict(found)
    for column, each in zip(told["columns"], found.columns, strict=True):
        column["title"] = _title(each)
        for rows, entered in zip(column["rows"], each.rows, strict=True):
            rows["window"] = str(entered.window)
    told["one_id"] = found.key.get(ONE_ID)
    told["corrections"] = [_correction(each) for each in found.corrections]
    told["since"] = [
        _correction(each) | {"holds": each.holds_on(found.business_date)} for each in found.since
    ]
    plain: dict[str, Any] = _plain(told)
    return plain


def _correction(each: Correction) -> dict[str, Any]:
    names = ("correction_id", "tag", "value", "instead_of", "author", "reason", "from_date",
             "until_date")  # fmt: skip
    return {name: getattr(each, name) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    is_number = isinstance(value, int) or (isinstance(value, float) and value == value)  # noqa: PLR0124
    return value if value is None or is_number else str(value)


def show_page(console: Console, found: TagExplanation) -> None:
    """Prints the explanation: the values, what made them, and whether they can be made again."""
    console.print(f"[bold]{escape(found.title)} {found.tag}[/] of {escape(_about(found))} "
                  f"on {found.business_date}")  # fmt: skip
    for line in _definition_lines(found):
        console.print(escape(line), highlight=False)
    console.print(_columns_table(found))
    for correction in found.corrections:
        console.print(escape(f"人工修正 {_correction_line(correction)}"), highlight=False)
    for line in _since_lines(found):
        console.print(escape(line), style="yellow", highlight=False, soft_wrap=True)
    for line in found.decided:
        console.print(f"→ {escape(line)}", highlight=False)
    if found.reads:
        console.print(_reads_table(found))
    widest = max(found.columns, key=lambda column: sum(rows.count for rows in column.rows))
    for column in found.columns:
        for entered in column.rows:
            _print_rows(console, column.name, entered, column is widest)
    _print_verdict(console, found)


def _about(found: TagExplanation) -> str:
    """The person or thing in words."""
    if found.object == PERSON:
        return f"OneID {found.key[ONE_ID]}"
    return f"{found.object} {', '.join(f'{name} {value}' for name, value in found.key.items())}"


def _definition_lines(found: TagExplanation) -> Iterator[str]:
    if found.words:
        yield f"{found.location} · {found.words}"
    same = "as today's file" if found.hash_today == found.definition_hash else "not today's"
    version = f"version {found.version}, " if found.version else ""
    words = f"definition {found.definition_hash[:12]}, {version}{same}"
    yield f"{words} · status {found.status}"
    if found.computed_date not in (None, found.business_date):
        yield f"carried over 沿用: the value of the night of {found.computed_date}"
    if found.origin:
        told = {key: value for key, value in found.origin.items() if value is not None}
        yield "from " + ", ".join(f"{key} {value}" for key, value in told.items())


def _columns_table(found: TagExplanation) -> Table:
    table = Table("column", "value 取值", "window 窗口", "days")
    for column in found.columns:
        value = _shown(column.value) + (f" {title}" if (title := _title(column)) else "")
        if column.is_unequal:
            value += f"  ≠ {_shown(column.anew)}"
        if column.failure:
            value += f"  ({column.failure})"
        table.add_row(
            column.name, escape(value), column.window or "", _days(column.first, column.last)
        )
    return table


def _title(column: ColumnTold) -> str:
    """The title of a code, or those of a list of codes."""
    values = column.value if isinstance(column.value, list) else [column.value]
    return ", ".join(column.titles[v] for v in map(_code, values) if v in column.titles)


def _code(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reads_table(found: TagExplanation) -> Table:
    table = Table("reads 所读", "value 取值", "which is")
    for read in found.reads:
        table.add_row(
            read.column, escape(_shown(read.value)), escape(f"{read.words} ({read.location})")
        )
    return table


def _correction_line(each: Correction) -> str:
    until = f" until {each.until_date}" if each.until_date else ""
    return (
        f"correction {each.correction_id}: {each.tag} is {each.value}, from "
        f"{each.from_date}{until}, by {each.author}: {each.reason}"
    )


def _since_lines(found: TagExplanation) -> Iterator[str]:
    """The corrections that were made, or withdrawn, after the night was computed."""
    for each in found.since:
        what = "made" if each.holds_on(found.business_date) else "withdrawn"
        yield f"{what} since 之后: {_correction_line(each)}"
    if found.since:
        yield (
            "the night was computed before, and shows them when it is run again: onefold run "
            f"--date {found.business_date}"
        )


def _print_rows(
    console: Console, column: str, entered: EnteredRows, is_widest: bool
) -> None:
    """How many rows entered; of the column with the most of them also which."""
    role = f" · {entered.role}" if entered.role else ""
    days = _days(entered.first, entered.last)
    words = f"{column}: {entered.count} rows of {entered.words}, {entered.window} ({days}){role}"
    console.print(escape(words), highlight=False)
    if entered.newest and is_widest:
        names = list(entered.newest[0])
        table = Table(*names)
        for row in entered.newest:
            table.add_row(*(escape(_shown(row[name])) for name in names))
        console.print(table)


def _print_verdict(console: Console, found: TagExplanation) -> None:
    style = _VERDICTS.get(found.verdict, "yellow")
    why = f": {found.why_not}" if found.why_not else ""
    console.print(f"[{style}]重算 re-derived: {escape(found.verdict + why)}[/]")
    if found.taken:
        console.print(f"taken of others as the night stored it: {', '.join(found.taken)}")
    if found.read_of_all:
        console.print(f"read of everybody 所有人的行: rows of {', '.join(found.read_of_all)}")


def _shown(value: Any) -> str:
    return _MISSING if value is None else str(value)


def _days(first: date | None, last: date | None) -> str:
    if last is None:
        return ""
    return f"{first} – {last}" if first else f"up to {last}"
