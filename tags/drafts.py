"""Reads tag files into drafts: keys, shape and column names are known, the body is still text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from model.dates import Window
from model.errors import Location, Problems, did_you_mean
from model.names import check_name
from model.reading import read
from model.strict_yaml import YamlList, YamlMap
from tags.column_names import RFM_PARTS, name_columns
from tags.definitions import EVER, FUTURE_SHAPES, KINDS, TagColumn
from tags.keys import (
    DEFAULTS,
    SHAPES,
    CommonKeys,
    StagesKeys,
    StepsKeys,
    TopKeys,
    WindowKeys,
    with_defaults,
)

# What names no column: texts in quotes, and the type of a cast.
_NO_NAME = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|\bas\s+\w+", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Za-z_]\w*\b(?!\s*\()")
_AHEAD = re.compile(r"next\b.*")
_ALIKE = 0.7  # how alike a mistyped body key is to the right one


@dataclass(frozen=True)
class Draft:
    """A tag whose keys are read. `problems` are its own, so that a tag in draft status harms none.

    `mentions` are the words of its expressions that may be tag columns.
    """

    name: str
    category: str
    shape: str
    node: YamlMap
    keys: CommonKeys
    windows: tuple[Window, ...]
    columns: tuple[TagColumn, ...]
    mentions: frozenset[str]
    problems: Problems

    def at(self, key: str) -> Location:
        """Where a key of the tag stands; the tag's own place when a default gave no such key."""
        return self.node.at(key)


@dataclass(frozen=True)
class Unread:
    """A tag that could not even be read; its name is known, so that others may mention it."""

    name: str
    is_draft: bool
    problems: Problems


def read_drafts(
    files: Mapping[str, YamlMap], problems: Problems
) -> tuple[list[Draft], list[Unread]]:
    """Every tag of every file; `files` by path below tag_definitions/, which is the category."""
    drafts: list[Draft] = []
    unread: list[Unread] = []
    for path, file in files.items():
        category = path.removesuffix(".yml")
        for name, node, defaults in _tags_of(file, problems):
            own = Problems()
            draft = _read_draft(name, category, node, defaults, own)
            if draft is None:
                status = node.get("status", defaults.get("status"))
                unread.append(Unread(name, status == "draft", own))
            else:
                drafts.append(draft)
    return drafts, unread


def _tags_of(file: YamlMap, problems: Problems) -> Iterator[tuple[str, YamlMap, YamlMap]]:
    for key in file:
        if key not in ("defaults", "tags"):
            problems.add(file.at(key), f"unknown key {key!r}; expected defaults or tags")
    empty = YamlMap(file.location.file, file.location.line)
    defaults, tags = file.get("defaults", empty), file.get("tags", empty)
    for key, section in (("defaults", defaults), ("tags", tags)):
        if not isinstance(section, YamlMap):
            problems.add(file.at(key), f"{key}: expected a mapping")
            return
    _check_defaults(defaults, problems)
    for name, node in tags.items():
        if not isinstance(node, YamlMap):
            problems.add(tags.at(name), f"{name}: expected a mapping of keys such as title")
        elif check_name(name, tags.at(name), problems):
            # A flow mapping may begin lines below its name: the name's line is the one to show.
            node.location = tags.at(name)
            yield name, node, defaults


def _check_defaults(defaults: YamlMap, problems: Problems) -> None:
    """Notes keys that `defaults:` may not hold."""
    for key in defaults:
        if key not in DEFAULTS:
            problems.add(
                defaults.at(key), f"{key!r} has no default{did_you_mean(key, sorted(DEFAULTS))}"
            )


def _read_draft(
    name: str, category: str, node: YamlMap, defaults: YamlMap, problems: Problems
) -> Draft | None:
    shape = _shape_of(name, node, problems)
    if shape is None:
        return None
    merged = with_defaults(node, defaults, shape)
    keys = read(SHAPES[shape], merged, problems)
    if keys is None:
        return None
    windows = _windows_of(keys, merged, problems)
    columns = name_columns(name, windows, _is_list(keys), _parts_of(keys, shape))
    texts = _texts_of(shape, merged)
    mentions = frozenset(word for text in texts for word in _NAME.findall(_NO_NAME.sub("", text)))
    return Draft(name, category, shape, merged, keys, windows, columns, mentions, problems)


def _shape_of(name: str, node: YamlMap, problems: Problems) -> str | None:
    shapes = [key for key in node if key in KINDS]
    if len(shapes) != 1:
        found = f"found {' and '.join(shapes)}" if shapes else "found none"
        expected = ", ".join(SHAPES)
        key, hint = ("", "") if shapes else _near_shape(node)
        where = node.at(key) if key else node.location
        problems.add(where, f"{name}: expected one of {expected}; {found}{hint}")
        return None
    if shapes[0] in FUTURE_SHAPES:
        problems.add(node.at(shapes[0]), f"{name}: {shapes[0]} tags are not available yet")
        return None
    return shapes[0]


def _near_shape(node: YamlMap) -> tuple[str, str]:
    """The key of a tag without a body that looks like one mistyped, and what it may mean; empty:
    none does."""
    for key in node:
        near = get_close_matches(str(key), SHAPES, n=1, cutoff=_ALIKE)
        if near:
            return str(key), f", but {key!r}; did you mean {near[0]!r}?"
    return "", ""


def _is_list(keys: CommonKeys) -> bool:
    return isinstance(keys, WindowKeys) and not isinstance(keys.over, str)


def _windows_of(keys: CommonKeys, node: YamlMap, problems: Problems) -> tuple[Window, ...]:
    if not isinstance(keys, WindowKeys):
        return ()
    texts = (keys.over,) if isinstance(keys.over, str) else keys.over
    if not texts:
        problems.add(node.at("over"), "over: expected at least one window, such as 30d")
    windows: list[Window] = []
    for text in texts:
        window = parse_window(text, node.at("over"), problems)
        if window in windows:
            problems.add(node.at("over"), f"over: {text!r} is given twice")
        elif window is not None:
            windows.append(window)
    return tuple(windows) or (EVER,)


def parse_window(text: str, where: Location, problems: Problems) -> Window | None:
    """The window a text names, of days or of newest rows; a problem is noted where it is none."""
    if _AHEAD.fullmatch(text):
        message = f"over: {text!r} lies ahead, where no row is yet; expected a window such as 30d"
        problems.add(where, message)
        return None
    try:
        return Window.parse_newest(text) or Window.parse(text)
    except ValueError as error:
        problems.add(where, f"over: {error}{_or_rows(text)}")
        return None


def _or_rows(text: str) -> str:
    return "; last 5 takes the 5 newest rows, up to 1000" if text.startswith("last ") else ""


def _parts_of(keys: CommonKeys, shape: str) -> tuple[str, ...]:
    if shape == "rfm":
        return RFM_PARTS
    return ("", *keys.give[1:]) if isinstance(keys, TopKeys | StepsKeys | StagesKeys) else ("",)


def _texts_of(shape: str, node: YamlMap) -> Iterable[str]:
    """The expression texts of a derived tag's body: where it may mention tag columns."""
    if shape in ("calc", "bins"):
        return [node[shape]]
    if shape == "measure" and "per" in node:  # of members, whose columns are tags
        return [*(str(node.get(key, "")) for key in ("measure", "by")),
                *_comparisons(node.get("where"))]
    if shape == "rfm":
        return [str(column) for column in node["rfm"].values()]
    if shape in ("cases", "stages"):
        whens = (case.get("when") for case in node[shape] if isinstance(case, YamlMap))
        return [text for when in whens for text in _comparisons(when)]
    return []


def _comparisons(condition: Any) -> Iterator[str]:
    """Comparison texts of a condition; a behaviour's own filter reads rows, not tags."""
    if isinstance(condition, str):
        yield condition
    elif isinstance(condition, YamlList):
        for part in condition:
            yield from _comparisons(part)
    elif isinstance(condition, YamlMap) and "did" not in condition:
        for part in condition.values():
            yield from _comparisons(part)
