"""How a command ends: one line that says the next step, an exit code, and run_result.json."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import click

from lake.files import write_text
from model.errors import OnefoldError

UNEXPECTED = 1
WRONG_USAGE = 2


def guarded(work: Callable[[], None]) -> int:
    """Runs a command's work and returns its exit code; errors become one message each.

    An unexpected error is told by its class and the lines of code it passed: its own words may
    hold values of rows and are not shown.
    """
    try:
        work()
    except OnefoldError as error:
        _tell(str(error))
        return error.exit_code
    except click.ClickException as error:
        _tell(error.format_message())
        return WRONG_USAGE
    except (KeyboardInterrupt, click.Abort):
        _tell("interrupted; run the same command again to go on")
        return UNEXPECTED
    except Exception as error:
        _tell(described(error))
        return UNEXPECTED
    return 0


def described(error: BaseException) -> str:
    """Class and way of an unexpected error, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename][-4:] or frames[-4:]
    way = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in ours)
    condition = getattr(error, "getCondition", lambda: None)() or ""
    name = " ".join(filter(None, (type(error).__name__, condition)))
    return f"unexpected error {name} at {way}; run again, and report it if it stays"


def write_result(lake_root: str, fields: dict[str, object], exit_code: int) -> None:
    """`ops/run_result.json` of the lake: what a cluster's scheduler reads instead of exit codes."""
    ended_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    result = {**fields, "exit_code": exit_code, "ended_at": ended_at}
    text = json.dumps(result, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    write_text(lake_root, "ops/run_result.json", text + "\n")


def _tell(message: str) -> None:
    sys.stderr.write(f"onefold: {message}\n")
    sys.stderr.flush()
