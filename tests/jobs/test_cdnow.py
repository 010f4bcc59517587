"""CDNOW, onboarded by one channel file: every customer's history as pandas and the literature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from tests.jobs.cdnow_project import LAST, SUMMED_UP, data_folder, write_cdnow_project
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of

pytestmark = pytest.mark.slow
ORDERS, CUSTOMERS, SAMPLED = 69_659, 23_570, 2_357
HALF = 0.005 + 1e-9  # the summary is rounded to two places


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake after the night the literature looks back from, and after the last day of all."""
    folder = write_cdnow_project(tmp_path_factory.mktemp("cdnow") / "project")
    for night in (SUMMED_UP, LAST):
        assert onefold(folder, "run", "--date", str(night)) == 0
    return folder / "lake"


def tags_of(lake: Path, night: date) -> pd.DataFrame:
    """The wide table of one night by customer number, which the account of a row tells."""
    tags = rows_of(lake / "tags/customer_tags").to_pandas()
    days = rows_of(lake / "clean/buying_days").to_pandas()[["sighting_id", "customer_id"]]
    ids = rows_of(lake / "identity/one_ids").to_pandas()
    ids = ids[ids["kind"] == "sighting"][["node_id", "one_id"]]
    customers = days.drop_duplicates().merge(ids, left_on="sighting_id", right_on="node_id")
    return (
        tags[tags["business_date"] == night].merge(customers, on="one_id")
        .set_index("customer_id").sort_index()
    )  # fmt: skip


@pytest.fixture(scope="module")
def purchases() -> Iterator[pd.DataFrame]:
    """The shipped file as pandas reads it."""
    yield pd.read_csv(data_folder() / "CDNOW_master.txt", sep=r"\s+", dtype={"customer_id": str})


def test_every_line_of_the_file_is_accepted(lake: Path) -> None:
    (file,) = rows_of(lake / "ops/files").to_pylist()
    assert (file["line_count"], file["header_count"]) == (ORDERS + 1, 1)
    assert (file["accepted_count"], file["quarantined_count"]) == (ORDERS, 0)
    assert rows_of(lake / "clean/purchases").num_rows == ORDERS


def test_the_orders_and_the_first_and_last_days_of_every_customer(
    lake: Path, purchases: pd.DataFrame
) -> None:
    found, by = tags_of(lake, LAST), purchases.groupby("customer_id")
    assert len(found) == CUSTOMERS
    assert found["purchases"].to_dict() == by.size().to_dict()
    for column, told in (("first_date", by["date"].min()), ("last_date", by["date"].max())):
        days = pd.to_datetime(found[column]).dt.strftime("%Y%m%d").astype(int)
        assert days.to_dict() == told.to_dict()


def test_the_summary_of_the_literature_agrees_for_every_sampled_customer(lake: Path) -> None:
    folder = data_folder()
    numbers = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None, dtype=str)
    names = numbers.drop_duplicates(1).set_index(1)[0]  # number in the sample → in the file
    summary = pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv")
    summary.index = pd.Index(names.loc[summary["ID"].map("{:04d}".format)])
    found = tags_of(lake, SUMMED_UP).loc[summary.index]
    agree = (found["x"] == summary["x"]) & ((found["t_x"] - summary["t_x"]).abs() <= HALF)
    agree &= (found["t"] - summary["T"]).abs() <= HALF
    agree &= (found["zbar"].astype(float) - summary["zbar"]).abs() <= HALF
    assert (len(agree), int(agree.sum())) == (SAMPLED, SAMPLED)
