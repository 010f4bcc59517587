"""How well OneID found the people of a folder, from what its last night published."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from identity.evaluate import Evaluation, evaluated
from model.local_engine import LocalEngine

# The table that each of the seven channels ends in has one key beside the channel.
KEYS = {
    "profiles": "account_id", "orders": "order_id", "interactions": "interaction_id",
    "events": "event_id", "service_cases": "case_id",
}  # fmt: skip


def found_people(folder: Path) -> Evaluation:
    """OneIDs against persons over all records that stand; one without a OneID is alone.

    `folder` holds the lake that its project writes by default. Records of its truth up to the last
    published night are judged; deleted ones are not.
    """
    with duckdb.connect() as connection, LocalEngine() as engine:
        connection.execute((folder / "lake" / "views" / "duckdb.sql").read_text(encoding="utf-8"))
        found = engine.of(_rows(connection, _FOUND))
        truth = engine.of(_rows(connection, _TRUTH.format(folder=folder)))
        return evaluated(engine, found, truth, unfound="alone")


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return connection.sql(query).to_arrow_table()


_FOUND = " union all ".join(
    f"select channel || ' ' || {key} as element, one_id as cluster from by_person.{table}"
    for table, key in KEYS.items()
)
# Every version of a record is the same person's.
_TRUTH = """
    select channel || ' ' || record_id as element, any_value(person) as cluster
    from read_parquet('{folder}/truth/records/*.parquet', filename = true)
    where parse_filename(filename, true)::date <= (
        select max(arrived_date) from clean.profiles
    )
    group by channel, record_id
    having not bool_or(does = 'delete')
"""
