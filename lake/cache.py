"""Where the things that are downloaded once live: jars, and a Java for machines without one."""

from __future__ import annotations

import os
from pathlib import Path


def onefold_home() -> Path:
    """$ONEFOLD_HOME, or ~/.cache/onefold; shared by all projects and checkouts of this user."""
    named = os.environ.get("ONEFOLD_HOME", "")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "onefold"
