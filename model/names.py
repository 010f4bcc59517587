"""The one rule for names of tables, columns, channels, tags and audiences."""

from __future__ import annotations

import re

from model.errors import Location, Problems

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_name(name: str, where: Location, problems: Problems) -> bool:
    """Whether `name` may name a thing; a problem is noted where not."""
    if NAME.fullmatch(name):
        return True
    problems.add(where, f"{name!r} is no name; expected a-z, 0-9 and _, starting with a letter")
    return False
