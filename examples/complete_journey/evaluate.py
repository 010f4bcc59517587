"""How well OneID found the demo's people, judged by pairs of accounts against the truth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class PairScores:
    """Counts of unordered pairs of accounts; the scores are their ratios (1.0 of no pairs).

    true_pairs: of one person. chained_pairs: of one person and one chain, so joined by
    identifiers that are not planted. found_pairs: of one OneID. The last two are found pairs
    that are true, and found pairs that are chained.
    """

    accounts: int
    true_pairs: int
    chained_pairs: int
    found_pairs: int
    found_true_pairs: int
    found_chained_pairs: int

    @property
    def precision(self) -> float:
        """The share of the found pairs that are one person's."""
        return ratio(self.found_true_pairs, self.found_pairs)

    @property
    def recall_of_chained(self) -> float:
        """The share found of the pairs that a chain of identifiers joins."""
        return ratio(self.found_chained_pairs, self.chained_pairs)

    @property
    def recall_of_all(self) -> float:
        """The share found of all pairs of one person, joinable or not."""
        return ratio(self.found_true_pairs, self.true_pairs)


def pair_scores(accounts: pd.DataFrame) -> PairScores:
    """The pairs among the accounts, counted by the sizes of groups, never listed.

    One row per account: one_id (null: the account is in no OneID and pairs with nobody), person,
    chain. Other columns are left alone.
    """
    found = accounts[accounts["one_id"].notna()]
    return PairScores(
        accounts=len(accounts),
        true_pairs=pairs(accounts, ["person"]),
        chained_pairs=pairs(accounts, ["person", "chain"]),
        found_pairs=pairs(found, ["one_id"]),
        found_true_pairs=pairs(found, ["one_id", "person"]),
        found_chained_pairs=pairs(found, ["one_id", "person", "chain"]),
    )


def pairs(rows: pd.DataFrame, keys: list[str]) -> int:
    """The number of unordered pairs of rows that agree in the keys."""
    sizes = rows.groupby(keys, sort=False).size()
    return int((sizes * (sizes - 1) // 2).sum())


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def described(scores: PairScores) -> str:
    """The scores in three lines for a terminal."""
    return "\n".join(
        [
            f"precision            {scores.precision:.4f}  "
            f"({scores.found_true_pairs} of {scores.found_pairs} pairs found are one person's)",
            f"recall, by chains    {scores.recall_of_chained:.4f}  "
            f"({scores.found_chained_pairs} of {scores.chained_pairs} pairs that identifiers join)",
            f"recall, of all pairs {scores.recall_of_all:.4f}  "
            f"({scores.found_true_pairs} of {scores.true_pairs} pairs of one person)",
        ]
    )
