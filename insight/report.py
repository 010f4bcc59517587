"""The nightly report: one self-contained HTML page, in Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib import resources
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from insight import page, wording
from insight.charts import AMBER, INDIGO, TEAL, bars_chart, columns_chart
from insight.report_data import ReportData, StageRow
from insight.wording import Words

_FATES = {"accepted": INDIGO, "duplicate": TEAL, "quarantined": AMBER}


class _Step(NamedTuple):
    """A stage as the journey strip shows it; `part` is its share of the night's time in percent."""

    row: StageRow
    words: Words
    outcome: Words
    rows: int
    part: float


def render_report(data: ReportData) -> str:
    """The page of one night: no script, style, font or picture comes from elsewhere.

    The same data gives the same bytes. Groups below `data.k` persons are left blank. Cost: about
    two seconds, most of them loading the chart library.
    """
    parts = _headline(data) | _file_parts(data) | _quality_parts(data) | _identity_parts(data)
    parts |= _tag_parts(data)
    names = {"kinds": wording.KINDS, "reasons": wording.REASONS, "currency": data.currency}
    return _environment().get_template("report.html.j2").render(data=data, names=names, **parts)


def _environment() -> Environment:
    # Read as package resources, so that the page is made from a zipped wheel too.
    folder = resources.files("insight") / "templates"
    sources = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "count": wording.count, "seconds": wording.seconds, "size": wording.size,
        "category_title": page.category_title,
    }  # fmt: skip
    return environment


def _headline(data: ReportData) -> dict[str, Any]:
    total = sum(stage.seconds for stage in data.stages)
    return {
        "day": wording.day_in_words(data.business_date),
        "outcome": wording.words(wording.OUTCOMES, data.outcome),
        "total_seconds": total,
        "stages": [
            _Step(
                stage,
                wording.words(wording.STAGES, stage.stage),
                wording.words(wording.OUTCOMES, stage.outcome),
                page.stage_rows(stage),
                100 * stage.seconds / total if total else 0.0,
            )
            for stage in data.stages
        ],
    }


def _file_parts(data: ReportData) -> dict[str, Any]:
    totals = page.file_totals(data.files)
    rows = page.dataset_rows(data.files)
    refused = sum(file.state == "refused" for file in data.files)
    note = "全部核对无误 all balanced" if totals.is_balanced else "有文件对不上 not balanced"
    return {
        "totals": totals,
        "files": page.listed_files(data.files),
        "files_note": f"{refused} 个拒收 refused" if refused else note,
        "files_chart": _chart(bars_chart, "files", rows, "记录 records", _FATES),
        "reasons": sorted(data.reasons, key=lambda r: (r.what, -r.count, r.channel, r.reason)),
    }


def _quality_parts(data: ReportData) -> dict[str, Any]:
    checks = page.ordered_checks(data.checks)
    failed = [check for check in checks if not check.is_passed]
    holds = [c for c in failed if c.severity == "hold" and c.accepted_because is None]
    by_table = sorted(checks, key=lambda check: check.table_name)
    return {
        "failed": failed,
        "fine": [check for check in checks if check.is_passed],
        "passed": len(checks) - len(failed),
        "holds": holds,
        "checks_note": f"{len(holds)} 拦下 held · {len(failed) - len(holds)} 提醒 warnings",
        "gates": [
            (table, list(rows)) for table, rows in groupby(by_table, lambda c: c.table_name)
        ],
    }


def _identity_parts(data: ReportData) -> dict[str, Any]:
    health = data.identity
    sizes = page.identity_sizes(data)
    kinds = [(row.name, "identifiers", row.count) for row in health.identifiers]
    each = health.sightings / health.persons if health.persons else None
    return {
        "sightings_each": wording.figure(each),
        "anonymous_share": wording.share(health.anonymous, health.row_count),
        "sizes_chart": _chart(
            columns_chart, "sizes", sizes, "识别组数 sightings", "客户 persons"
        ),
        "hidden_sizes": ", ".join(name for name, count in sizes if count is None),
        "identifiers_chart": _chart(
            bars_chart, "kinds", kinds, "标识 identifiers", {"identifiers": TEAL}
        ),
    }


def _tag_parts(data: ReportData) -> dict[str, Any]:
    categories = page.categories(data.tags, data.k)
    cards = [card for _, group in categories for card in group]
    kinds = Counter(card.first.kind for card in cards)
    known = list(wording.KINDS)
    return {
        "tag_categories": categories,
        "cards": len(cards),
        "kinds": sorted(kinds.items(), key=lambda item: (item[0] not in known, item[0])),
    }


def _chart(draw: Any, name: str, rows: Any, *arguments: str | Mapping[str, str]) -> Markup:
    """The chart, or nothing where there is nothing to draw."""
    return draw(name, rows, *arguments) if rows else Markup("")
