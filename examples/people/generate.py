"""Writes a world to disk: dumps, a project folder that takes them in, and the truth."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .channels import LAYOUTS, dump_of
from .dumps import EDIT, Dump, write_dump
from .happenings import REFUNDED, Happenings, happenings
from .plan import SHARES, Plan
from .profiles import Standing, leavers, profile_dumps
from .truth import night_events, planted_events, write_events, write_people, write_records
from .world import World, world_of

ROOT = Path(__file__).parents[2]
REFUND_DAYS = 3  # an order is refunded the night after, if it was paid so many days ago at the most


def generate(plan: Plan, folder: Path) -> dict[str, Any]:
    """The plan's world below the folder: landing/, truth/, conf/, tag_definitions/.

    Returns the summary that truth/summary.json holds. FileExistsError where the folder has dumps
    already: what an earlier plan left would be taken in with this one's.
    """
    if (folder / "landing").exists():
        raise FileExistsError(f"{folder / 'landing'} is there already; choose an empty folder")
    world = world_of(plan)
    write_project(folder)
    truth = folder / "truth"
    truth.mkdir(parents=True)
    events, counts = [planted_events(world)], []
    for night, dumps in enumerate(nights(world), start=1):
        date = (plan.start + timedelta(days=night - 1)).isoformat()
        for dump in dumps:
            write_dump(dump, folder / "landing", date)
        write_records(dumps, truth / "records" / f"{date}.parquet")
        if night > 1:
            events.append(night_events(world, night, dumps))
        counts.append(_counted(date, dumps))
    write_people(world, truth / "people.parquet")
    write_events(events, truth / "events.parquet")
    told = {
        "people": len(world.people), "nights": counts, "planted": {n: plan[n] for n in SHARES},
    }  # fmt: skip
    (truth / "summary.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return told


def write_project(folder: Path) -> None:
    """Its own channels and tags, with the model and the identity policy that are shipped."""
    shutil.copytree(Path(__file__).parent / "project", folder, dirs_exist_ok=True)
    for name in ("model.yml", "identity.yml"):
        shutil.copyfile(ROOT / "conf" / name, folder / "conf" / name)


def nights(world: World) -> Iterator[list[Dump]]:
    """The dumps of the seven channels, night after night."""
    standing, orders = Standing.of(world), None
    for night in range(1, world.plan.nights + 1):
        leaves = leavers(world, night, standing)
        dumps = profile_dumps(world, night, standing, leaves)
        standing.is_gone |= leaves
        for channel in LAYOUTS:
            found = happenings(world, channel, night, standing.is_gone)
            dump = dump_of(world, channel, found)
            if channel == "shop":
                dump = dump if orders is None else _with_refunds(world, night, dump, orders)
                orders = found
            dumps.append(dump)
        yield dumps


def _with_refunds(world: World, night: int, dump: Dump, orders: Happenings) -> Dump:
    """The night's orders, and new versions of some of the last ones, in the state of refunds."""
    recent = orders.day >= world.night_day(night) - REFUND_DAYS
    share = world.chance.share("refund", orders.person, orders.number)
    refunded = dump_of(world, "shop", orders.taken(recent & (share < REFUNDED)))
    count = len(refunded.person)
    columns = refunded.columns | {"state": pa.repeat("REFUNDED", count)}
    return Dump(
        dump.layout,
        {name: pa.concat_arrays([dump.columns[name], columns[name]]) for name in columns},
        np.concatenate([dump.person, refunded.person]),
        np.concatenate([dump.day, refunded.day]),
        pa.concat_arrays([dump.does, pa.repeat(EDIT, count)]),
        np.concatenate([dump.is_late, np.zeros(count, bool)]),
    )


def _counted(night: str, dumps: list[Dump]) -> dict[str, Any]:
    return {
        "date": night,
        "records": {dump.layout.channel: len(dump.person) for dump in dumps},
        "links": sum(dump.link_count for dump in dumps),
    }
