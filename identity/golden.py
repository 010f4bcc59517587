"""Golden profiles: for every person and column the value that survives, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from model.canonical import CanonicalModel, CanonicalTable
from model.contracts import TableContract, columns
from model.errors import UsageError
from model.identity_policy import GoldenPolicy, IdentityPolicy, Prefer
from model.sql_text import text_literal

_PROVENANCE = "struct<channel: string, record: string, rule: string, at: timestamp>"
_LONGEST = 2**63 - 1
_LEAST_TRUSTED = 2**31 - 1


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
        "*", F.expr(trust_sql(trust_ranks)).alias("_trust"), *_frequencies(table, policy.golden)
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
    rule = rules_of(name, policy)[0]
    at = F.col(table.time).cast("timestamp") if table.time else F.lit(None).cast("timestamp")
    record = F.concat_ws("|", *(F.col(key) for key in table.key if key != "channel"))
    origin = F.struct(
        F.col("channel").alias("channel"), record.alias("record"), F.lit(rule).alias("rule"),
        at.alias("at"),
    )
    kept = F.struct(*_stored(name, table), origin.alias("_from"))
    return F.min_by(F.when(_value(name, table).isNotNull(), kept), _place(name, table, policy))


def rules_of(name: str, policy: GoldenPolicy) -> tuple[Prefer, Prefer]:
    """What decides between two values of a column: first this, then that."""
    own = policy.per_column.get(name)
    return (own.prefer if own else policy.prefer), policy.then


def _place(name: str, table: CanonicalTable, policy: GoldenPolicy) -> Column:
    """A row's place among the candidates of a column; null where it has no value."""
    order = place_sql(table, rules_of(name, policy), "_trust", f"_{name}_count")
    place = F.struct(*(F.expr(sql).alias(f"_{n}") for n, sql in enumerate(order)))
    return F.when(_value(name, table).isNotNull(), place)


def place_sql(
    table: CanonicalTable, rules: tuple[Prefer, ...], trust: str, count: str
) -> tuple[str, ...]:
    """What stands smallest in the row whose value survives, as SQL that Spark and DuckDB read.

    `trust` ranks its channel, `count` counts the person's accounts with its value. Ties end at the
    channel's name and the account's key.
    """
    moment = f"`{table.time}`" if table.time else "null"
    latest = f"coalesce(-unix_micros(cast({moment} as timestamp)), {_LONGEST})"
    order = {"trusted": trust, "latest": latest, "frequent": f"-{count}"}
    return (*(order[rule] for rule in rules), "channel", *(f"`{key}`" for key in table.key))


def _frequent(table: CanonicalTable, policy: GoldenPolicy) -> tuple[str, ...]:
    """Columns that count how often a value occurs."""
    return tuple(
        name for name in golden_columns(table) if "frequent" in rules_of(name, policy)
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


def trust_sql(trust_ranks: Mapping[str, int]) -> str:
    """SQL of a row's rank by its channel; a channel without one is trusted least."""
    whens = " ".join(
        f"when channel = {text_literal(channel)} then {trust}"
        for channel, trust in sorted(trust_ranks.items())
    )
    return f"case {whens} else {_LEAST_TRUSTED} end" if whens else str(_LEAST_TRUSTED)
