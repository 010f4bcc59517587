"""Every error Onefold raises on purpose: what happened, the next step, the exit code it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

FEW = 12  # names that still fit into one line of a message

class OnefoldError(Exception):
    """Base of all errors shown to a user as one line; never carries a customer's value."""

    exit_code = 1


class UsageError(OnefoldError):
    """The command's own words are wrong."""

    exit_code = 2


class MissingToolError(UsageError):
    """Java, a jar or a package this machine lacks; the message names the cure."""


class GateHeldError(OnefoldError):
    """A quality gate holds the night: nothing is published, readers stay on the last good one."""

    exit_code = 3


class InputMissingError(OnefoldError):
    """A required dump is missing or still arriving: try again later."""

    exit_code = 4


class LakeBusyError(OnefoldError):
    """Another run holds the lake: try again later."""

    exit_code = 5


@dataclass(frozen=True, order=True)
class Location:
    """A line of a YAML file, as a reader names it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Location("", 0)  # of a value that no file gave


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with one line of a definition."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class DefinitionError(UsageError):
    """All problems of all files at once, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects problems while files are read, so that one run reports all of them."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, location: Location, message: str) -> None:
        """Notes one problem; reading goes on."""
        self.found.append(Problem(location, message))

    def raise_if_any(self) -> None:
        """Raises DefinitionError (exit 2) when anything was noted."""
        if self.found:
            raise DefinitionError(self.found)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """How a message about an unknown name ends: with the nearest known one, or all of a few."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; expected one of {', '.join(sorted(known))}" if 0 < len(known) <= FEW else ""
