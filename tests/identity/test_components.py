"""Connected components: both engines against union-find, and the proof that guards them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from pyspark.sql import DataFrame, SparkSession

from identity.components import components, proven
from model.errors import OnefoldError, UsageError
from model.identity_policy import ComponentsPolicy
from tests.identity.oracle import component_of
from tests.identity.worlds import labelled

POLICY = ComponentsPolicy(local_edges=1_000_000)
Edge = tuple[int, int]


def frames(
    spark: SparkSession, nodes: set[int], edges: list[Edge], partitions: int = 2
) -> tuple[DataFrame, DataFrame]:
    return (
        spark.createDataFrame([(n,) for n in nodes], "node_id bigint").repartition(partitions),
        spark.createDataFrame(edges, "src bigint, dst bigint").repartition(partitions),
    )


def many_graphs() -> tuple[set[int], list[Edge]]:
    """Three hundred seeded graphs side by side, with a chain, a star, self loops and duplicates."""
    nodes: set[int] = set()
    edges: list[Edge] = []
    for seed in range(300):
        choice = random.Random(seed)
        size = choice.randint(1, 12)
        own = [choice.getrandbits(48) | seed << 53 for _ in range(size)]
        nodes |= set(own)
        found = [(choice.choice(own), choice.choice(own)) for _ in range(choice.randint(0, size))]
        edges += found + found[: choice.randint(0, 2)]
    chain = [2**62 + i for i in random.Random(1).sample(range(10**6), 400)]
    star = [2**62 + 2**61 + i for i in range(400)]
    edges += list(pairwise(chain)) + [(star[200], other) for other in star]
    return nodes | set(chain) | set(star), edges


@pytest.mark.parametrize("partitions", [1, 8])
def test_the_local_engine_is_union_find(spark: SparkSession, partitions: int) -> None:
    nodes, edges = many_graphs()
    found = components(*frames(spark, nodes, edges, partitions), "local", POLICY)
    assert labelled(found) == component_of(nodes, edges)


@pytest.mark.usefixtures("adaptive")
def test_graphframes_gives_the_same_labels_as_union_find(spark: SparkSession) -> None:
    nodes, edges = many_graphs()
    found = components(*frames(spark, nodes, edges), "graphframes", POLICY)
    assert labelled(found) == component_of(nodes, edges)


@pytest.mark.usefixtures("adaptive")
@pytest.mark.parametrize("engine", ["local", "graphframes"])
def test_nodes_without_a_link_are_components_of_their_own(spark: SparkSession, engine: str) -> None:
    assert labelled(components(*frames(spark, {7, 9}, []), engine, POLICY)) == {7: 7, 9: 9}
    assert labelled(components(*frames(spark, set(), []), engine, POLICY)) == {}


def test_the_local_engine_refuses_more_links_than_it_may_hold(spark: SparkSession) -> None:
    few = ComponentsPolicy(local_edges=1)
    with pytest.raises(UsageError, match="local_edges"):
        components(*frames(spark, {1, 2, 3}, [(1, 2), (2, 3)]), "local", few)


@pytest.mark.parametrize(
    "labels",
    [
        [(1, 1), (2, 2), (3, 3)],  # the link 1 - 2 is cut
        [(1, 1), (2, 1)],  # 3 is missing
        [(1, 1), (2, 1), (3, 3), (3, 3)],  # 3 twice
        [(1, 1), (2, None), (3, 3)],  # 2 without a component
    ],
)
def test_wrong_labels_are_never_let_through(spark: SparkSession, labels: list[Edge]) -> None:
    nodes, edges = frames(spark, {1, 2, 3}, [(1, 2)])
    with pytest.raises(OnefoldError, match="not right"):
        proven(nodes, edges, spark.createDataFrame(labels, "node_id bigint, component bigint"))
