"""Every setting of a run, with its default; conf/base.yml says the same with comments (tested)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from model.errors import Location, Problems, UsageError, did_you_mean
from model.keeping import USUAL, Keep, KeepWish
from model.reading import convert, read
from model.strict_yaml import YamlMap, parse_yaml


@dataclass(frozen=True)
class ProjectSettings:
    """Who the project is and in which time zone its days begin."""

    title: str = "Onefold"
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"


@dataclass(frozen=True)
class PlaceSettings:
    """A root folder; relative paths start at the project folder."""

    root: str


@dataclass(frozen=True)
class SparkSettings:
    """How a local session is built; a cluster's own spark-submit settings win."""

    master: str = "local[*]"
    driver_memory: str = "8g"
    shuffle_partitions: int = 8
    jars: str = ""
    graphframes_jar: str = ""
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PrivacySettings:
    """`secret_file` is read when ONEFOLD_PSEUDONYM_SECRET is unset, made if `create_secret`."""

    secret_file: str = "secrets/pseudonym.key"
    create_secret: bool = False
    k: int = 10


@dataclass(frozen=True)
class IngestionSettings:
    """Caps of the byte pre-flight, how many datasets are read side by side, and up to how many
    bytes of dumps a night's records are judged in this process rather than by Spark.

    A dump without a marker that was modified less than `settle_seconds` ago is still arriving.
    `largest_withdrawal`: the share of a dataset's keys that one night may withdraw unasked.
    """

    longest_line: int = 1_048_576
    settle_seconds: int = 0
    largest_withdrawal: float = 0.5
    parallel_datasets: int = 3
    local_bytes: int = 34_359_738_368
    keep_raw: bool = True


@dataclass(frozen=True)
class QualitySettings:
    """`drift`: every dataset is compared with the same weekday of four weeks without being asked:
    its rows by a share of what is usual, each field's filled share by a difference, each enum's mix
    by a population stability index. Drift only warns. `breaks`: what no true night brings holds it,
    without being asked: see quality/breaks.py."""

    breaks: bool = True
    drift: bool = True
    drift_rows: float = 0.5
    drift_filled: float = 0.2
    drift_psi: float = 0.25


@dataclass(frozen=True)
class TagSettings:
    """`keep`: the slices of wide tables that stay, where no tag of a table asks for more."""

    keep: Keep = USUAL


@dataclass(frozen=True)
class LeaseSettings:
    """A lease not renewed for `seconds` is taken over."""

    seconds: int = 120


@dataclass(frozen=True)
class Settings:
    """The merged settings of one run: defaults < conf/base.yml < conf/<env>.yml < --set."""

    project: ProjectSettings = ProjectSettings()
    lake: PlaceSettings = PlaceSettings("lake")
    landing: PlaceSettings = PlaceSettings("landing")
    spark: SparkSettings = SparkSettings()
    privacy: PrivacySettings = PrivacySettings()
    ingestion: IngestionSettings = IngestionSettings()
    quality: QualitySettings = QualitySettings()
    tags: TagSettings = TagSettings()
    lease: LeaseSettings = LeaseSettings()


@dataclass(frozen=True)
class MergedSettings:
    """The settings, and where each key's value came from (`default`, file:line or `--set`)."""

    settings: Settings
    origins: Mapping[str, str]


def merge_settings(
    files: list[YamlMap], assignments: list[str], problems: Problems
) -> MergedSettings:
    """Settings from the files in order of precedence, then `key.path=value` assignments."""
    merged = YamlMap("settings", 1)
    origins = dict.fromkeys(flattened(Settings()), "default")
    for node in files:
        read(Settings, node, problems)
        _overlay(merged, node, origins, "")
    for text in assignments:
        _overlay(merged, _assignment(text, problems), origins, "", origin="--set")
    settings = read(Settings, merged, Problems()) or Settings()
    try:
        ZoneInfo(settings.project.time_zone)
    except (KeyError, ValueError, OSError):
        where = _place(origins["project.time_zone"])
        problems.add(where, f"project.time_zone: unknown zone {settings.project.time_zone!r}")
    keep = settings.tags.keep
    for misfit in KeepWish(keep.daily, keep.month_ends).misfits():
        where = _place(origins[f"tags.keep.{misfit.partition(':')[0]}"])
        problems.add(where, f"tags.keep.{misfit}")
    return MergedSettings(settings, origins)


def _place(origin: str) -> Location:
    file, _, line = origin.rpartition(":")
    return Location(file, int(line)) if file else Location("--set", 1)


def flattened(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Every leaf as `section.key` → value."""
    leaves: dict[str, Any] = {}
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        if dataclasses.is_dataclass(value):
            leaves |= flattened(value, f"{prefix}{item.name}.")
        else:
            leaves[f"{prefix}{item.name}"] = value
    return leaves


def _overlay(
    base: YamlMap, top: YamlMap, origins: dict[str, str], prefix: str, origin: str = ""
) -> None:
    for key, value in top.items():
        base.lines.setdefault(key, 1)
        path = f"{prefix}{key}"
        if isinstance(value, YamlMap):
            base.setdefault(key, YamlMap("settings", 1))
            if isinstance(base[key], YamlMap):
                _overlay(base[key], value, origins, f"{path}.", origin)
        else:
            base[key] = value
            origins[path] = origin or str(top.at(key))


def _assignment(text: str, problems: Problems) -> YamlMap:
    path, equals, value = text.partition("=")
    known = flattened(Settings())
    if not equals or (path not in known and not path.startswith("spark.config.")):
        raise UsageError(f"--set {path}: unknown setting{did_you_mean(path, list(known))}")
    parsed = parse_yaml(f"value: {value}" if value else 'value: ""', "--set", problems)
    default = known.get(path, "")
    hint = type(default) if path in known else str
    leaf = str(value) if hint is str else parsed.get("value")
    convert(hint, leaf, Location("--set", 1), path, problems)
    *sections, last = _path_parts(path)
    result = YamlMap("--set", 1)
    result[last] = leaf
    for key in reversed(sections):
        node = YamlMap("--set", 1)
        node[key] = result
        result = node
    return result


def _path_parts(path: str) -> list[str]:
    # Spark's own setting names hold dots: spark.config.spark.sql.ansi.enabled is three parts.
    return path.split(".", 2) if path.startswith("spark.config.") else path.split(".")
