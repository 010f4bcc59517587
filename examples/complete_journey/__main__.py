"""The demo, end to end: dumps, the nights, how well OneID did, and what to look at next.

`python -m examples.complete_journey --folder build/demo` (or `make demo`) from the project folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from jobs.command_line import main as onefold

from .evaluate import described, pair_scores
from .found import accounts_found, planted_outcome
from .generate import arguments, generate


def main() -> int:
    """Runs the demo in a fresh folder; the exit code is that of the nights."""
    chosen = arguments()
    began = time.monotonic()
    shutil.rmtree(chosen.folder, ignore_errors=True)
    print(f"dumps of {chosen.households} households, {chosen.nights} nights from {chosen.start}")
    generate(chosen.households, chosen.start, chosen.nights, chosen.folder, chosen.seed)
    print(f"  in {time.monotonic() - began:.0f} s: {chosen.folder}/landing")

    code = onefold(["backfill", *_nights(chosen), *_places(chosen.folder)])
    if code == 0:
        _tell_identity(chosen.folder)
        _tell_next(chosen, time.monotonic() - began)
    return code


def _nights(chosen: argparse.Namespace) -> list[str]:
    first = date.fromisoformat(chosen.start)
    return ["--from", str(first), "--to", str(first + timedelta(days=chosen.nights - 1))]


def _places(folder: Path) -> list[str]:
    secret = (folder / "secrets" / "pseudonym.key").resolve()
    return [
        "--lake", str(folder / "lake"), "--landing", str(folder / "landing"),
        "--set", f"privacy.secret_file={secret}", "--set", "privacy.create_secret=true",
    ]  # fmt: skip


def _tell_identity(folder: Path) -> None:
    accounts = accounts_found(folder)
    print("OneID against the truth, over pairs of profiles and accounts:")
    print(described(pair_scores(accounts[~accounts["is_device"]])))
    print(planted_outcome(folder))


def _tell_next(chosen: argparse.Namespace, seconds: float) -> None:
    last = pd.Timestamp(chosen.start) + pd.Timedelta(days=chosen.nights - 1)
    command = Path(sys.executable).parent / "onefold"
    places = "" if chosen.folder == Path("build/demo") else f" --lake {chosen.folder}/lake"
    print(f"done in {seconds:.0f} s. Now look at:")
    print(f"  the report   {chosen.folder}/lake/reports/{last.date()}.html")
    print(f'  the tags     {command} sql{places} "select count(*) from customer_tags"')
    print(f"  the nights   {command} status{places}")


if __name__ == "__main__":
    sys.exit(main())
