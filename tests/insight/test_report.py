"""The page: self-contained, escaped, complete and the same for the same night."""

import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from insight.report import render_report
from insight.report_data import CheckRow, CountRow, IdentityHealth, ReportData, StageRow
from tests.insight.sample_night import DAY, sample_night, tags

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def html():
    return render_report(sample_night())


class Elements(HTMLParser):
    """Open elements and their attributes; void ones aside, every element must be closed."""

    VOID = frozenset({"meta", "input"})

    def __init__(self, html):
        super().__init__()
        self.attributes, self.names, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *attribute) for attribute in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_nothing_on_the_page_comes_from_elsewhere(html):
    assert "http" not in html
    assert "@import" not in html
    assert "//" not in re.sub(r"<script>.*</script>", "", html, flags=re.S)
    elements = Elements(html)
    assert not {"link", "iframe", "img", "object", "base"} & set(elements.names)
    places = [value for _, name, value in elements.attributes if name in ("src", "href")]
    assert places and all(place.startswith("#") for place in places)
    assert all(place.startswith("#") for place in re.findall(r"url\(([^)]*)\)", html))


def test_the_page_is_whole_html_with_ids_used_once(html):
    elements = Elements(html)
    assert elements.open == []
    ids = [value for _, name, value in elements.attributes if name == "id"]
    assert sorted(ids) == sorted(set(ids))


def test_every_section_shows_its_rows(html):
    assert re.findall(r'<section id="(\w+)"', html) == [
        "journey", "files", "quality", "identity", "tags",
    ]  # fmt: skip
    for text in [
        "2017年9月30日", "Saturday, 30 September 2017", "已发布", "零售示范",
        "接入渠道", "41 s", "clean.order_lines", "26,213", "61 隔离",
        "pos/2017-09-30/tickets.csv", "paid_at:not_a_timestamp",
        "sighting_id filled &gt;= 60%", "58.1% filled", "收银系统已知问题", "11 / 13",
        "2,431", "3.83 每人", "7% 的行", "max_peers", "never_merge national_id",
        "消费金额", "spend", "consumption › orders", "≥ 220", "18岁以下", "crm-team",
        "均值 mean 83.4 元",
    ]:  # fmt: skip
        assert text in html, text
    assert html.count("<svg") == 3
    assert html.count('class="card tag-card"') == 8


def test_the_same_night_gives_the_same_page(html):
    assert render_report(sample_night()) == html


HOSTILE = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)>{{ 7*7 }}'


def test_hostile_names_are_shown_as_text():
    first = replace(
        tags()[5], title=HOSTILE, tag=HOSTILE, column_name=HOSTILE, category=HOSTILE,
        description=HOSTILE, owner=HOSTILE, kind=HOSTILE, status=HOSTILE, pii=HOSTILE,
        type=HOSTILE, value_titles={"m": HOSTILE},
    )  # fmt: skip
    night = sample_night()
    hostile_file = replace(
        night.files[0], path=HOSTILE, channel=HOSTILE, reason=HOSTILE, state=HOSTILE
    )
    html = render_report(replace(
        night, title=HOSTILE, outcome=HOSTILE, tags=(first,), files=(hostile_file,),
        stages=(StageRow(HOSTILE, HOSTILE, 1, {HOSTILE: 1}),),
        reasons=(replace(night.reasons[0], what=HOSTILE, reason=HOSTILE),),
        checks=(CheckRow(HOSTILE, HOSTILE, HOSTILE, False, HOSTILE, HOSTILE),),
        identity=replace(
            night.identity, sizes=(CountRow(HOSTILE, 20),), identifiers=(CountRow(HOSTILE, 2),),
            hubs=(CountRow(HOSTILE, 2, HOSTILE),), refused=(CountRow(HOSTILE, 2, HOSTILE),),
        ),
    ))  # fmt: skip
    elements = Elements(html)
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for _, name, _ in elements.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in html


def test_small_groups_of_persons_are_not_counted_out():
    sizes = (CountRow("1", 4711), CountRow("2", 1213), CountRow("3", 7))
    html = render_report(sample_night(identity=IdentityHealth(5931, sizes=sizes), tags=()))
    assert "told by the total: 2, 3" in html
    drawn = re.findall(r'aria-label="[^"]*persons: ([^"]*)"', html)
    assert drawn == ["4,711"]


def test_files_of_earlier_nights_are_counted_and_not_listed():
    told = "12 more files are known from earlier nights and were not read again."
    assert told in " ".join(render_report(sample_night(known_file_count=12)).split())
    assert "known from earlier nights" not in render_report(sample_night())


def test_a_held_night_says_so():
    check = CheckRow("clean.orders", "amount >= 0", "hold", False, "3 of 9 rows fail")
    stages = (StageRow("ingest_channels", "held", 12.0), StageRow("publish", "skipped", 0.0))
    html = render_report(sample_night(outcome="held", stages=stages, checks=(check,)))
    assert '<p class="state held">被质量门拦下' in html
    assert '<li class="held">' in html and '<li class="skipped">' in html
    assert "1 拦下 held" in html and 'class="dot stop"' in html


def test_a_night_without_anything_is_still_a_page():
    html = render_report(ReportData("空", DAY, "published", 10))
    assert Elements(html).open == []
    for text in ["No new files", "No checks ran", "No tags."]:
        assert text in html


def test_the_page_is_made_from_a_zipped_package_too(tmp_path):
    archive = tmp_path / "onefold.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted([*(ROOT / "insight").rglob("*"), *(ROOT / "model").glob("*.py")]):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(ROOT))
    code = (
        "from datetime import date\nfrom insight import report\nfrom insight.report_data import *\n"
        "print(report.__file__)\n"
        "print(report.render_report(ReportData('zipped', date(2017, 9, 30), 'published', 10)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(archive), "PYTHONUTF8": "1"},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(str(archive))
    assert "zipped · 2017-09-30" in done.stdout
