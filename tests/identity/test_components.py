"""Connected components: both engines against union-find, and the proof that guards them."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from identity.components import components, prove_here, proven
from model.engines import Engine, Rows, SparkEngine
from model.errors import OnefoldError, UsageError
from model.identity_policy import ComponentsPolicy
from model.local_engine import LocalEngine
from tests.identity.oracle import component_of
from tests.identity.worlds import records, table_of

POLICY = ComponentsPolicy(local_edges=1_000_000)
Edge = tuple[int, int]


def labelled(
    engine: Engine, nodes: set[int], edges: list[Edge], by: Any, parts: int = 0
) -> dict[int, int]:
    """Every node and its component, from the rows of an engine."""
    found = records(engine, components(engine, *rows_of(engine, nodes, edges, parts), by, POLICY))
    assert len({row.node_id for row in found}) == len(found)
    return {row.node_id: row.component for row in found}


def rows_of(
    engine: Engine, nodes: set[int], edges: list[Edge], partitions: int = 0
) -> tuple[Rows, Rows]:
    links = [{"src": src, "dst": dst} for src, dst in edges]
    return (
        table_of(engine, [{"node_id": n} for n in nodes], "node_id bigint", partitions),
        table_of(engine, links, "src bigint, dst bigint", partitions),
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


def test_the_local_engine_is_union_find(engine: Engine) -> None:
    nodes, edges = many_graphs()
    assert labelled(engine, nodes, edges, "local") == component_of(nodes, edges)


def test_a_chain_of_a_hundred_thousand_and_a_star_of_a_million_are_a_person_each() -> None:
    """Ends in any order, links twice, and one to itself."""
    chance = np.random.default_rng(1)
    chain, star = chance.permutation(2**62 + np.arange(100_000)), 2**61 + np.arange(1_000_001)
    src = np.concatenate([chain[:-1], np.full(1_000_000, star[0]), chain[:9]])
    dst = np.concatenate([chain[1:], star[1:], chain[:9]])
    order = chance.permutation(len(src))
    links = pa.table({"src": src[order], "dst": dst[order]})
    nodes = pa.table({"node_id": np.concatenate([star, chain])})
    with LocalEngine() as engine:
        many = ComponentsPolicy(local_edges=2_000_000)
        found = engine.arrow(
            components(engine, engine.of(nodes), engine.of(links), "local", many)
        )  # fmt: skip
    labels = dict(zip(found["node_id"].to_numpy(), found["component"].to_numpy(), strict=True))
    assert len(labels) == len(nodes)
    assert {labels[each] for each in chain} == {chain.min()}
    assert {labels[each] for each in star} == {star.min()}


@pytest.mark.parametrize("partitions", [1, 8])
def test_partitions_do_not_matter(spark: SparkSession, partitions: int) -> None:
    nodes, edges = many_graphs()
    with SparkEngine(spark) as engine:
        found = labelled(engine, nodes, edges, "local", partitions)
    assert found == component_of(nodes, edges)


@pytest.mark.usefixtures("adaptive")
def test_graphframes_gives_the_same_labels_as_union_find(spark: SparkSession) -> None:
    """test_resolution.py runs it on whole worlds, from rows of the local engine too."""
    nodes, edges = many_graphs()
    with SparkEngine(spark) as engine:
        assert labelled(engine, nodes, edges, "graphframes") == component_of(nodes, edges)


@pytest.mark.usefixtures("adaptive")
@pytest.mark.parametrize("by", ["local", "graphframes"])
def test_nodes_without_a_link_are_components_of_their_own(spark: SparkSession, by: str) -> None:
    with LocalEngine(spark) as engine:
        assert labelled(engine, {7, 9}, [], by) == {7: 7, 9: 9}
        assert labelled(engine, set(), [], by) == {}


def test_the_local_engine_refuses_more_links_than_it_may_hold() -> None:
    few = ComponentsPolicy(local_edges=1)
    with LocalEngine() as engine, pytest.raises(UsageError, match="local_edges"):
        components(engine, *rows_of(engine, {1, 2, 3}, [(1, 2), (2, 3)]), "local", few)


@pytest.mark.parametrize(
    "labels",
    [
        [(1, 1), (2, 2), (3, 3)],  # the link 1 - 2 is cut
        [(1, 1), (2, 1)],  # 3 is missing
        [(1, 1), (2, 1), (3, 3), (3, 3)],  # 3 twice
        [(1, 1), (2, None), (3, 3)],  # 2 without a component
        [(1, 1), (2, 1), (3, 3), (4, 4)],  # 4 is no node
    ],
)
def test_wrong_labels_are_never_let_through(engine: Engine, labels: list[Edge]) -> None:
    given = [{"node_id": node, "component": component} for node, component in labels]
    wrong = table_of(engine, given, "node_id bigint, component bigint")
    with pytest.raises(OnefoldError, match="not right"):
        proven(engine, *rows_of(engine, {1, 2, 3}, [(1, 2)]), wrong)


@pytest.mark.parametrize(
    ("label", "times_asked"),
    [
        ([0, 1, 2], [1, 1, 1]),  # the link 0 - 1 is cut
        ([0, 0, 2], [1, 1, 0]),  # 2 was not asked for
        ([0, 0, 2], [1, 1, 2]),  # 2 twice
    ],
)
def test_wrong_labels_made_here_are_never_let_through(
    label: list[int], times_asked: list[int]
) -> None:
    src, dst, sound = np.array([0, 0]), np.array([1, 1]), np.array([0, 0, 2])
    prove_here(src, dst, sound, np.array([1, 1, 1]))
    with pytest.raises(OnefoldError, match="not right"):
        prove_here(src, dst, np.array(label), np.array(times_asked))


@pytest.mark.parametrize("nodes", [[1, 2], [1, 2, 3, 3]])  # 3 is no node; it is one twice
def test_links_that_do_not_end_in_the_nodes_are_refused(nodes: list[int]) -> None:
    with LocalEngine() as engine:
        given = engine.of(pa.table({"node_id": nodes}))
        links = engine.of(pa.table({"src": [1, 2], "dst": [2, 3]}))
        with pytest.raises(OnefoldError, match="not right"):
            components(engine, given, links, "local", POLICY)
