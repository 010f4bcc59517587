"""How the page says things: numbers, days and names, in Chinese and English."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Words(NamedTuple):
    """One thing in both languages."""

    zh: str
    en: str


STAGES = {
    "ingest_channels": Words("接入渠道", "Ingest channels"),
    "resolve_identity": Words("统一身份", "Resolve identity"),
    "compute_tags": Words("计算标签", "Compute tags"),
    "build_audiences": Words("圈选人群", "Build audiences"),
    "report_insight": Words("洞察报告", "Insight"),
    "publish": Words("发布", "Publish"),
}
OUTCOMES = {
    "published": Words("已发布", "Published"),
    "done": Words("完成", "Done"),
    "held": Words("被质量门拦下", "Held"),
    "failed": Words("失败", "Failed"),
    "skipped": Words("跳过", "Skipped"),
    "running": Words("进行中", "Running"),
}
KINDS = {
    "attribute": Words("属性", "Attribute"),
    "statistic": Words("统计", "Statistic"),
    "rule": Words("规则", "Rule"),
    "model": Words("挖掘", "Mined"),
}
REASONS = {
    "quarantined": Words("隔离", "Quarantined"),
    "repaired": Words("修复", "Repaired"),
    "refused": Words("无效标识", "Refused identifier"),
}
_WEEKDAYS = "一二三四五六日"
_THOUSAND = 1000


def words(names: dict[str, Words], name: str) -> Words:
    """The words for a name; the name itself where it is not one of ours."""
    return names.get(name) or Words(name.replace("_", " "), "")


def count(number: float | None) -> str:
    """12,345; a dash where there is nothing to say."""
    return "–" if number is None else f"{number:,.0f}"


def figure(number: float | None) -> str:
    """A mean or an edge: three significant digits or whole, with thousands separated."""
    if number is None:
        return "–"
    if abs(number) >= 100 or number == int(number):  # noqa: PLR2004  decimals say nothing there
        return f"{number:,.0f}"
    return f"{number:,.3g}"


def short(number: float) -> str:
    """950, 1.2k, 34k, 5.6M: for places without room."""
    for unit in ("", "k", "M", "G"):
        if abs(number) < _THOUSAND or unit == "G":
            text = f"{number:.3g}" if unit == "" or abs(number) < 100 else f"{number:.0f}"  # noqa: PLR2004
            return text + unit
        number /= _THOUSAND
    return ""


def persons(number: int | None, k: int) -> str:
    """A number of persons: a dash where it is not shown, only that it is small below `k`."""
    return f"<{k}" if number is not None and 0 < number < k else count(number)


def seconds(number: float) -> str:
    """0.8 s, 42 s, 3 min 05 s."""
    if number < 10:  # noqa: PLR2004
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def size(number: int) -> str:
    """Bytes in a unit one can read."""
    return short(number).replace("k", " kB").replace("M", " MB").replace("G", " GB") if (
        number >= _THOUSAND
    ) else f"{number} B"


def share(part: int, whole: int) -> str:
    """Whole percents; never 100% nor 0% unless it is so."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "<1%"
    return ">99%" if 99 < percent < 100 else f"{percent:.0f}%"  # noqa: PLR2004


def day_in_words(day: date) -> Words:
    """A day as people write it."""
    zh = f"{day.year}年{day.month}月{day.day}日 星期{_WEEKDAYS[day.weekday()]}"
    return Words(zh, f"{day:%A}, {day.day} {day:%B %Y}")
