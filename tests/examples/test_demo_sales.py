"""Not a cent is lost: sales of persons plus anonymous ones are the dumps' total, every night."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from jobs.definitions import load_definitions
from lake.ledger import published_night
from lake.views import duckdb_views, script
from tests.examples.conftest import ROOT, Demo

pytestmark = pytest.mark.slow


def _files(demo: Demo, below: str, night: date) -> Iterator[Path]:
    """The dumps of a folder up to a night, in the order in which newer versions come."""
    folders = sorted(folder for folder in (demo.landing / below).iterdir())
    for folder in folders:
        if date.fromisoformat(folder.name) <= night:
            yield from sorted(folder.iterdir())


def _total_of_the_dumps(demo: Demo, night: date) -> Decimal:
    """Paid sales up to the night, read from the dumps with the csv and json modules alone."""
    total = Decimal(0)
    for file in _files(demo, "pos", night):
        with file.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                day = datetime.strptime(line["时间"].strip(), "%Y/%m/%d %H:%M").date()
                if line["状态"].strip() == "已付" and day <= night:
                    total += Decimal(line["金额"].strip())
    orders = {}
    for file in _files(demo, "shop/orders", night):
        for text in file.read_text(encoding="utf-8").splitlines():
            order = json.loads(text, parse_float=str)
            orders[order["order_no"]] = order
    for order in orders.values():
        day = datetime.strptime(order["pay_time"], "%Y-%m-%d %H:%M:%S").date()
        if order["state"] == "PAID" and day <= night:
            total += Decimal(order["total"])
    return total


@pytest.mark.parametrize("number", [0, 1, 2])
def test_sales_of_persons_and_of_nobody_are_the_total_of_the_dumps(
    demo: Demo, number: int
) -> None:
    night = published_night(str(demo.lake), demo.nights[number])
    definitions = load_definitions(ROOT, "local", [])
    assert night is not None
    views = duckdb_views(str(demo.lake), night, definitions.contracts, definitions.tables)
    with duckdb.connect() as connection:
        connection.execute(script(views, "test"))
        of_persons, of_nobody = connection.execute(
            "select sum(amount) filter (where one_id is not null), "
            "sum(amount) filter (where one_id is null) from by_person.orders where status = 'paid'"
        ).fetchall()[0]
    assert of_nobody > 0
    assert of_persons + of_nobody == _total_of_the_dumps(demo, night.business_date)


def test_every_reader_sees_the_same_tags(demo: Demo) -> None:
    """The generated view in DuckDB, and deltalake by the date."""
    with duckdb.connect() as connection:
        connection.execute((demo.lake / "views" / "duckdb.sql").read_text(encoding="utf-8"))
        seen = connection.execute(
            "select count(*), sum(spend_ever), sum(orders_ever) from tags.customer_tags"
        ).fetchall()[0]
    table = DeltaTable(str(demo.lake / "tags" / "customer_tags")).to_pyarrow_table(
        partitions=[("business_date", "=", str(demo.nights[-1]))]
    )
    sums = (pc.sum(table[name]).as_py() for name in ("spend_ever", "orders_ever"))
    assert seen == (table.num_rows, *sums)
    assert seen[0] > 100
