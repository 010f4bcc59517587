"""What OneID made of the demo's accounts, read from the lake's Delta tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lake.log_tables import read_columns
from model.contracts import TableContract
from model.fixed_tables import NODES, ONE_IDS, REJECTED_LINKS
from privacy.tokens import load_key, token_of


def accounts_found(folder: Path) -> pd.DataFrame:
    """One row per account of the truth: kind, scope, value, person, is_device, chain, one_id.

    `one_id` is null where the account is in nobody.
    """
    truth = folder / "truth"
    accounts = pd.read_parquet(truth / "accounts.parquet")
    chains = pd.read_parquet(truth / "chains.parquet")
    keys = ["kind", "scope", "value"]
    known = accounts.merge(chains[[*keys, "chain"]], on=keys, validate="1:1")
    return _with_tokens(known, folder).merge(_persons(folder), on="token", how="left")


def planted_outcome(folder: Path) -> str:
    """What became of the planted values: how many joined two persons who are not one."""
    links = pd.read_parquet(folder / "truth" / "links.parquet")
    accounts = accounts_found(folder)[["kind", "value", "one_id"]]
    own = links.rename(columns={"kind": "identifier", "value": "identifier_value"}).merge(
        accounts, left_on=["record_kind", "record_value"], right_on=["kind", "value"]
    )
    lines = []
    for planted in ("hub", "bridge", "family", "placeholder"):
        rows = own[own["planted"] == planted]
        merged = rows.groupby("one_id")["person"].nunique()
        values = rows["identifier_value"].nunique()
        both = (merged > 1).sum()
        lines.append(f"planted {planted:<12} {values:>5} values, {both} OneIDs hold two persons")
    cards = _national_ids(folder)
    lines.append(f"persons with two national ids: {(cards > 1).sum()}; "
                 f"links rejected: {len(_valid(folder, REJECTED_LINKS))}")  # fmt: skip
    return "\n".join(lines)


def _national_ids(folder: Path) -> pd.Series:
    """Distinct national ids of every OneID."""
    one_ids = _valid(folder, ONE_IDS)
    return one_ids[one_ids["kind"] == "national_id"].groupby("one_id")["node_id"].nunique()


def _persons(folder: Path) -> pd.DataFrame:
    """Who holds each token; of a device past its window, the latest period."""
    nodes = _valid(folder, NODES).sort_values("period_from", na_position="first")
    nodes = nodes.drop_duplicates("token", keep="last")[["node_id", "token"]]
    return nodes.merge(_valid(folder, ONE_IDS)[["node_id", "one_id"]], on="node_id")[
        ["token", "one_id"]
    ].astype({"one_id": "Int64"})


def _valid(folder: Path, history: TableContract) -> pd.DataFrame:
    rows = read_columns(str(folder / "lake"), history, history.column_names).to_pandas()
    return rows[rows["valid_to"].isna()]


def _with_tokens(accounts: pd.DataFrame, folder: Path) -> pd.DataFrame:
    key = load_key({}, folder / "secrets" / "pseudonym.key", create=False)
    rows = accounts[["kind", "scope", "value"]].itertuples(index=False)
    return accounts.assign(token=[token_of(key, *row) for row in rows])
