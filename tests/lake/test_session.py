"""What the session is started with, and that Delta and GraphFrames work in it, also submitted."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lake.session import DELTA_EXTENSION, EXTENSIONS, enforced, spark_session, tuning
from model.errors import MissingToolError
from model.settings import SparkSettings

ROOT = Path(__file__).resolve().parents[2]

# Reads and writes Delta and runs GraphFrames, then says what it saw as one JSON line.
JOB = """
import json, sys
from pathlib import Path
from lake.session import spark_session
from model.settings import SparkSettings

scratch = Path(sys.argv[1])
settings = SparkSettings("local[2]", "1g", 2, config={"spark.sql.shuffle.partitions": "3"})
spark = spark_session(settings, "job", scratch)
spark.range(7).write.format("delta").save(str(scratch / "table"))
from graphframes import GraphFrame
edges = spark.createDataFrame([(0, 1), (1, 2), (4, 5)], "src long, dst long")
graph = GraphFrame(spark.range(6), edges)
found = graph.degrees.collect()  # counted by GraphFrames' own jar
context = spark.sparkContext
Path(sys.argv[2]).write_text(json.dumps({
    "rows": spark.read.format("delta").load(str(scratch / "table")).count(),
    "degrees": sorted([row.id, row.degree] for row in found),
    "worker": context.range(1, numSlices=1).map(lambda _: sys.executable).collect()[0],
    "driver": sys.executable,
    "shuffles": spark.conf.get("spark.sql.shuffle.partitions"),
    "zone": spark.conf.get("spark.sql.session.timeZone"),
    "master": context.master,
    "wholeStage": spark.conf.get("spark.sql.codegen.wholeStage"),
}))
spark.stop()
"""
DEGREES = [[0, 1], [1, 2], [2, 1], [4, 1], [5, 1]]


def run_job(command: list[str], folder: Path) -> dict[str, object]:
    """Runs JOB in a process of its own, from an empty folder, and returns what it saw."""
    (folder / "work").mkdir()
    (folder / "job.py").write_text(JOB, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if "PYSPARK" not in key}
    # A JVM that lives for one job has no use of the second compiler.
    environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    # spark-submit takes the first python3 of PATH.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    answer = subprocess.run(
        [*command, str(folder / "job.py"), str(folder / "scratch"), str(folder / "seen.json")],
        cwd=folder / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert list((folder / "work").iterdir()) == []
    return json.loads((folder / "seen.json").read_text(encoding="utf-8"))


def test_delta_is_switched_on_beside_other_extensions() -> None:
    assert enforced({})[EXTENSIONS] == DELTA_EXTENSION
    assert enforced({EXTENSIONS: "a.B"})[EXTENSIONS] == f"a.B,{DELTA_EXTENSION}"
    assert enforced({EXTENSIONS: DELTA_EXTENSION})[EXTENSIONS] == DELTA_EXTENSION


def test_settings_that_change_results_cannot_be_overridden() -> None:
    assert enforced({"spark.sql.session.timeZone": "Asia/Tokyo"})["spark.sql.session.timeZone"] == (
        "UTC"
    )


def test_local_only_settings_stay_off_clusters(tmp_path: Path) -> None:
    local, cluster = SparkSettings(master="local[4]"), SparkSettings(master="yarn")
    assert tuning(local, tmp_path)["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.driver.bindAddress" not in tuning(cluster, tmp_path)
    assert "spark.driver.bindAddress" not in tuning(local, tmp_path, master="yarn")


def test_missing_jars_are_told_before_a_jvm_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    with pytest.raises(MissingToolError, match=r"python -m lake\.jars"):
        spark_session(SparkSettings(jars=str(tmp_path)), "test", tmp_path)


def test_times_are_utc_and_untrusted_casts_fail(spark: SparkSession) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    assert spark.conf.get("spark.sql.parquet.outputTimestampType") == "TIMESTAMP_MICROS"


def test_gb18030_text_is_read(spark: SparkSession, scratch: Path) -> None:
    (scratch / "members.csv").write_bytes("卡号,姓名\n1,张䶮\n".encode("gb18030"))
    rows = spark.read.csv(str(scratch), header=True, encoding="GB18030").collect()
    assert [row.asDict() for row in rows] == [{"卡号": "1", "姓名": "张䶮"}]


def test_new_tables_are_readable_by_everyone(spark: SparkSession, scratch: Path) -> None:
    path = str(scratch / "table")
    spark.range(3).write.format("delta").save(path)
    detail = spark.sql(f"DESCRIBE DETAIL delta.`{path}`").collect()[0]
    assert detail.minReaderVersion == 1
    assert "deletionVectors" not in detail.tableFeatures


def test_a_running_session_with_delta_is_used_as_it_is(spark: SparkSession, scratch: Path) -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")
    again = spark_session(SparkSettings(shuffle_partitions=77), "other", scratch)
    assert again.sparkContext is spark.sparkContext
    assert again.conf.get("spark.sql.shuffle.partitions") == before


@pytest.mark.slow
def test_plain_python_runs_delta_and_graphframes(tmp_path: Path) -> None:
    """With production settings: whole-stage code on, nothing left in the working folder."""
    seen = run_job(["env", f"PYTHONPATH={ROOT}", sys.executable], tmp_path)
    assert (seen["rows"], seen["degrees"]) == (7, DEGREES)
    assert (seen["wholeStage"], seen["shuffles"], seen["zone"]) == ("true", "3", "UTC")
    assert seen["worker"] == seen["driver"]


@pytest.mark.slow
def test_spark_submit_without_jars_runs_delta_and_graphframes(tmp_path: Path) -> None:
    """Packages come as an archive, jars from the jar folder; what spark-submit was given wins."""
    given = ["--master", "local[1]", "--conf", "spark.sql.shuffle.partitions=5"]
    spark_submit = str(Path(sys.executable).parent / "spark-submit")
    archive = str(packed(tmp_path / "onefold.zip"))
    seen = run_job(["env", "PYTHONPATH=", spark_submit, *given, "--py-files", archive], tmp_path)
    assert (seen["rows"], seen["degrees"]) == (7, DEGREES)
    assert (seen["master"], seen["shuffles"], seen["zone"]) == ("local[1]", "5", "UTC")


def packed(path: Path) -> Path:
    """The packages a session needs, zipped as they are in the wheel."""
    with zipfile.ZipFile(path, "w") as archive:
        for package in ("lake", "model"):
            for file in (ROOT / package).iterdir():
                if file.suffix in {".py", ".lock"}:
                    archive.write(file, f"{package}/{file.name}")
    return path
