"""What is true about the dumps: whose accounts they are, and what could have joined them.

Three tables beside the landing folder, made from the rows that arrive (not from those that must
be quarantined), as of the last date generated:

accounts.parquet  one row per account seen (key: kind, scope, value): kind is member_card, account,
                  unionid or device; value as normalised (devices in lower case); person (the
                  number of the household); is_device; first_date (of the dump it came with).
links.parquet     one row per distinct sighting and identifier in it (key: channel, sighting, kind,
                  value): record_kind and record_value (the sighting's own account; a phone where
                  it has none), kind, scope, value, person, first_date and planted: none, hub,
                  family, bridge, placeholder or shared_device. A value planted anywhere is so
                  everywhere.
chains.parquet    one row per account (key: kind, scope, value): chain, the number of the component
                  it reaches over links that are not planted. Two accounts of one chain can be
                  joined by deterministic identifiers; two chains of one person cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .landing import Calendar, Dump

ACCOUNT_KINDS = ["account", "member_card", "unionid", "device"]
KINDS = [*ACCOUNT_KINDS, "national_id", "phone", "email"]
SCOPES = {"account": "shop", "member_card": "loyalty"}
GLOBAL = "global"


def sightings_of(dumps: Iterable[Dump], calendar: Calendar) -> pd.DataFrame:
    """One row per channel, person and distinct set of identifiers, with its first date."""
    seen = []
    for dump in dumps:
        rows = dump.identifiers.assign(
            channel=dump.folder.split("/")[0],
            person=dump.persons,
            first_date=calendar.arrivals(dump.days),
        )
        rows = rows if dump.rejected is None else rows[~dump.rejected]
        rows = rows.dropna(how="all", subset=dump.identifiers.columns)
        keys = [column for column in rows if column != "first_date"]
        seen.append(rows.sort_values("first_date", kind="stable").drop_duplicates(keys))
    columns = ["channel", "person", "first_date", *KINDS]
    sightings = pd.concat([rows.reindex(columns=columns) for rows in seen], ignore_index=True)
    keys = [column for column in columns if column != "first_date"]
    return sightings.drop_duplicates(keys, ignore_index=True)


def links_of(sightings: pd.DataFrame, planted_values: pd.DataFrame) -> pd.DataFrame:
    """The sightings unfolded: one row per identifier of each."""
    own = sightings[[*ACCOUNT_KINDS, "phone"]].notna()
    record_kind = own.idxmax(axis=1)
    record_value = sightings[[*ACCOUNT_KINDS, "phone"]].bfill(axis=1).iloc[:, 0]
    named = sightings.assign(
        sighting=sightings.index, record_kind=record_kind, record_value=record_value
    )
    about = ["channel", "sighting", "person", "first_date", "record_kind", "record_value"]
    links = named.melt(about, KINDS, var_name="kind", value_name="value").dropna(subset="value")
    links = links.merge(planted_values, on=["kind", "value"], how="left", validate="m:1")
    links["planted"] = links["planted"].fillna("none")
    links["scope"] = links["kind"].map(SCOPES).fillna(GLOBAL)
    return links.sort_values(["sighting", "kind"], ignore_index=True)[
        [*about, "kind", "scope", "value", "planted"]
    ]


def accounts_of(links: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The accounts among the links' identifiers, with the person who holds each."""
    columns = {"account": "account", "member_card": "card", "unionid": "unionid"}
    columns["device"] = "device"
    holders = pd.concat([
        pd.DataFrame({"kind": kind, "value": people[column], "person": people.index})
        for kind, column in columns.items()
    ]).dropna(subset="value")  # fmt: skip
    seen = links.groupby(["kind", "scope", "value"], as_index=False)["first_date"].min()
    accounts = seen.merge(holders, on=["kind", "value"], how="inner", validate="1:1")
    accounts["is_device"] = accounts["kind"] == "device"
    return accounts.sort_values(["kind", "value"], ignore_index=True)


def chains_of(links: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """The accounts with the component they reach over links that are not planted.

    Shared devices are planted, so each component is one person's.
    """
    counted = links[links["planted"] == "none"]
    names = pd.concat([counted[["kind", "value"]], accounts[["kind", "value"]]])
    numbers = pd.factorize(pd.MultiIndex.from_frame(names))[0]
    identifiers, wanted = numbers[: len(counted)], numbers[len(counted) :]
    records = counted["sighting"].to_numpy() + numbers.max() + 1
    size = int(max(records.max(initial=0), numbers.max())) + 1
    edges = coo_array((np.ones(len(counted), np.int8), (records, identifiers)), (size, size))
    labels = connected_components(edges, directed=False)[1]
    chain = pd.factorize(labels[wanted])[0]
    return accounts[["kind", "scope", "value"]].assign(chain=chain.astype("int64"))


def write_truth(
    dumps: list[Dump], people: pd.DataFrame, planted_values: pd.DataFrame, calendar: Calendar,
    folder: Path,
) -> None:  # fmt: skip
    """The three tables of this module's docstring."""
    folder.mkdir(parents=True, exist_ok=True)
    links = links_of(sightings_of(dumps, calendar), planted_values)
    accounts = accounts_of(links, people)
    tables = {"links": links, "accounts": accounts, "chains": chains_of(links, accounts)}
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
