"""Golden profiles: for every person and column the value that survives, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from model.canonical import CanonicalModel, CanonicalTable
from model.contracts import TableContract, columns
from model.errors import UsageError
from model.identity_policy import GoldenPolicy, IdentityPolicy

_PROVENANCE = "struct<channel: string, record: string, rule: string, at: timestamp>"
_LONGEST = 2**63 - 1


def golden_contract(model: CanonicalModel) -> TableContract:
    """The contract of identity.golden_profiles: a slice a night, one row per person.

    Columns are those of the golden table but its key, which belongs to an account and to no person.
    UsageError where more than one table is golden.
    """
    if len(model.golden_tables) > 1:
        names = ", ".join(table.name for table in model.golden_tables)
        raise UsageError(f"conf/model.yml: golden: true on {names}; expected one table")
    own = [
        stored
        for table in model.golden_tables
        for name in golden_columns(table)
        for stored in table.columns[name].stored_as(name)
    ]
    first = columns(
        "business_date date | 业务日 | Night", "one_id bigint | 客户号 | The person"
    )
    last = columns(
        f"provenance map<string, {_PROVENANCE}> | 出处 | Column → channel, record, rule and time "
        "of the value it holds"
    )
    return TableContract(
        "identity", "golden_profiles", (*first, *own, *last), ("one_id",), "business_date",
        "黄金档案", "Golden profiles: the surviving values of a person's accounts",
    )


def golden_columns(table: CanonicalTable) -> tuple[str, ...]:
    """The canonical columns that say something about a person: all but the key."""
    return tuple(name for name in table.columns if name not in table.key)


def golden_profiles(
    accounts: DataFrame,
    trust_ranks: Mapping[str, int],
    table: CanonicalTable,
    policy: IdentityPolicy,
    business_date: date,
) -> DataFrame:
    """The night's slice of identity.golden_profiles from the accounts that have a OneID.

    `accounts` are the current rows of `table` with `one_id` (null: anonymous, left out);
    `trust_ranks` rank channels, 1 is trusted most, a channel without one least. Per column, rows
    without a value do not compete; ties end at the channel's name and the account's key, so that
    the order of rows decides nothing. A sealed column's token and mask come from one account.
    """
    names = golden_columns(table)
    ranked = accounts.where(F.col("one_id").isNotNull()).select(
        "*", _trust(trust_ranks).alias("_trust"), *_frequencies(table, policy.golden)
    )
    survivors = ranked.groupBy("one_id").agg(
        *(_survivor(name, table, policy.golden).alias(name) for name in names)
    )
    stored = [
        F.col(f"{name}.{part.name}").alias(part.name)
        for name in names
        for part in table.columns[name].stored_as(name)
    ]
    entries = [
        F.when(F.col(name).isNotNull(), F.struct(F.lit(name), F.col(f"{name}._from")))
        for name in names
    ]
    provenance = F.map_from_entries(F.filter(F.array(*entries), lambda entry: entry.isNotNull()))
    return survivors.select(
        F.lit(business_date).alias("business_date"), "one_id", *stored,
        provenance.cast(f"map<string, {_PROVENANCE}>").alias("provenance"),
    )


def _survivor(name: str, table: CanonicalTable, policy: GoldenPolicy) -> Column:
    """The stored values of a column and their origin (_from), of the row that comes first."""
    rule = _rules(name, policy)[0]
    at = F.col(table.time).cast("timestamp") if table.time else F.lit(None).cast("timestamp")
    record = F.concat_ws("|", *(F.col(key) for key in table.key if key != "channel"))
    origin = F.struct(
        F.col("channel").alias("channel"), record.alias("record"), F.lit(rule).alias("rule"),
        at.alias("at"),
    )
    kept = F.struct(*_stored(name, table), origin.alias("_from"))
    return F.min_by(F.when(_value(name, table).isNotNull(), kept), _place(name, table, policy))


def _rules(name: str, policy: GoldenPolicy) -> tuple[str, str]:
    """What decides between two values of a column: first this, then that."""
    own = policy.per_column.get(name)
    return (own.prefer if own else policy.prefer), policy.then


def _place(name: str, table: CanonicalTable, policy: GoldenPolicy) -> Column:
    """A row's place among the candidates of a column; null where it has no value."""
    time = F.unix_micros(F.col(table.time).cast("timestamp")) if table.time else F.lit(None)
    order = {
        "trusted": F.col("_trust"),
        "latest": F.coalesce(-time, F.lit(_LONGEST)),
        "frequent": -F.col(f"_{name}_count") if name in _frequent(table, policy) else F.lit(0),
    }
    keys = [F.col(key) for key in table.key]
    place = F.struct(*(order[rule] for rule in _rules(name, policy)), F.col("channel"), *keys)
    return F.when(_value(name, table).isNotNull(), place)


def _frequent(table: CanonicalTable, policy: GoldenPolicy) -> tuple[str, ...]:
    """Columns that count how often a value occurs."""
    return tuple(
        name for name in golden_columns(table) if "frequent" in _rules(name, policy)
    )


def _frequencies(table: CanonicalTable, policy: GoldenPolicy) -> list[Column]:
    """How many accounts of the person hold the row's value, of the columns that ask for it."""
    return [
        F.count("*").over(Window.partitionBy("one_id", _value(name, table))).alias(f"_{name}_count")
        for name in _frequent(table, policy)
    ]


def _stored(name: str, table: CanonicalTable) -> list[Column]:
    return [F.col(part.name) for part in table.columns[name].stored_as(name)]


def _value(name: str, table: CanonicalTable) -> Column:
    """What tells two values of a column apart: the value, or its token."""
    return _stored(name, table)[0]


def _trust(trust_ranks: Mapping[str, int]) -> Column:
    rank: Column = F.lit(2**31 - 1)
    for channel, trust in sorted(trust_ranks.items()):
        rank = F.when(F.col("channel") == channel, trust).otherwise(rank)
    return rank
