"""Writes the demo's dumps: `python -m examples.complete_journey.generate --folder DIR`.

DIR/landing holds a folder per channel and date, DIR/truth what OneID should find (truth.py).
The same arguments give the same bytes, and more nights change none of the earlier files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from examples.chance import Chance

from .app import app_events
from .demo import Demo, demo_of
from .landing import Calendar, Dump, write_dump
from .members import crm_members, shop_accounts
from .messages import wechat_messages
from .planted import planted_values
from .purchases import order_versions, till_lines, web_items, web_orders
from .truth import write_truth


def generate(households: int, start: str, nights: int, folder: Path, seed: int = 2017) -> None:
    """All dumps of the dates and the truth about them, below the folder."""
    calendar = Calendar.starting(start, nights)
    demo = demo_of(households, calendar, Chance(seed))
    dumps = dumps_of(demo)
    for dump in dumps:
        write_dump(dump, calendar, folder / "landing")
    planted = planted_values(demo.people, demo.planted)
    write_truth(dumps, demo.people, planted, calendar, folder / "truth")


def dumps_of(demo: Demo) -> list[Dump]:
    """The data sets of the six channels."""
    versions = order_versions(demo)
    return [
        till_lines(demo),
        web_orders(versions),
        web_items(versions, demo),
        crm_members(demo),
        shop_accounts(demo),
        wechat_messages(demo),
        app_events(demo),
    ]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=400, help="the first of 2,469")
    parser.add_argument("--start", default="2017-09-28", help="date of the first dump, in 2017")
    parser.add_argument("--nights", type=int, default=3, help="consecutive dates")
    parser.add_argument("--folder", type=Path, required=True, help="gets landing/ and truth/")
    parser.add_argument("--seed", type=int, default=2017)
    chosen = parser.parse_args(argv)
    last = pd.Timestamp(chosen.start) + pd.Timedelta(days=chosen.nights - 1)
    if chosen.nights < 1 or pd.Timestamp(chosen.start).year != 2017 or last.year != 2017:
        parser.error("the baskets are those of 2017: choose --start and --nights within it")
    return chosen


def main() -> None:
    chosen = arguments()
    generate(chosen.households, chosen.start, chosen.nights, chosen.folder, chosen.seed)


if __name__ == "__main__":
    main()
