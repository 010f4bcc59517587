"""A project folder: where its YAML lies, and its settings and canonical model once loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model.canonical import CanonicalModel, read_model
from model.errors import Problems, UsageError
from model.settings import MergedSettings, Settings, merge_settings
from model.strict_yaml import YamlMap, load_yaml


@dataclass(frozen=True)
class Project:
    """One loaded project folder; relative places of its settings are resolved against `folder`."""

    folder: Path
    env: str
    merged: MergedSettings
    model: CanonicalModel

    @property
    def settings(self) -> Settings:
        """The merged settings."""
        return self.merged.settings

    @property
    def lake_root(self) -> str:
        """The lake's root: an absolute folder, or a URL as it was given."""
        return self._place(self.settings.lake.root)

    @property
    def landing_root(self) -> Path:
        """The folder the dumps arrive in."""
        return Path(self._place(self.settings.landing.root))

    @property
    def secret_file(self) -> Path:
        """Where the pseudonym secret is read from when the environment does not hold it."""
        return Path(self._place(self.settings.privacy.secret_file))

    def _place(self, place: str) -> str:
        return place if "://" in place else str((self.folder / place).resolve())


def load_project(
    folder: Path, env: str, assignments: list[str], problems: Problems
) -> Project:
    """The project in `folder`; problems of settings and model are collected, not raised."""
    if not (folder / "conf").is_dir():
        raise UsageError(f"--project {folder}: no conf/ folder there; name a project folder")
    base, overlay = folder / "conf" / "base.yml", folder / "conf" / f"{env}.yml"
    if env != "local" and not overlay.exists():
        raise UsageError(f"--env {env}: there is no conf/{env}.yml in the project folder")
    files = [yaml_of(folder, path, problems) for path in (base, overlay) if path.exists()]
    merged = merge_settings(files, assignments, problems)
    model = read_model(yaml_of(folder, folder / "conf" / "model.yml", problems), problems)
    return Project(folder.resolve(), env, merged, model)


def yaml_of(folder: Path, path: Path, problems: Problems) -> YamlMap:
    """A file of the project, named in messages by its path below the project folder."""
    return load_yaml(path, problems, path.relative_to(folder).as_posix())


def yaml_files(folder: Path, below: str, problems: Problems) -> dict[str, YamlMap]:
    """Every `*.yml` below a folder of the project, by its path from there, sorted."""
    root = folder / below
    return {
        path.relative_to(root).as_posix(): yaml_of(folder, path, problems)
        for path in sorted(root.rglob("*.yml"))
    }
