"""The oracle's canonical tables at a night, and the person of every row through the lake's map.

Rows come from the dumps alone; the lake gives only which sighting a key has, and whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml
from deltalake import DeltaTable

from tests.examples.tag_oracle_dumps import read_dumps
from tests.examples.tag_oracle_language import MEMBERS, PERSON

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
COLUMN_TYPES = {
    "text": "varchar", "enum": "varchar", "integer": "bigint", "number": "double",
    "money": "decimal(18, 2)", "date": "date", "timestamp": "timestamp", "bool": "boolean",
}  # fmt: skip


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


def order_of(name: str) -> str:
    """A total order of the rows of a table, of members, or of a table without rows."""
    if name in TABLES:
        return TABLES[name].order
    return "one_id" if name == MEMBERS else "day"


@dataclass(frozen=True)
class Subject:
    """What tags are about: the columns that name one, and its wide table."""

    ids: tuple[str, ...]
    wide_table: str

    def key(self, values: Sequence[Any]) -> Any:
        """One of them by the values of its ids: a value, or a tuple of several."""
        return values[0] if len(self.ids) == 1 else tuple(values)


@dataclass(frozen=True)
class Model:
    """What the oracle reads in a project's model. `members`: of a group, its column of profiles."""

    subjects: Mapping[str, Subject]
    members: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> Model:
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
        subjects, members = {}, {}
        for name, own in node["objects"].items():
            ids = (own["id"],) if isinstance(own["id"], str) else tuple(own["id"])
            subjects[name] = Subject(ids, own.get("tags_table", f"{name}_tags"))
            if "members" in own:
                assert own["members"]["table"] == "profiles"
                members[own["id"]] = own["members"]["column"]
        columns = {
            name: {
                column: COLUMN_TYPES[said["type"]]
                for column, said in table["columns"].items() if said.get("pii") != "high"
            }
            for name, table in node["tables"].items() if table["object"] == PERSON
        }  # fmt: skip
        return cls(subjects, members, columns)


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


def oracle_connection(
    landing: Path, lake: Lake, model: Model, wide_tables: Iterable[str]
) -> duckdb.DuckDBPyConnection:
    """A database with `<table>_versions` of the dumps, and the lake's keys and map beside them."""
    connection = duckdb.connect(config={"threads": 2})
    read_dumps(connection, landing)
    for name, select in VERSIONS.items():
        connection.execute(f"create table {name}_versions as {select}")
        add_columns(connection, f"{name}_versions", model.columns[name])
        lake.rows(connection, f"clean.{name}")
    for name in ("identity.one_ids", "tags.tag_catalog", *(f"tags.{n}" for n in wide_tables)):
        lake.rows(connection, name)
    for name in model.columns.keys() - TABLES.keys():
        undelivered(connection, lake, name, model.columns[name])
    return connection


def add_columns(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]
) -> None:
    """The columns of the model that the oracle takes from no dump: missing in every row."""
    for column, kind in columns.items():
        connection.execute(f"alter table {table} add column if not exists {column} {kind}")


def undelivered(
    connection: duckdb.DuckDBPyConnection, lake: Lake, name: str, columns: Mapping[str, str]
) -> None:
    """A table that no dump of the demo delivers: no rows here, and none in the lake."""
    assert f"clean.{name}" not in lake.versions
    connection.execute(f"create table {name} (one_id bigint, day date, channel varchar)")
    add_columns(connection, name, columns)


def build_sources(connection: duckdb.DuckDBPyConnection, night: date, model: Model) -> None:
    """Creates every canonical table as the night sees it: current rows, with `one_id` and `day`;
    and `members` of groups with their own tags of the night."""
    connection.execute(f"""
        create or replace table persons as select node_id, one_id, seen_from, seen_to
        from identity_one_ids where kind = 'sighting' and valid_from <= date '{night}'
            and (valid_to is null or valid_to > date '{night}')""")
    for table in TABLES.values():
        connection.execute(f"create or replace table {table.name} as {by_person(table, night)}")
    ((group_id, column),) = model.members.items()
    connection.execute(f"""
        create or replace table members as
        select {column} as {group_id}, tags.*, business_date as day
        from (select distinct one_id, {column} from profiles where {column} is not null) as told
        join tags_customer_tags as tags using (one_id) where business_date = date '{night}'""")
    # The golden profile decides between two groups of a person; the oracle has no word for that.
    several = "select one_id from members group by one_id having count(*) > 1"
    assert connection.execute(several).fetchall() == []


def by_person(table: Table, night: date) -> str:
    """The dumps' newest rows at a night; their person by the key's sighting in the clean table."""
    same_key = " and ".join(f"rows.{name} = keys.{name}" for name in table.key)
    return f"""
        with rows as ({newest(table, night)}), keys as ({clean_keys(table, night)})
        select persons.one_id, persons.one_id as person_id, rows.*
        from rows left join keys on {same_key}
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
