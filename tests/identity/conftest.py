"""What tests of identity share: both engines, and what GraphFrames needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pyspark.sql import SparkSession

from model.engines import Engine
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from tests.identity.thirty_nights import Years, thirty_nights

OpenEngine = Callable[[], Engine]


@pytest.fixture
def adaptive(spark: SparkSession) -> Iterator[None]:
    """Adaptive execution, without which GraphFrames' many joins crawl."""
    spark.conf.set("spark.sql.adaptive.enabled", "true")
    yield
    spark.conf.set("spark.sql.adaptive.enabled", "false")


@pytest.fixture(params=["local", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Either engine: what a step says must be the same on both. Three rows are few for Spark's, so
    that some frames are in this process."""
    is_local = request.param == "local"
    with LocalEngine() if is_local else MixedEngine(
        request.getfixturevalue("spark"), most_here=3
    ) as opened:  # fmt: skip
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Thirty nights take more than a few seconds, whoever asks for them first."""
    for item in items:
        if "years" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def years() -> Years:
    """Thirty nights in which numbers merge, split, retire, return and are taken back."""
    return thirty_nights(seed=5)
