"""The report's parts, ready to lay out: rows grouped, shares computed, small groups blanked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from insight.distributions import OTHER
from insight.report_data import CheckRow, FileRow, ReportData, StageRow, TagRow
from insight.wording import figure, persons, share

_NUMBERS = ("integer", "number", "money", "percent")
FILES_LISTED = 120


@dataclass(frozen=True)
class Bar:
    """One bar of a small distribution; `height` is in percent of the tallest."""

    label: str
    height: float
    shown: str
    is_hidden: bool


@dataclass(frozen=True)
class TagLine:
    """One column of a tag: its window or its part, named by `label` where there are several."""

    column_name: str
    label: str
    coverage: float
    coverage_shown: str
    mean: str
    bars: tuple[Bar, ...]
    is_histogram: bool


@dataclass(frozen=True)
class TagCard:
    """One tag with its columns; `search` is what the search box looks in."""

    title: str
    first: TagRow
    lines: tuple[TagLine, ...]
    coverage: float

    @property
    def search(self) -> str:
        tag = self.first
        parts = (tag.tag, self.title, tag.description, tag.category, tag.kind, tag.type, tag.owner)
        return " ".join(part for part in parts if part).lower()


@dataclass(frozen=True)
class FileTotals:
    """The accounting of a night's files added up."""

    lines: int
    headers: int
    blanks: int
    accepted: int
    duplicates: int
    quarantined: int
    is_balanced: bool


def file_totals(files: Sequence[FileRow]) -> FileTotals:
    """Sums over files; balanced only if each file is."""
    return FileTotals(
        sum(file.line_count for file in files),
        sum(file.header_count for file in files),
        sum(file.blank_count for file in files),
        sum(file.accepted_count for file in files),
        sum(file.duplicate_count for file in files),
        sum(file.quarantined_count for file in files),
        all(file.is_balanced for file in files),
    )


_SOUND = ("new", "late", "superseded", "same")  # states of files that nobody need look after


def listed_files(files: Sequence[FileRow]) -> list[FileRow]:
    """The files worth a line, at most FILES_LISTED: those with a flaw first, then the largest."""
    worst = sorted(
        files,
        key=lambda f: (f.is_balanced, f.state in _SOUND, f.quarantined_count == 0,
                       -f.line_count, f.path, f.generation),
    )  # fmt: skip
    return worst[:FILES_LISTED]


def dataset_rows(files: Sequence[FileRow]) -> list[tuple[str, str, float]]:
    """Records by dataset and fate, for the chart: largest dataset first."""
    sums: dict[str, Counter[str]] = {}
    for file in files:
        fates = sums.setdefault(f"{file.channel} · {file.dataset}", Counter())
        fates["accepted"] += file.accepted_count
        fates["duplicate"] += file.duplicate_count
        fates["quarantined"] += file.quarantined_count
    largest = sorted(sums.items(), key=lambda item: (-item[1].total(), item[0]))
    return [(name, fate, fates[fate]) for name, fates in largest for fate in fates]


def ordered_checks(checks: Sequence[CheckRow]) -> list[CheckRow]:
    """Failed ones first, holds before warnings, then by table."""
    return sorted(
        checks, key=lambda c: (c.is_passed, c.severity != "hold", c.table_name, c.check_text)
    )


def stage_rows(stage: StageRow) -> int:
    """Rows a stage wrote, over all its tables."""
    return sum(stage.row_counts.values())


def categories(tags: Iterable[TagRow], k: int) -> list[tuple[str, list[TagCard]]]:
    """Cards by category path, in the catalogue's order of tags within each."""
    cards: dict[str, list[TagCard]] = {}
    ordered = sorted(tags, key=lambda tag: tag.category)
    for (category, _), rows in groupby(ordered, key=lambda tag: (tag.category, tag.tag)):
        cards.setdefault(category, []).append(tag_card(list(rows), k))
    return list(cards.items())


def tag_card(rows: Sequence[TagRow], k: int) -> TagCard:
    """The card of one tag from the rows of its columns."""
    title = min((_own_title(row) for row in rows), key=len)
    lines = tuple(tag_line(row, k, title) for row in rows)
    return TagCard(title, rows[0], lines, max(line.coverage for line in lines))


def _own_title(row: TagRow) -> str:
    """A column's title without its window, which the catalogue appends."""
    return row.title.removesuffix(f" {row.window}") if row.window else row.title


def tag_line(row: TagRow, k: int, card_title: str = "") -> TagLine:
    """One column: its coverage and its bars, nothing told about fewer than `k` persons."""
    missing = row.person_count - row.filled_count
    is_small = 0 < row.filled_count < k
    coverage = 100 * row.filled_count / row.person_count if row.person_count else 0.0
    shown = share(row.filled_count, row.person_count)
    if is_small:
        coverage, shown = 0.0, f"{persons(row.filled_count, k)} 人"
    elif 0 < missing < k:
        shown = ">99%" if coverage > 99 else f">{100 * (1 - k / row.person_count):.0f}%"  # noqa: PLR2004
    mean = figure(row.mean) if row.mean is not None and not is_small else ""
    part = _own_title(row).removeprefix(card_title).strip() if card_title else ""
    label = " ".join(filter(None, (part, row.window)))
    is_histogram = row.type in _NUMBERS
    bars = _bars(row, k, is_histogram)
    return TagLine(row.column_name, label, coverage, shown, mean, bars, is_histogram)


def _bars(row: TagRow, k: int, is_histogram: bool) -> tuple[Bar, ...]:
    buckets = sorted(row.buckets, key=lambda bucket: bucket.bucket_no)
    tallest = max((bucket.person_count or 0 for bucket in buckets), default=0)
    labels = _ranges(row) if is_histogram else _titles(row)
    counts = {bucket.bucket_no: bucket.person_count for bucket in buckets}
    places = range(max(counts, default=-1) + 1) if is_histogram else list(counts)
    return tuple(
        Bar(
            labels[place],
            100 * (counts.get(place, 0) or 0) / tallest if tallest else 0,
            persons(counts.get(place, 0), k),
            counts.get(place, 0) is None,
        )
        for place in places
    )


def _titles(row: TagRow) -> dict[int, str]:
    """The codes' titles; the rest of a text tag has a name of its own."""
    titles = {"true": "是", "false": "否"} if row.type == "bool" else {}
    titles |= {OTHER: "其他", **(row.value_titles or {})}
    return {bucket.bucket_no: titles.get(bucket.bucket, bucket.bucket) for bucket in row.buckets}


def _ranges(row: TagRow) -> dict[int, str]:
    """`20 – 40` for each bucket from the lower edges, empty buckets between them included."""
    edges = {bucket.bucket_no: float(bucket.bucket) for bucket in row.buckets}
    last = max(edges, default=0)
    if len(edges) < 2 or last == 0:  # noqa: PLR2004  one edge makes no range
        return {place: figure(edge) for place, edge in edges.items()}
    first = min(edges)
    step = (edges[last] - edges[first]) / (last - first)
    low = edges[first] - first * step
    is_whole = row.type == "integer" and round(step) == 1
    labels = {}
    for place in range(last + 1):
        start, end = low + place * step, low + (place + 1) * step
        labels[place] = figure(start) if is_whole else f"{figure(start)} – {figure(end)}"
    labels[last] = f"≥ {figure(low + last * step)}"
    return labels


def category_title(path: str) -> str:
    """consumption/orders.yml as `consumption › orders`."""
    return " › ".join(path.removesuffix(".yml").split("/"))


def identity_sizes(data: ReportData) -> list[tuple[str, int | None]]:
    """Persons by number of sightings; None where fewer than k, or where the total would tell."""
    upwards = sorted((row for row in data.identity.sizes if row.count), key=lambda r: r.count)
    hidden = [row for row in upwards if row.count < data.k]
    if 0 < sum(row.count for row in hidden) < data.k:
        hidden = upwards[: len(hidden) + 1]
    return [(row.name, None if row in hidden else row.count) for row in data.identity.sizes]
