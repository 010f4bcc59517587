"""The Spark session of a run: Delta and GraphFrames on the class path, every setting explained.

Started by plain Python, the session brings its own Java, jars and settings. Under spark-submit the
JVM already runs: its own tuning wins, only the settings that results depend on are enforced, and
jars that are missing there are added before the context starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from lake.jars import jar_folder, jar_paths
from lake.java import find_java_home
from model.errors import MissingToolError
from model.settings import SparkSettings

EXTENSIONS = "spark.sql.extensions"
DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CLASS = "org/apache/spark/sql/delta/catalog/DeltaCatalog.class"
GRAPHFRAMES_CLASS = "org/graphframes/GraphFrame.class"

# What the same rows mean: enforced everywhere, since stored bytes and results depend on them.
MEANING = {
    # Days are made from UTC instants and the project's zone, never from the machine's clock zone.
    "spark.sql.session.timeZone": "UTC",
    # Casts and overflows of untrusted text must fail loudly where try_cast is not used.
    "spark.sql.ansi.enabled": "true",
    # The default is still INT96, which other readers of the published tables deprecate.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # GBK and GB18030 dumps: Spark 4 reads only a handful of charsets without it.
    "spark.sql.legacy.javaCharsets": "true",
    # Published tables stay at reader version 1, so that DuckDB, Polars and delta-rs read them.
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
}

# Fixed when the context starts; a running session must already have the extension.
STATIC = {
    EXTENSIONS: DELTA_EXTENSION,
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

# How fast it goes: a cluster's own settings win over these.
TUNING = {
    # A third smaller than snappy for the same reading time.
    "spark.sql.parquet.compression.codec": "zstd",
    # Small shuffles end in few files instead of one per core.
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    # Where in Python a column was made is asked of the JVM for every function call otherwise: half
    # of all calls of a night. Our errors name the step themselves.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # A night generates some thousand classes; the default of 1,000 would forget them from night to
    # night, and compile them again.
    "spark.sql.codegen.cache.maxEntries": "10000",
    # Inferring filters from filters takes exponential time over wide tables; ours name their own.
    "spark.sql.constraintPropagation.enabled": "false",
    # A night joins all groupings of its tags in one stage, and each keeps a page while it is read;
    # the default is a sixteenth of a task's memory, which is too much for twenty-five of them.
    "spark.buffer.pageSize": "2m",
    # Terminals show Onefold's own progress.
    "spark.ui.showConsoleProgress": "false",
}

LOCAL = {
    # A laptop's host name often resolves to an address that changes or is not reachable.
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # No port is opened, and two runs on one machine do not compete for it.
    "spark.ui.enabled": "false",
    # The default of 50 tasks per table state is made for clusters.
    "spark.databricks.delta.snapshotPartitions": "2",
}

# Errors only, from the JVM's first line on; the second logger keeps Spark's launcher from
# announcing a level of its own.
LOG4J = """rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{short}
logger.launcher.name = org.apache.spark.api.python.PythonGatewayServer
logger.launcher.level = error
"""

# PySpark prints a failing query's plan, its literals and a Java stack beside the error it raises.
QUERY_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")


def spark_session(settings: SparkSettings, app_name: str, scratch: Path) -> SparkSession:
    """The session for this process: a running one, spark-submit's, or a new local one.

    `scratch` holds checkpoints, spill and Spark's warehouse; the caller removes it after stopping.
    Raises MissingToolError when Java or jars are missing, or a running session lacks Delta.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        session = _adopted(running)
    elif "PYSPARK_GATEWAY_PORT" in os.environ:
        session = _submitted(settings, app_name, scratch)
    else:
        session = _started(settings, app_name, scratch)
    for name in QUERY_LOGGERS:
        PySparkLogger.getLogger(name).disabled = True
    if session.sparkContext.getCheckpointDir() is None:
        session.sparkContext.setCheckpointDir(str(scratch / "checkpoints"))
    return session


def _adopted(session: SparkSession) -> SparkSession:
    """A session somebody else began (a notebook, a test): only its SQL settings may still move."""
    if DELTA_EXTENSION not in session.conf.get(EXTENSIONS, ""):  # type: ignore[operator]
        raise MissingToolError(
            "the running Spark session was started without Delta Lake: start it with "
            f"--conf {EXTENSIONS}={DELTA_EXTENSION}, or let Onefold start its own"
        )
    for key, value in MEANING.items():
        session.conf.set(key, value)
    return session


def _started(settings: SparkSettings, app_name: str, scratch: Path) -> SparkSession:
    """A session in a JVM of our own: everything can be set, the user's `spark.config` last."""
    jars = jar_paths(jar_folder(settings.jars), settings.graphframes_jar)
    os.environ["JAVA_HOME"] = str(find_java_home())
    _use_this_python()
    options = tuning(settings, scratch) | {
        "spark.master": settings.master,
        # Read only when the JVM starts; the default of 1 GB is too small for a night.
        "spark.driver.memory": settings.driver_memory,
        "spark.jars": ",".join(map(str, jars)),
        "spark.driver.extraJavaOptions": "",
    }
    options |= settings.config
    # A night compiles thousands of classes: a full code cache stops the compiler for good.
    options["spark.driver.extraJavaOptions"] += " -XX:ReservedCodeCacheSize=512m"
    options["spark.driver.extraJavaOptions"] += f" -Dlog4j2.configurationFile={_log4j(scratch)}"
    return _built(app_name, enforced(options))


def _submitted(settings: SparkSettings, app_name: str, scratch: Path) -> SparkSession:
    """A session in spark-submit's JVM: what was given there wins over tuning of ours."""
    SparkContext._ensure_initialized()
    given = dict(SparkConf().getAll())
    if given.get("spark.master", settings.master).startswith("local"):
        _use_this_python()
    options = tuning(settings, scratch, given.get("spark.master", settings.master))
    options |= {"spark.master": settings.master, "spark.log.level": "ERROR"}
    options |= dict(settings.config) | given
    added = _add_missing_jars(settings)
    if added:
        # The driver has them by now; this line serves them to the executors.
        listed = [*filter(None, [given.get("spark.jars", "")]), *map(str, added)]
        options["spark.jars"] = ",".join(listed)
    return _built(given.get("spark.app.name") or app_name, enforced(options))


def tuning(settings: SparkSettings, scratch: Path, master: str = "") -> dict[str, str]:
    """Settings that change speed or noise, never results."""
    options = TUNING | {
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        # Nothing is left behind in the folder that a command happens to run in.
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    if (master or settings.master).startswith("local"):
        options |= LOCAL | {"spark.local.dir": str(scratch / "spill")}
    return options


def enforced(options: Mapping[str, str]) -> dict[str, str]:
    """`options` with Delta switched on beside other extensions, and the settings of MEANING."""
    others = [name for name in options.get(EXTENSIONS, "").split(",") if name.strip()]
    extensions = ",".join(dict.fromkeys([*others, DELTA_EXTENSION]))
    return {**options, **MEANING, **STATIC, EXTENSIONS: extensions}


def _built(app_name: str, options: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.builder.appName(app_name)
    for key, value in options.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _use_this_python() -> None:
    # Without them workers take the first python3 of PATH, which has other packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)


def _add_missing_jars(settings: SparkSettings) -> Sequence[Path]:
    """Puts the jars that `--jars` did not bring on the class path of spark-submit's JVM.

    Its class loader takes additions until the context starts, and all of Spark's own look-ups of
    extensions, catalogs and data sources go through it.
    """
    jvm: Any = SparkContext._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    has_delta = loader.getResource(DELTA_CLASS) is not None
    has_graphframes = loader.getResource(GRAPHFRAMES_CLASS) is not None
    if has_delta and has_graphframes:
        return []
    paths = jar_paths(jar_folder(settings.jars), settings.graphframes_jar)
    added = [*([] if has_delta else paths[:-1]), *([] if has_graphframes else paths[-1:])]
    for path in added:
        loader.addURL(jvm.java.io.File(str(path)).toURI().toURL())
    return added


def _log4j(scratch: Path) -> str:
    """A log configuration that is in force from the JVM's first line; returns its URI."""
    scratch.mkdir(parents=True, exist_ok=True)
    path = (scratch / "log4j2.properties").resolve()
    path.write_text(LOG4J, encoding="utf-8")
    return path.as_uri()
