"""Arguments every command takes, and the project they name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from jobs.definitions import Definitions, load_definitions
from jobs.progress import Progress, progress_for


@dataclass(frozen=True)
class Common:
    """`--project` and what goes with it, as given."""

    project: str
    env: str
    lake: str
    landing: str
    assignments: tuple[str, ...]
    log_format: str
    quiet: bool

    @property
    def folder(self) -> Path:
        """The project folder."""
        return Path(self.project)

    @property
    def all_assignments(self) -> list[str]:
        """`--set` assignments, with --lake and --landing among them."""
        places = {"lake.root": self.lake, "landing.root": self.landing}
        named = [f"{key}={_absolute(place)}" for key, place in places.items() if place]
        return [*self.assignments, *named]

    def definitions(self) -> Definitions:
        """Everything the project says, checked; DefinitionError (exit 2) where it is not sound."""
        return load_definitions(self.folder, self.env, self.all_assignments)

    def progress(self) -> Progress:
        """How this command tells what it does."""
        return progress_for(self.log_format, self.quiet)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the common options and passes them as its first argument, a `Common`."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        given = {name: options.pop(name) for name in Common.__dataclass_fields__}
        return command(Common(**given), *args, **options)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS = (
    click.option("--project", default=".", metavar="DIR", help="Project folder (default: here)."),
    click.option("--env", default="local", help="Overlay conf/<env>.yml (default: local)."),
    click.option("--lake", default="", metavar="PLACE", help="Root of the lake."),
    click.option("--landing", default="", metavar="PLACE", help="Root of the dumps."),
    click.option(
        "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Set one setting."
    ),
    click.option(
        "--log-format", type=click.Choice(["text", "json"]), default="text", help="Progress as."
    ),
    click.option("--quiet", is_flag=True, help="Say nothing but errors."),
)


def _absolute(place: str) -> str:
    # On the command line a relative place starts where the command runs, not in the project.
    return place if "://" in place else str(Path(place).resolve())
