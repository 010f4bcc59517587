"""Generated rows of a table of events by person, and sets of tags over them, both by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

TODAY = date(2026, 6, 30)
WINDOWS = (7, 14, 30, 60, 90, 180, 365)
NAMES = ("page_view", "search", "add_to_cart", "checkout", "login", "app_open", "sign_up", "other")
CHANNELS = ("web", "app", "store", "wechat", "tmall", "jd", "douyin", "sms")
SIMPLE = ["count"] * 8 + ["sum"] * 6 + ["max"] * 2 + ["last"] * 2 + ["days_since_last"] * 2
MIXED = SIMPLE + ["distinct"] * 4 + ["days"] * 2 + ["top"] * 3

# Sessions of some events each; few persons do much, and most of it was lately.
_EVENTS = """
    select cast(hash(person) >> 2 as bigint) as one_id, day, day as arrived_date,
           channels[1 + channel] as channel, cast(session as varchar) || '-' || step as event_id,
           names[1 + cast(floor(8 * pow(random(), 2.5)) as int)] as name,
           cast(day as timestamp) + to_seconds(second + step * 17) as occurred_at,
           'c' || cast(floor(60 * pow(random(), 2)) as int) as category_l1,
           'b' || cast(floor(800 * pow(random(), 2)) as int) as sku_id,
           'city' || cast(floor(300 * pow(random(), 2)) as int) as ip_city,
           cast(5 + exp(3 + random() * 3) as decimal(18, 2)) as amount
    from (
        select range as session, cast(floor({people} * pow(random(), 2.2)) as bigint) as person,
               date '{today}' - cast(floor(365 * pow(random(), 1.3)) as int) as day,
               cast(floor(random() * 80000) as int) as second,
               cast(1 + floor(pow(random(), 2) * 12) as int) as steps,
               cast(floor(8 * pow(random(), 1.5)) as int) as channel
        from range({events} // 4)
    ), range(12) steps_(step), (select {names} as names, {channels} as channels)
    where step < steps limit {events}
"""


def write_events(file: Path, events: int, people: int) -> None:
    """Events of persons as a night's by_person rows, in one Parquet file in no order."""
    sql = _EVENTS.format(
        events=events, people=people, today=TODAY, names=list(NAMES), channels=list(CHANNELS)
    )
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; select setseed(0.42)")  # the same rows each time
        sql = f"select * from ({sql}) order by one_id, day, occurred_at, channel, event_id"
        connection.execute(f"copy ({sql}) to '{file}' (format parquet)")


@dataclass(frozen=True)
class Wish:
    """One column: a function of the events of one name and channel (empty: all) in a window."""

    column: str
    function: str
    name: str
    channel: str
    days: int
    value: str

    @property
    def conditions(self) -> list[str]:
        """What its rows have to fulfil, beside the window; SQL and tag language alike."""
        found = [f"name = '{self.name}'"] if self.name else []
        return [*found, *([f"channel = '{self.channel}'"] if self.channel else [])]

    @property
    def yaml(self) -> str:
        """The tag of the column, its own name being the one before the window's."""
        where = f', where: "{" and ".join(self.conditions)}"' if self.conditions else ""
        tag = self.column.removesuffix(f"_{self.days}d")
        body = f"top: {self.value}" if self.function == "top" else (
            f'measure: "{self.function}({self.value})"'
        )  # fmt: skip
        return f"  {tag}: {{title: T, {body}, over: [{self.days}d]{where}}}"


def wishes(count: int, kinds: list[str], seed: int = 1) -> list[Wish]:
    """So many different columns, drawn from the kinds."""
    drawn = _drawn(random.Random(seed), kinds)
    found: dict[tuple[object, ...], Wish] = {}
    while len(found) < count:
        function, name, channel, days, value = next(drawn)
        key = (function, name, channel, days, value)
        found.setdefault(key, Wish(f"t{len(found)}_{days}d", *key))
    return list(found.values())


def _drawn(chance: random.Random, kinds: list[str]) -> Iterator[tuple[str, str, str, int, str]]:
    values = {
        "sum": ["amount"], "max": ["amount"], "last": ["category_l1", "ip_city"],
        "distinct": ["sku_id", "category_l1"], "top": ["sku_id", "category_l1", "ip_city"],
    }  # fmt: skip
    while True:
        function = chance.choice(kinds)
        yield (
            function, chance.choice(["", *NAMES, *NAMES[:3] * 2]),
            chance.choice([""] * 6 + list(CHANNELS)), chance.choice(WINDOWS),
            chance.choice(values.get(function, [""])),
        )  # fmt: skip


def definitions(columns: list[Wish]) -> str:
    """A file of tags."""
    return "\n".join(["defaults: {from: events}", "tags:", *(wish.yaml for wish in columns), ""])
