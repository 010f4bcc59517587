"""How well OneID found the demo's people, judged by pairs of accounts against the truth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from identity.evaluate import Evaluation, evaluated
from model.engines import Engine, Rows
from model.local_engine import LocalEngine


@dataclass(frozen=True)
class PairScores:
    """The accounts' OneIDs against their persons, and against persons and chains.

    In the second truth two accounts of a person belong together only where identifiers that are not
    planted join them. An account without OneID pairs with nobody.
    """

    of_persons: Evaluation
    of_chains: Evaluation

    @property
    def precision(self) -> float:
        """The share of the found pairs that are one person's."""
        return self.of_persons.pairwise.precision

    @property
    def recall_of_chained(self) -> float:
        """The share found of the pairs that a chain of identifiers joins."""
        return self.of_chains.pairwise.recall

    @property
    def recall_of_all(self) -> float:
        """The share found of all pairs of one person, joinable or not."""
        return self.of_persons.pairwise.recall


def pair_scores(accounts: pd.DataFrame) -> PairScores:
    """The scores of accounts, one row each: one_id (null: in nobody), person, chain.

    Other columns are left alone.
    """
    chains = accounts.groupby(["person", "chain"], sort=False).ngroup()
    with LocalEngine() as engine:
        found = _clusters(engine, accounts["one_id"])
        return PairScores(*(
            evaluated(engine, found, _clusters(engine, truth), unfound="alone")
            for truth in (accounts["person"], chains)
        ))  # fmt: skip


def _clusters(engine: Engine, clusters: pd.Series) -> Rows:
    """Every account, by its place, with its cluster."""
    ids = pa.array(clusters.astype("Int64"))
    return engine.of(pa.table({"element": pa.array(range(len(ids)), pa.int64()), "cluster": ids}))


def described(scores: PairScores) -> str:
    """The scores in three lines for a terminal."""
    persons, chains = scores.of_persons, scores.of_chains
    return "\n".join(
        [
            f"precision            {scores.precision:.4f}  ({persons.shared_pair_count} of "
            f"{persons.found_pair_count} pairs found are one person's)",
            f"recall, by chains    {scores.recall_of_chained:.4f}  ({chains.shared_pair_count} of "
            f"{chains.true_pair_count} pairs that identifiers join)",
            f"recall, of all pairs {scores.recall_of_all:.4f}  ({persons.shared_pair_count} of "
            f"{persons.true_pair_count} pairs of one person)",
        ]
    )
