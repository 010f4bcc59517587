"""Rows of a test as the gate sees them: counted by an engine, judged beside a past."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa

from model.ddl_types import arrow_schema
from model.engines import Engine
from model.errors import Problems
from model.slice_counts import count_slice
from model.strict_yaml import parse_yaml
from quality.checks import TableChecks, read_checks
from quality.gate import CheckResult, CountedSlice, judge_slices
from quality.measures import questions_of, without_lost
from quality.rules import Subject

SCHEMA = (
    "order_id string, channel string, status string, amount decimal(18,2), paid_at timestamp, "
    "first date, last date, ratio double, source_file string"
)
SUBJECT = Subject(
    {
        "order_id": "text", "channel": "text", "status": "enum", "amount": "money",
        "paid_at": "timestamp", "first": "date", "last": "date", "ratio": "double",
    },
)  # fmt: skip
DAY = date(2017, 3, 1)


def order(order_id, amount="1.00", status="paid", channel="pos", file="a.csv", **more):
    row = {
        "order_id": order_id, "channel": channel, "status": status, "paid_at": None,
        "amount": None if amount is None else Decimal(amount), "first": DAY, "last": DAY,
        "ratio": 0.5, "source_file": file,
    }  # fmt: skip
    return row | more


def table_checks(*checks: str, expectations: str = "", subject: Subject = SUBJECT) -> TableChecks:
    """The checks of one sound file, each a text or a mapping in YAML."""
    listed = "".join(f"  - {check}\n" for check in checks)
    text = (f"checks:\n{listed}" if checks else "") + expectations
    problems = Problems()
    nodes = {"clean.orders.yml": parse_yaml(text, "clean.orders.yml", problems)}
    (table,) = read_checks(nodes, {"clean.orders": subject}, problems)
    assert not problems.found, problems.found
    return table


def counted(engine: Engine, rows: list[dict[str, object]], table: TableChecks) -> CountedSlice:
    """The rows' counts; their frame where great-expectations' own rules ask for it."""
    slice_ = engine.of(pa.Table.from_pylist(rows, arrow_schema(SCHEMA)))
    kept, lost = without_lost(table, slice_.columns)
    counts = count_slice(engine, "checks", slice_, questions_of(kept), "source_file")
    return CountedSlice(kept, counts, lost, engine.frame(slice_) if kept.expectations else None)


def results(
    engine: Engine, rows: list[dict[str, object]], *checks: str, expectations: str = ""
) -> tuple[CheckResult, ...]:
    """The results of some checks on some rows, without a past."""
    table = table_checks(*checks, expectations=expectations)
    return judge_slices([counted(engine, rows, table)], {}, DAY, None)
