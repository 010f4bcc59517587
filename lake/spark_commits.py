"""Writes by Spark's own Delta writer: for lakes on object stores, where it knows how to commit."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.commits import CONFIGURATION, stamp_text, type_changed
from lake.snapshots import version_of
from model.contracts import TableContract

# The row count is all the statistics: smallest and largest values would be people's.
_NO_STATISTICS = {"delta.dataSkippingNumIndexedCols": "0"}


def by_spark(
    path: str, contract: TableContract, rows: DataFrame, stamp: Mapping[str, str], where: str = ""
) -> None:
    """Makes `rows` the slice that `where` names, or the whole table, in one commit.

    New columns are added to the table; OnefoldError where a column changed its type.
    """
    comments = {column.name: column.comment for column in contract.columns}
    described = rows.select(*(_described(name, comments.get(name, "")) for name in rows.columns))
    options = CONFIGURATION | _NO_STATISTICS | {"userMetadata": stamp_text(stamp)}
    writer = described.write.format("delta").mode("overwrite").options(**options)
    if contract.sliced_by:
        writer = writer.partitionBy(contract.sliced_by).option("mergeSchema", True)
    if where and version_of(path) is not None:
        writer = writer.option("replaceWhere", where)
    try:
        writer.save(path)
    except AnalysisException as error:
        raise type_changed(contract, error.getCondition() or "schema") from None


def _described(name: str, comment: str) -> Column:
    column = F.col(f"`{name}`")
    return column.alias(name, metadata={"comment": comment}) if comment else column
