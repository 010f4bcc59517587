"""YAML read strictly, with the line of every key: the only place that knows the yaml package.

Scalars are strings, integers, floats, true or false and nothing else, so that no country becomes
false and no time of day a number. Duplicate keys, empty values, aliases and tags are problems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from model.errors import Location, Problems

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}


class YamlMap(dict[str, Any]):
    """A mapping that remembers the file and the line of every key."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.location = Location(file, line)
        self.lines: dict[str, int] = {}

    def at(self, key: str) -> Location:
        """Where `key` stands; the mapping's own line when it has no such key."""
        return Location(self.location.file, self.lines.get(key, self.location.line))


class YamlList(list[Any]):
    """A sequence that remembers the file and the line of every item."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.location = Location(file, line)
        self.lines: list[int] = []

    def at(self, index: int) -> Location:
        """Where the item with this index stands."""
        return Location(self.location.file, self.lines[index])


def load_yaml(path: Path, problems: Problems, name: str | None = None) -> YamlMap:
    """The mapping a file holds; what is wrong with the file goes to `problems`.

    An empty or unreadable file gives an empty mapping. `name` is how messages call the file.
    """
    name = name or str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problems.add(Location(name, 1), "the file does not exist")
        return YamlMap(name, 1)
    except UnicodeDecodeError as error:
        problems.add(Location(name, 1), f"not UTF-8 text (byte {error.start}); save it as UTF-8")
        return YamlMap(name, 1)
    return parse_yaml(text, name, problems)


def parse_yaml(text: str, name: str, problems: Problems) -> YamlMap:
    """The mapping a YAML text holds; see `load_yaml`."""
    try:
        value = _Builder(text, name, problems).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problems.add(Location(name, line), f"not valid YAML: {error.problem or error.context}")
        return YamlMap(name, 1)
    except yaml.YAMLError:
        problems.add(Location(name, 1), "not valid YAML: a character it does not allow")
        return YamlMap(name, 1)
    if value is None:
        return YamlMap(name, 1)
    if not isinstance(value, YamlMap):
        problems.add(Location(name, 1), "expected a mapping (key: value) at the top of the file")
        return YamlMap(name, 1)
    return value


class _Builder:
    """Builds located values from the parser's events; recursion follows the document."""

    def __init__(self, text: str, name: str, problems: Problems) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.name = name
        self.problems = problems

    def document(self) -> Any:
        value: Any = None
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event)
        return value

    def _value(self, event: Any) -> Any:
        line = event.start_mark.line + 1
        self._refuse_extras(event, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(line)
        return self._scalar(event, line) if isinstance(event, yaml.ScalarEvent) else ""

    def _refuse_extras(self, event: Any, line: int) -> None:
        if getattr(event, "anchor", None):
            self._problem(line, "anchors and aliases (& and *) are not allowed; write it out")
        if getattr(event, "tag", None):
            self._problem(line, f"tags are not allowed; found {event.tag}")

    def _mapping(self, line: int) -> YamlMap:
        result = YamlMap(self.name, line)
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key, key_line = self._key(event), event.start_mark.line + 1
            if key in result:
                first = result.lines[key]
                self._problem(key_line, f"{key!r} is given twice; first on line {first}")
            result[key] = self._value(next(self.events))
            result.lines[key] = key_line
        return result

    def _key(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        self._problem(event.start_mark.line + 1, "a key must be a plain word")
        self._value(event)
        return ""

    def _sequence(self, line: int) -> YamlList:
        result = YamlList(self.name, line)
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.lines.append(event.start_mark.line + 1)
            result.append(self._value(event))
        return result

    def _scalar(self, event: Any, line: int) -> str | int | float | bool:
        text = str(event.value)
        if event.style is not None:
            return text
        if text == "":
            self._problem(line, 'empty value; remove the key, or write ""')
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else _BOOLEANS.get(text, text)

    def _problem(self, line: int, message: str) -> None:
        self.problems.add(Location(self.name, line), message)
