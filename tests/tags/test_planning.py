"""The plan: one grouping per source table, however many tags and windows; derived by level."""

from textwrap import dedent

from pyspark.sql import SparkSession

from tags.computing import compute_tags
from tags.lineage import tags_reading
from tags.planning import plan_over, plan_tags
from tests.tags.books import book_of, shipped_book
from tests.tags.rows import D, people_of, rows_of


def test_all_filters_and_windows_of_a_table_are_one_grouping() -> None:
    lines = ["defaults: {from: orders}", "tags:"]
    for n in range(60):
        lines.append(
            f"  t{n}: {{title: T, measure: sum(amount), where: amount > {n}, over: [7d, {n + 9}d]}}"
        )
    lines += [
        "  last: {title: L, measure: last(store_id)}",
        "  views: {title: V, measure: count(), from: page_views}",
        "  events: {title: E, measure: count(), from: events}",
        "  did: {title: D, cases: [{value: a, when: {did: orders, where: amount > 5, over: 9d}}]}",
    ]
    plan = plan_tags(book_of("\n".join(lines)))
    assert [(g.table.name, len(g.cells)) for g in plan.groupings] == [
        ("orders", 122),
        ("events", 2),
    ]


def test_maps_and_different_values_need_a_grouping_per_key_not_per_tag() -> None:
    text = dedent(
        """\
        defaults: {from: orders}
        tags:
          a: {title: A, measure: distinct(store_id), over: [7d, 30d]}
          b: {title: B, measure: distinct(store_id), where: "status = 'paid'"}
          c: {title: C, measure: days(), over: [7d, 30d]}
          d: {title: D, measure: sum(amount), by: channel, over: [7d, 30d]}
          e: {title: E, measure: count(), by: channel}
          f: {title: F, top: store_id, over: [7d, 30d]}
          g: {title: G, top: store_id, best: 3}
        """
    )
    plan = plan_tags(book_of(text))
    assert plan.described() == (
        "orders: 3 columns, different values of `store_id`: once per person and value",
        "orders: 2 columns, different values of `day`: once per person and value",
        "orders: 3 columns, per person and CAST(`channel` AS string): the keys of the maps",
        "orders: 3 columns, scores of `store_id`: once per person and value",
    )


def test_statistics_of_one_value_share_a_grouping_and_newest_rows_have_their_own() -> None:
    text = dedent(
        """\
        defaults: {from: orders}
        tags:
          a: {title: A, measure: distinct(amount)}
          b: {title: B, measure: "percentile(amount, .5)", over: [7d, last 5]}
          c: {title: C, measure: histogram(amount), where: "status = 'paid'"}
          d: {title: D, measure: gap_days()}
          e: {title: E, measure: days()}
          f: {title: F, measure: stddev(amount), over: [30d, last 5]}
          g: {title: G, measure: "list(store_id, 3)"}
          h: {title: H, measure: count(), over: [last 5, last 9], where: "status = 'paid'"}
        """
    )
    newest = "the newest rows, in the table's order; "
    different = "different values of `amount`: once per person and value"
    assert plan_tags(book_of(text)).described() == (
        f"orders: 3 columns, {different}",
        f"orders: 1 columns, {newest}{different}",
        "orders: 2 columns, different values of `day`: once per person and value",
        "orders: 2 columns, every filter and window of the table in one pass",
        f"orders: 3 columns, {newest}every filter and window of the table in one pass",
    )


def test_behaviours_that_differ_only_in_times_share_one_count() -> None:
    text = dedent(
        """\
        tags:
          a:
            title: A
            cases:
              - {value: often, when: {did: orders, over: 30d, times: ">= 5"}}
              - {value: once, when: {did: orders, over: 30d}}
              - {value: before, when: {did: orders, over: 90d}}
        """
    )
    (grouping,) = plan_tags(book_of(text)).groupings
    assert [cell.window.text for cell in grouping.cells] == ["30d", "90d"]


def test_derived_tags_are_computed_by_level() -> None:
    text = dedent(
        """\
        tags:
          d: {title: D, calc: c + b}
          c: {title: C, calc: b + 1}
          b: {title: B, calc: a + 1}
          a: {title: A, pick: kids_count}
          e: {title: E, calc: a * 2}
        """
    )
    levels = plan_tags(book_of(text)).levels
    assert [{one.column.name for one in level} for level in levels] == [{"b", "e"}, {"c"}, {"d"}]


def test_a_part_of_the_book_needs_only_what_it_reads() -> None:
    plan = plan_tags(shipped_book(), ["avg_order_90d", "age_band"])
    assert plan.tables == ("orders",)
    assert {column.name.split("_")[0] for column in plan.columns} == {
        "spend",
        "orders",
        "avg",
        "birthday",
        "age",
    }
    assert plan.plain_columns == ("birth_date",)
    assert plan.golden_columns == ("birth_date", "birth_date_mask")


def test_only_tags_that_are_computed_are_planned() -> None:
    text = "tags:\n  a: {title: A, pick: city}\n  b: {title: B, pick: city, status: retired}\n"
    assert [column.name for column in plan_tags(book_of(text)).columns] == ["a"]


def test_spark_scans_and_shuffles_a_table_once_for_all_its_measures(spark: SparkSession) -> None:
    lines = ["defaults: {from: orders}", "tags:"]
    lines += [f"  t{n}: {{title: T, measure: count(), over: [7d, {n + 31}d]}}" for n in range(20)]
    book = book_of("\n".join(lines))
    plan = plan_tags(book)
    orders = rows_of(spark, book.tables["orders"], [{"one_id": 1, "ago": 3}])
    people = people_of(spark, [1])
    wide = compute_tags({"orders": orders}, people, people, plan, D, time_zone="UTC")
    executed = wide._jdf.queryExecution().sparkPlan().toString()
    # One aggregate in its two halves, before and after the shuffle.
    assert executed.count("HashAggregate(") == 2
    assert executed.count("status") <= 1


def test_rules_beyond_one_expression_are_planned_with_what_they_read() -> None:
    book = book_of(
        """
        tags:
          way: {title: W, steps: [carts, orders], within: 7d, over: 30d, give: [furthest, lost_after]}
          days: {title: D, sql: "select one_id, max(day) as value from by_person.events group by one_id"}
          mood: {title: M, stages: [{value: a, when: {did: service_cases}}], else: b}
          note: {title: N, given: human, type: text}
          city: {title: C, pick: city, override: 30d}
        """  # noqa: E501
    )
    plan = plan_tags(book)
    assert plan.tables == ("events", "orders", "service_cases")
    assert plan.described()[1:3] == (
        "funnel: 2 columns, carts → orders over 30d",
        "events: 1 column, a query of its own",
    )
    assert [(one.column, one.while_source) for one in plan.overrides] == [
        ("note", False), ("city", False),
    ]  # fmt: skip
    assert [history.tag for history in plan.histories] == ["mood"]
    assert tags_reading(book, ["events"], ["profiles"]) == ("days", "way")
    assert tags_reading(book, ["profiles"], ["profiles"]) == ("city",)
    assert tags_reading(book, ["service_cases"], []) == ("mood",)


def test_a_plan_over_stored_tags_has_nothing_that_only_they_need() -> None:
    book = shipped_book()
    plan = plan_over(book, ["avg_order_90d", "age"], ["spend", "orders"])
    assert {column.name for column in plan.carried} > {"spend_90d", "orders_90d"}
    assert plan.tables == () and [pick.column.name for pick in plan.picks] == ["birthday"]
    assert {d.column.name for level in plan.levels for d in level} == {"avg_order_90d", "age"}
    assert plan_tags(book, ["avg_order_90d"]).tables == ("orders",)
