"""Progress of a run: a live table on a terminal, lines elsewhere, or one JSON object a line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table


class Progress(Protocol):
    """What a run tells while it works; only counts and names, never a value of a row."""

    def say(self, message: str) -> None:
        """One line for people."""

    def begin(self, stage: str) -> None:
        """A stage begins."""

    def note(self, stage: str, message: str) -> None:
        """What a stage is doing right now."""

    def end(self, stage: str, outcome: str, seconds: float, rows: Mapping[str, int]) -> None:
        """A stage ended, with the rows it wrote by table."""

    def close(self) -> None:
        """The run is over."""


class QuietProgress:
    """Says nothing."""

    def say(self, message: str) -> None:
        """Nothing."""

    def begin(self, stage: str) -> None:
        """Nothing."""

    def note(self, stage: str, message: str) -> None:
        """Nothing."""

    def end(self, stage: str, outcome: str, seconds: float, rows: Mapping[str, int]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class JsonProgress:
    """One JSON object a line on standard output, for log collectors."""

    def say(self, message: str) -> None:
        """A message event."""
        self._write("message", message=message)

    def begin(self, stage: str) -> None:
        """A stage_started event."""
        self._write("stage_started", stage=stage)

    def note(self, stage: str, message: str) -> None:
        """A stage_progress event."""
        self._write("stage_progress", stage=stage, message=message)

    def end(self, stage: str, outcome: str, seconds: float, rows: Mapping[str, int]) -> None:
        """A stage_ended event."""
        fields = {"outcome": outcome, "seconds": round(seconds, 2), "rows": dict(rows)}
        self._write("stage_ended", stage=stage, **fields)

    def close(self) -> None:
        """Nothing is left open."""

    def _write(self, event: str, **fields: Any) -> None:
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "event": event, **fields}, ensure_ascii=False)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class TerminalProgress:
    """A live table of stages on a terminal; where output is a file or pipe, a line per stage."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._rows: dict[str, tuple[Any, str, str]] = {}
        self._began: dict[str, float] = {}
        self._live: Live | None = None

    def say(self, message: str) -> None:
        """A line above the live table."""
        self._console.print(message, highlight=False)

    def begin(self, stage: str) -> None:
        """A spinner beside the stage's name."""
        self._began[stage] = time.monotonic()
        self._rows[stage] = (Spinner("dots"), "", "")
        if self._console.is_terminal and self._live is None:
            self._live = Live(
                get_renderable=self._table, console=self._console, refresh_per_second=8
            )
            self._live.start()

    def note(self, stage: str, message: str) -> None:
        """What the stage is doing, beside its name."""
        self._rows[stage] = (self._rows[stage][0], "", message)

    def end(self, stage: str, outcome: str, seconds: float, rows: Mapping[str, int]) -> None:
        """The stage's outcome, seconds and rows."""
        mark = {"done": "[green]✓[/]", "held": "[yellow]■[/]"}.get(outcome, "[red]✗[/]")
        written = f"{sum(rows.values()):,} rows in {len(rows)} tables" if rows else ""
        self._rows[stage] = (mark, f"{seconds:.1f} s", written)
        if not self._console.is_terminal:
            self.say(f"  {mark} {stage:<18} {seconds:6.1f} s  {written}")

    def close(self) -> None:
        """Leaves the last state of the table on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._rows = {}

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage, (mark, seconds, text) in self._rows.items():
            shown = seconds or f"{time.monotonic() - self._began[stage]:.0f} s"
            table.add_row(mark, stage, f"[dim]{shown}[/]", text)
        return table


def progress_for(log_format: str, quiet: bool) -> Progress:
    """The progress that `--log-format` and `--quiet` ask for."""
    if quiet:
        return QuietProgress()
    return JsonProgress() if log_format == "json" else TerminalProgress()
