"""The page's charts: drawn by Vega-Lite to SVG here, so that the page needs no library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', sans-serif"
)
INK, MUTED, GRID = "#1b2333", "#69738a", "#e7eaf1"
INDIGO, TEAL, AMBER, ROSE = "#4457d6", "#1a9a94", "#e6a23c", "#d64562"
_WIDTH, _LABELS, _BAND = 470, 110, 26
_CONFIG = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domain": False, "ticks": False, "gridColor": GRID, "labelColor": MUTED,
        "labelFontSize": 12, "titleColor": MUTED, "titleFontWeight": 400, "titleFontSize": 12,
        "labelPadding": 6,
    },
    "legend": {"labelColor": MUTED, "labelFontSize": 12, "symbolType": "circle"},
}  # fmt: skip


def columns_chart(
    name: str, bars: Sequence[tuple[str, int | None]], x_title: str, y_title: str
) -> Markup:
    """Upright bars in the order given; a hidden count has a place and no bar."""
    import altair as alt  # noqa: PLC0415  a second to import: only where a page is made

    # Hidden bars are no marks, so that their places must be named.
    rows = [{"name": label, "count": count} for label, count in bars if count is not None]
    places = alt.Scale(domain=[label for label, _ in bars], paddingInner=0.3, paddingOuter=0.15)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=INDIGO, cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(
            x=alt.X("name:N", sort=None, title=x_title, axis=_level(), scale=places),
            y=alt.Y("count:Q", title=y_title, axis=_counts()),
        )
        .properties(width=_WIDTH, height=190)
    )
    return _drawn(chart, name)


def bars_chart(
    name: str, rows: Sequence[tuple[str, str, float]], x_title: str, colours: Mapping[str, str]
) -> Markup:
    """Lying bars, one per first name, stacked by second name in the colours' order."""
    import altair as alt  # noqa: PLC0415  a second to import: only where a page is made

    order = {part: place for place, part in enumerate(colours)}
    values = [
        {"name": label, "part": part, "count": count, "place": order[part]}
        for label, part, count in rows
    ]
    labels = {label for label, _, _ in rows}
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    legend = alt.Legend(orient="top", title=None, offset=4) if len(colours) > 1 else None
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(cornerRadius=2)
        .encode(
            y=alt.Y("name:N", sort=None, title=None, axis=_labels(), scale=_gaps()),
            x=alt.X("count:Q", title=x_title, axis=_counts()),
            color=alt.Color("part:N", scale=scale, legend=legend),
            order=alt.Order("place:Q"),
        )
        .properties(width=_WIDTH - _LABELS, height=max(2, len(labels)) * _BAND)
    )
    return _drawn(chart, name)


def _gaps() -> Any:
    import altair as alt  # noqa: PLC0415

    return alt.Scale(paddingInner=0.3)


def _counts() -> Any:
    import altair as alt  # noqa: PLC0415

    return alt.Axis(format=",.0f", tickCount=4, labelOverlap=True)


def _level() -> Any:
    import altair as alt  # noqa: PLC0415

    return alt.Axis(labelAngle=0)


def _labels() -> Any:
    import altair as alt  # noqa: PLC0415

    return alt.Axis(labelLimit=220, labelColor=INK, grid=False)


def _drawn(chart: Any, name: str) -> Markup:
    """The chart as an SVG element that fits its place on the page."""
    import vl_convert  # noqa: PLC0415  the renderer itself: only where a page is made

    svg = vl_convert.vegalite_to_svg(chart.configure(**_CONFIG).to_dict())
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'<svg ([^>]*?)width="([\d.]+)" height="[\d.]+"', _fluid, svg, count=1)
    svg = _own_ids(svg, name)
    # Text in the chart was escaped by the renderer; the rest is its own drawing.
    return Markup(svg.replace('fill="white"', 'fill="none"', 1))


def _own_ids(svg: str, name: str) -> str:
    """Ids numbered within this chart: the renderer goes on counting from one chart to the next."""
    found = dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))
    names = {old: f"{name}-{place}" for place, old in enumerate(found)}
    svg = re.sub(r'\bid="([^"]+)"', lambda match: f'id="{names[match[1]]}"', svg)
    return re.sub(r'url\(#([^)"]+)\)', lambda match: f"url(#{names[match[1]]})", svg)


def _fluid(match: re.Match[str]) -> str:
    # The reader's font may be wider than the renderer's: labels may stand out, not be cut.
    style = f"width:100%;max-width:{float(match[2]):.0f}px;overflow:visible"
    return f'<svg {match[1]}role="img" style="{style}"'
