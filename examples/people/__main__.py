"""People made up, with truth: `python -m examples.people PEOPLE NIGHTS FOLDER [--seed N]`.

FOLDER becomes a project: `onefold run --project FOLDER --date 2024-06-01` takes its dumps in.
FOLDER/truth says whose records they are and what is planted (truth.py). A million people are some
five million records. Every planted shape has an option for how many; docs/people.md tells of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from .generate import generate
from .plan import SHARES, usual_plan


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.people", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("people", type=int, help="in the backlog of the first night")
    parser.add_argument("nights", type=int, help="consecutive dates")
    parser.add_argument("folder", type=Path, help="becomes the project folder; empty or new")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2024, 6, 1))
    parser.add_argument("--change", type=float, default=0.01, help="share of a later night")
    parser.add_argument("--clean", action="store_true", help="nothing planted but what is named")
    for shape, share in SHARES.items():
        option = "--" + shape.replace("_", "-")
        parser.add_argument(option, type=int, help=f"how many; usually {share:.1%}% of the people")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Generates; says how much there is. 2 where the arguments ask for what cannot be."""
    chosen, began = arguments(argv), time.monotonic()
    named = {shape: getattr(chosen, shape) for shape in SHARES}
    counts = dict.fromkeys(SHARES, 0) if chosen.clean else {}
    counts |= {shape: count for shape, count in named.items() if count is not None}
    try:
        plan = usual_plan(
            chosen.people, chosen.nights, chosen.start, chosen.seed, chosen.change, **counts
        )
        told = generate(plan, chosen.folder)
    except (ValueError, FileExistsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for night in told["nights"]:
        records = sum(night["records"].values())
        links = night["links"] / max(records, 1)
        print(f"{night['date']}  {records:>10,} records, {links:.2f} links each")
    print(f"in {time.monotonic() - began:.1f} s: {chosen.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
