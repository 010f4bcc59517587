"""Two ways to fetch a jar by its coordinate: Spark's own Ivy, and Maven where it is installed.

Neither names a host: Ivy honours the environment variable DEFAULT_ARTIFACT_REPOSITORY and
`spark.jars.ivySettings`; Maven honours its settings.xml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lake.java import find_java_home
from model.errors import MissingToolError

Fetched = tuple[str, Path]


def fetch_jars(coordinates: Sequence[str], folder: Path, log: Path) -> Iterator[Fetched]:
    """(coordinate, file under `folder`) as each arrives; `log` takes what Ivy and Maven say.

    Raises MissingToolError, naming the log, when neither way finds one of them.
    """
    left = list(coordinates)
    if not left:
        return
    for coordinate, path in _through_spark(tuple(left), folder / "ivy", log):
        left.remove(coordinate)
        yield coordinate, path
    for coordinate in left:
        yield coordinate, _through_maven(coordinate, folder / "maven", log)


def _through_spark(coordinates: Sequence[str], ivy: Path, log: Path) -> Iterator[Fetched]:
    # A process of its own: Ivy talks a lot on the JVM's standard error, and the caller's session
    # must not carry these settings. It stops at the first coordinate it cannot resolve.
    root = str(Path(__file__).resolve().parent.parent)
    environment = os.environ | {
        "JAVA_HOME": str(find_java_home()),
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "lake.resolvers", str(ivy), *coordinates]
    with (
        log.open("wb") as chatter,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=chatter, text=True, env=environment
        ) as child,
    ):
        for line in child.stdout or ():
            coordinate = line.strip()
            path = ivy / "jars" / _ivy_name(coordinate)
            if coordinate in coordinates and path.is_file():
                yield coordinate, path


def _ivy_name(coordinate: str) -> str:
    return "{}_{}-{}.jar".format(*coordinate.split(":"))


def _through_maven(coordinate: str, folder: Path, log: Path) -> Path:
    maven = shutil.which("mvn")
    path = folder / "{1}-{2}.jar".format(*coordinate.split(":"))
    if maven:
        command = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={coordinate}"]
        with log.open("ab") as chatter:
            subprocess.run(
                [*command, f"-DoutputDirectory={folder}"],
                stdout=chatter,
                stderr=subprocess.STDOUT,
                check=False,
            )
    if not path.is_file():
        raise MissingToolError(
            f"no registry gave {coordinate} (see {log}): check the network, or name your own in "
            "the environment variable DEFAULT_ARTIFACT_REPOSITORY, then run `python -m lake.jars`"
        )
    return path


def resolve_with_ivy(ivy: Path, coordinates: Sequence[str]) -> None:
    """Fetches each coordinate alone into `ivy`/jars and writes it to standard output once there."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  only the child process needs Spark

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars.ivy", str(ivy))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(ivy / "warehouse"))
        .getOrCreate()
    )
    for coordinate in coordinates:
        session.sql(f"ADD JAR ivy://{coordinate}?transitive=false")
        sys.stdout.write(f"{coordinate}\n")
        sys.stdout.flush()
    session.stop()


if __name__ == "__main__":
    resolve_with_ivy(Path(sys.argv[1]), sys.argv[2:])
