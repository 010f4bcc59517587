"""What the report's parts say before they are laid out."""

from dataclasses import replace

import pytest

from insight.page import categories, dataset_rows, file_totals, listed_files, tag_line
from insight.report_data import BucketRow, CheckRow, TagRow, row_of
from tests.insight.sample_night import DAY, FileRow, files, tags


def numeric(*buckets, **more):
    rows = tuple(BucketRow(no, edge, count) for no, edge, count in buckets)
    values = {"person_count": 100, "filled_count": 80, "mean": 3.0, "buckets": rows} | more
    return TagRow("spend", "spend", "a/b", "消费", "statistic", "number", **values)


def test_a_file_whose_records_do_not_add_up_is_listed_first_and_spoils_the_total():
    lost = FileRow("pos", "tickets", "pos/lost.csv", DAY, "new", line_count=10, accepted_count=9)
    everything = [*files(), lost]
    assert not lost.is_balanced
    assert listed_files(everything)[0] is lost
    assert file_totals(files()).is_balanced
    assert not file_totals(everything).is_balanced


def test_fates_are_added_up_by_dataset_largest_first():
    rows = dataset_rows(files())
    assert rows[:3] == [
        ("pos · tickets", "accepted", 14210), ("pos · tickets", "duplicate", 212),
        ("pos · tickets", "quarantined", 38),
    ]  # fmt: skip


def test_columns_of_one_tag_share_a_card_and_are_told_apart_by_window_or_part():
    more = (
        TagRow("rfm", "rfm", "consumption/orders", "RFM", "rule", "text"),
        TagRow("rfm", "rfm_recency", "consumption/orders", "RFM 近度得分", "rule", "integer"),
    )
    cards = {card.first.tag: card for _, group in categories(tags() + more, 10) for card in group}
    assert cards["spend"].title == "消费金额"
    assert [line.label for line in cards["spend"].lines] == ["7d", "30d", "90d", "365d", "ever"]
    assert cards["rfm"].title == "RFM"
    assert [line.label for line in cards["rfm"].lines] == ["", "近度得分"]
    assert "消费金额" in cards["spend"].search and "growth" in cards["spend"].search


def test_ranges_are_read_from_the_lower_edges_with_gaps_filled():
    line = tag_line(numeric((0, "0", 40), (1, "20", None), (4, "80", 20)), 10)
    assert [(bar.label, bar.shown, bar.is_hidden) for bar in line.bars] == [
        ("0 – 20", "40", False), ("20 – 40", "–", True), ("40 – 60", "0", False),
        ("60 – 80", "0", False), ("≥ 80", "20", False),
    ]  # fmt: skip
    assert [bar.height for bar in line.bars] == [100, 0, 0, 0, 50]


def test_single_whole_numbers_and_single_buckets_are_no_ranges():
    whole = replace(numeric((0, "0", 40), (1, "1", 30), (2, "2", 20)), type="integer")
    assert [bar.label for bar in tag_line(whole, 10).bars] == ["0", "1", "≥ 2"]
    assert [bar.label for bar in tag_line(numeric((0, "2.5", 40)), 10).bars] == ["2.5"]
    assert tag_line(numeric(), 10).bars == ()


@pytest.mark.parametrize(
    ("filled", "coverage", "mean"),
    [(80, "80%", "3"), (0, "0%", "3"), (9, "<10 人", ""), (95, ">90%", "3"), (100, "100%", "3")],
)
def test_coverage_tells_nothing_about_small_groups(filled, coverage, mean):
    line = tag_line(numeric(filled_count=filled), 10)
    assert (line.coverage_shown, line.mean) == (coverage, mean)


def test_rows_of_tables_become_rows_of_the_report():
    values = {
        "business_date": DAY, "run_id": "r1", "table_name": "clean.orders", "severity": "warn",
        "check_text": "rows >= 1", "is_passed": True, "observed": "3 rows",
        "accepted_because": None,
    }  # fmt: skip
    expected = CheckRow("clean.orders", "rows >= 1", "hold", True, "3 rows")
    assert row_of(CheckRow, values, severity="hold") == expected
