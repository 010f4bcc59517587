"""Examples of tags: rows of a person, and what the tag is of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.errors import Location


@dataclass(frozen=True)
class Example:
    """One person's rows by table, golden profile and values set by hand (`given`), and what the
    tag's columns must then hold."""

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    profile: Mapping[str, Any]
    gives: Mapping[str, Any]
    location: Location
    given: Mapping[str, Any] = field(default_factory=dict)
