"""The catalogue, the changes and the metrics follow their contracts."""

from decimal import Decimal
from textwrap import dedent

import pytest
from pyspark.sql import DataFrame, SparkSession

from model.fixed_tables import CUSTOMER_TAG_CHANGES, TAG_CATALOG, TAG_METRICS
from tags.catalog import catalog_records, catalog_rows
from tags.changes import tag_changes
from tags.metrics import tag_metrics
from tags.wide_tables import wide_tables
from tests.tags.books import book_of
from tests.tags.rows import D, days_ago

BOOK = book_of(
    dedent(
        """\
        defaults: {from: orders, owner: growth, where: "status = 'paid'"}
        tags:
          spend:
            title: 消费金额
            title_en: Spend
            description: 合计
            measure: sum(amount)
            over: [30d, ever]
            absent: 0
            unit: 元
          days: {title: D, measure: days_since_last()}
          level:
            {title: L, bins: spend_30d, edges: [10], values: {low: 低, high: 高}, status: testing}
          rfm:
            title: RFM
            rfm: {recency: days, frequency: spend_ever, monetary: spend_30d}
            names: eight
          phone: {title: P, pick: phone}
          old: {title: O, top: store_id, best: 2, status: offline}
        """
    )
)
ROWS = {row.column_name: row for row in catalog_rows(BOOK)}


def test_every_column_has_one_row_with_its_window_and_sources() -> None:
    assert list(ROWS) == [
        "spend_30d",
        "spend_ever",
        "days",
        "level",
        "rfm",
        "rfm_recency",
        "rfm_frequency",
        "rfm_monetary",
        "phone",
        "old",
    ]
    spend = ROWS["spend_30d"]
    assert (spend.tag, spend.window, spend.type, spend.absent, spend.unit) == (
        "spend",
        "30d",
        "money",
        "0",
        "元",
    )
    assert (spend.kind, spend.shape, spend.category, spend.owner) == (
        "statistic",
        "measure",
        "a",
        "growth",
    )
    assert (ROWS["level"].kind, ROWS["level"].sources) == ("rule", ("spend",))
    assert ROWS["rfm"].sources == ("days", "spend") and spend.sources == ("orders",)
    assert (ROWS["phone"].sources, ROWS["phone"].pii) == (("golden_profiles",), "high")
    assert (ROWS["old"].type, ROWS["old"].status) == ("list<text>", "offline")


def test_values_bear_their_titles_in_order_and_parts_have_none() -> None:
    assert list(ROWS["level"].value_titles.items()) == [("low", "低"), ("high", "高")]
    assert ROWS["rfm"].value_titles["key_value"] == "重要价值"
    assert len(ROWS["rfm"].value_titles) == 8
    assert ROWS["rfm_recency"].value_titles == {}


def test_comments_and_the_wide_table_hold_computed_columns_only() -> None:
    (wide,) = wide_tables(BOOK)
    comments = {column.name: column.comment for column in wide.contract.columns}
    assert comments["spend_30d"] == "消费金额 30d · Spend 30d"
    assert comments["rfm_recency"] == "RFM 近度得分"
    assert list(wide.contract.column_names) == [
        "business_date",
        "one_id",
        *(name for name in ROWS if name != "old"),
    ]


def test_the_catalogue_records_are_as_their_contract_asks() -> None:
    names = TAG_CATALOG.column_names
    records = [dict(zip(names, record, strict=True)) for record in catalog_records(BOOK, D)]
    (found,) = (record for record in records if record["column_name"] == "level")
    assert (found["business_date"], found["value_titles"]) == (D, {"low": "低", "high": "高"})


def test_a_version_counts_the_definitions_that_a_tag_has_had() -> None:
    def versions(before: list[dict[str, object]]) -> dict[object, object]:
        records = catalog_records(BOOK, D, before=before)
        rows = [dict(zip(TAG_CATALOG.column_names, record, strict=True)) for record in records]
        return {row["column_name"]: row["version"] for row in rows}

    assert set(versions([]).values()) == {1}
    same, other = ROWS["spend_30d"].definition_hash, "another hash"
    before: list[dict[str, object]] = [
        {"tag": "spend", "version": 4, "definition_hash": same},
        {"tag": "level", "version": 2, "definition_hash": other},
        # A night from before versions were counted.
        {"tag": "rfm", "version": None, "definition_hash": other},
        {"tag": "gone", "version": 7, "definition_hash": other},
    ]
    assert versions(before) == dict.fromkeys(ROWS, 1) | {
        "spend_30d": 4, "spend_ever": 4, "level": 3,
        **{name: 2 for name in ROWS if name.startswith("rfm")},
    }  # fmt: skip


@pytest.fixture(scope="module")
def nights(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """Two nights: 1 changes, 2 stays, 3 leaves, 4 comes; column `gone` ends and `fresh` begins."""
    before = spark.createDataFrame(
        [
            (days_ago(1), 1, Decimal("1.00"), ["a"], "x", 1),
            (days_ago(1), 2, None, None, None, 1),
            (days_ago(1), 3, Decimal("3.00"), None, None, None),
        ],
        "business_date date, one_id bigint, spend decimal(18,2), fav array<string>, "
        "gone string, n bigint",
    )
    after = spark.createDataFrame(
        [
            (D, 1, Decimal("1.50"), ["a", "b"], True, 1.0),
            (D, 2, None, None, None, 1.0),
            (D, 4, Decimal("0.00"), [], None, None),
        ],
        "business_date date, one_id bigint, spend decimal(18,2), fav array<string>, fresh boolean, "
        "n double",
    )
    return before, after


def test_changes_are_the_values_that_differ_as_text(nights: tuple[DataFrame, DataFrame]) -> None:
    changes = tag_changes(*nights, D)
    assert changes.columns == list(CUSTOMER_TAG_CHANGES.column_names)
    assert sorted(tuple(row)[1:] for row in changes.where("tag <> 'n'").collect()) == [
        (1, "fav", '["a"]', '["a","b"]'),
        (1, "fresh", None, "true"),
        (1, "gone", "x", None),
        (1, "spend", "1.00", "1.50"),
        (3, "spend", "3.00", None),
        (4, "fav", None, "[]"),
        (4, "spend", None, "0.00"),
    ]


def test_a_night_equal_to_the_one_before_has_no_changes(
    nights: tuple[DataFrame, DataFrame],
) -> None:
    _, after = nights
    assert tag_changes(after, after, D).isEmpty()


def test_metrics_count_filled_cells_and_measure_numbers(
    nights: tuple[DataFrame, DataFrame],
) -> None:
    _, after = nights
    metrics = tag_metrics(after, D, {"n": "Spark failed: X"})
    assert metrics.columns == list(TAG_METRICS.column_names)
    assert {row.column_name: tuple(row)[2:] for row in metrics.collect()} == {
        "spend": (3, 2, 2, 0.75, 0.0, 1.5, None),
        "fav": (3, 2, 2, None, None, None, None),
        "fresh": (3, 1, 1, None, None, None, None),
        "n": (3, 2, 1, 1.0, 1.0, 1.0, "Spark failed: X"),
    }
