"""The oracle's canonical tables at a night, and the person of every row through the lake's map.

Rows come from the dumps alone; the lake gives only which sighting a key has, and whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from tests.examples.tag_oracle_dumps import read_dumps

# The lines of a receipt are one order of the night that brought them.
VERSIONS = {
    "profiles": """
        select 'crm' as channel, path_date, file, line, account_id, updated_at, registered_at,
            phone_token, email_token from crm_members
        union all by name
        select 'accounts' as channel, path_date, file, line, account_id, updated_at,
            registered_at, phone_token, email_token from shop_accounts""",
    "orders": """
        select 'pos' as channel, path_date, max(file) as file, max(line) as line, order_id,
            first(status order by file, line) as status, min(paid_at) as paid_at,
            sum(amount)::decimal(18, 2) as amount,
            sum(discount_amount)::decimal(18, 2) as discount_amount,
            sum(coupon_amount)::decimal(18, 2) as coupon_amount, count(*) as line_count,
            first(store_id order by file, line) as store_id
        from pos_lines group by order_id, path_date
        union all by name
        select 'shop' as channel, * exclude (state_text) from shop_orders""",
    "order_lines": """
        select 'pos' as channel, path_date, file, line, order_id, line_no, status, paid_at, sku_id,
            category_l1, category_l2, brand_type, quantity, amount, discount_amount, store_id
        from pos_lines
        union all by name
        select 'shop' as channel, * exclude (state_text) from shop_items""",
    "events": "select 'app' as channel, * exclude (event_text) from app_events",
    "interactions": "select 'wechat' as channel, * exclude (event_text) from wechat_messages",
}


@dataclass(frozen=True)
class Table:
    """A canonical table: what makes a row one row, and which time makes a version newer."""

    name: str
    key: tuple[str, ...]
    time: str

    @property
    def order(self) -> str:
        """A total order of its current rows: time, then arrival, then key."""
        return ", ".join(["day", self.time, "path_date", *self.key])


TABLES = {
    table.name: table
    for table in (
        Table("profiles", ("channel", "account_id"), "updated_at"),
        Table("orders", ("channel", "order_id"), "paid_at"),
        Table("order_lines", ("channel", "order_id", "line_no"), "paid_at"),
        Table("events", ("channel", "event_id"), "occurred_at"),
        Table("interactions", ("channel", "interaction_id"), "occurred_at"),
    )
}


@dataclass(frozen=True)
class Lake:
    """The lake's tables at the versions that its last night published."""

    root: Path
    versions: Mapping[str, int]

    @classmethod
    def published(cls, root: Path) -> Lake:
        rows = DeltaTable(str(root / "ops" / "published")).to_pyarrow_table().to_pylist()
        last = max(rows, key=lambda row: (row["business_date"], row["published_at"]))
        return cls(root, dict(last["versions"]))

    def rows(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Registers a table, `zone.table`, as the view `zone_table`."""
        path = self.root / name.replace(".", "/")
        table = DeltaTable(str(path), version=self.versions[name]).to_pyarrow_table()
        connection.register(name.replace(".", "_"), table)


def oracle_connection(landing: Path, lake: Lake) -> duckdb.DuckDBPyConnection:
    """A database with `<table>_versions` of the dumps, and the lake's keys and map beside them."""
    connection = duckdb.connect(config={"threads": 2})
    read_dumps(connection, landing)
    for name, select in VERSIONS.items():
        connection.execute(f"create table {name}_versions as {select}")
        lake.rows(connection, f"clean.{name}")
    for name in ("identity.one_ids", "tags.customer_tags", "tags.tag_catalog"):
        lake.rows(connection, name)
    return connection


def build_sources(connection: duckdb.DuckDBPyConnection, night: date) -> None:
    """Creates every canonical table as the night sees it: current rows, with `one_id` and `day`."""
    connection.execute(f"""
        create or replace table persons as select node_id, one_id, seen_from, seen_to
        from identity_one_ids where kind = 'sighting' and valid_from <= date '{night}'
            and (valid_to is null or valid_to > date '{night}')""")
    for table in TABLES.values():
        connection.execute(f"create or replace table {table.name} as {by_person(table, night)}")


def by_person(table: Table, night: date) -> str:
    """The dumps' newest rows at a night; their person by the key's sighting in the clean table."""
    same_key = " and ".join(f"rows.{name} = keys.{name}" for name in table.key)
    return f"""
        with rows as ({newest(table, night)}), keys as ({clean_keys(table, night)})
        select persons.one_id, rows.* from rows left join keys on {same_key}
        left join persons on persons.node_id = keys.sighting_id
            and (persons.seen_from is null or rows.day >= persons.seen_from)
            and (persons.seen_to is null or rows.day <= persons.seen_to)"""


def newest(table: Table, night: date) -> str:
    """Newest by the row's time, then by the date it arrived, its file and its line."""
    return f"""
        select * from (
            select *, coalesce({table.time}::date, path_date) as day
            from {table.name}_versions where path_date <= date '{night}'
            qualify row_number() over (partition by {", ".join(table.key)} order by
                {table.time} desc nulls last, path_date desc, file desc, line desc) = 1)
        where day <= date '{night}'"""


def clean_keys(table: Table, night: date) -> str:
    """The clean table's current keys and their sightings, found as its readers find them."""
    return f"""
        select {", ".join(table.key)}, sighting_id from (
            select * from clean_{table.name} where arrived_date <= date '{night}'
            qualify row_number() over (partition by {", ".join(table.key)} order by
                {table.time} desc nulls last, arrived_date desc, generation desc,
                source_file desc, source_line desc) = 1)
        where not is_deleted and day <= date '{night}'"""
