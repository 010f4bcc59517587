"""What tests of both components engines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession


@pytest.fixture
def adaptive(spark: SparkSession) -> Iterator[None]:
    """Adaptive execution, without which GraphFrames' many joins crawl."""
    spark.conf.set("spark.sql.adaptive.enabled", "true")
    yield
    spark.conf.set("spark.sql.adaptive.enabled", "false")
