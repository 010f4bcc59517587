"""Generated people (examples.people) without a lake: their rows as sightings of one night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from examples.people.found import merged_things
from examples.people.generate import generate
from examples.people.plan import Plan
from examples.people.planted import MAILBOXES, PLACEHOLDERS
from model.dates import Duration
from model.errors import Problems
from model.identity_policy import IdentityPolicy, read_identity_policy
from model.strict_yaml import load_yaml
from tests.examples.people_dumps import events_of, landed, links_of, records_of, spelt
from tests.identity.worlds import FIRST, Borne, World, seen, sighting

ROOT = Path(__file__).parents[2]
# What conf/identity.yml has on its `invalid` lists of what is planted.
NOBODY = tuple(
    f"{kind}:{spelt(value, kind)}" for kind, value in PLACEHOLDERS.items() if " " not in value
)


def shipped_policy() -> IdentityPolicy:
    """conf/identity.yml, each kind of it global."""
    problems = Problems()
    policy = read_identity_policy(
        load_yaml(ROOT / "conf" / "identity.yml", problems), problems, ("birth_date", "gender")
    )
    assert not problems.found
    return policy


@dataclass(frozen=True)
class GeneratedPeople:
    """A plan's records after its last night: a row for each that stands, with its identifiers as
    `words`, its person and its day; the events of the truth; names of profiles by sighting."""

    records: pd.DataFrame
    versions: pd.DataFrame
    events: pd.DataFrame
    names: tuple[Borne, ...]

    @classmethod
    def of(cls, plan: Plan, folder: Path) -> GeneratedPeople:
        generate(plan, folder)
        keys = ["night", "channel", "line"]
        links = links_of(folder)
        words = (links["kind"] + ":" + links["value"]).groupby([links[key] for key in keys])
        rows = records_of(folder).merge(
            words.agg(lambda each: " ".join(sorted(set(each)))).rename("words"),
            on=keys, how="left",
        )  # fmt: skip
        gone = rows.loc[rows["does"] == "delete", ["channel", "record_id"]].drop_duplicates()
        rows = rows.merge(gone, how="left", indicator="is_gone")
        rows = rows[(rows["is_gone"] == "left_only")]
        newest = rows.sort_values("night").drop_duplicates(["channel", "record_id"], keep="last")
        names = _names(folder, rows)
        return cls(newest, rows[rows["words"].notna()], events_of(folder), names)

    @property
    def nights(self) -> list[int]:
        """The nights of the plan, by the numbers of worlds."""
        return [number_of(night) for night in sorted(self.versions["night"].unique())]

    def world(self, policy: IdentityPolicy, with_names: bool = True) -> World:
        """All of their versions as sightings, resolved night after night."""
        columns = (self.versions[name] for name in ("words", "night", "day"))
        rows = [
            seen(words, on=number_of(night), day=day)
            for words, night, day in zip(*columns, strict=True)
        ]
        nobody = (*NOBODY, f"email:{MAILBOXES[0]}")
        names = self.names if with_names else ()
        world = World(rows, policy=policy, refused=nobody, names=names)
        for number in self.nights:
            world.run(number)
        return world

    def found(self, world: World) -> pa.Table:
        """channel, record_id, person, one_id of every record, as examples.people.found has them."""
        persons: dict[int, list[Any]] = {}
        for row in world.open("one_ids"):
            persons.setdefault(row.node_id, []).append(row)

        def one_id(words: Any, day: date) -> int | None:
            rows = persons.get(sighting(words), []) if isinstance(words, str) else []
            fits = [row for row in rows if (row.seen_from or day) <= day <= (row.seen_to or day)]
            return fits[0].one_id if fits else None

        pairs = zip(self.records["words"], self.records["day"], strict=True)
        return pa.table({
            "channel": self.records["channel"], "record_id": self.records["record_id"],
            "person": self.records["person"],
            "one_id": pa.array([one_id(*pair) for pair in pairs], pa.int64()),
        })  # fmt: skip

    def merged(self, records: pa.Table) -> dict[str, tuple[int, int]]:
        """By planted shape: how many there are, and in how many two persons became one."""
        return merged_things(records, pa.Table.from_pandas(self.events, preserve_index=False))


def number_of(night: str) -> int:
    """The number that worlds give to a night's date."""
    return (date.fromisoformat(night) - FIRST).days + 1


def _names(folder: Path, rows: pd.DataFrame) -> tuple[Borne, ...]:
    """Names of profiles by sighting, as they were landed."""
    found: set[Borne] = set()
    for channel, column in (("crm", "姓名"), ("accounts", "real_name")):
        own = rows[(rows["channel"] == channel) & rows["words"].notna()]
        for night, versions in own.groupby("night"):
            names = landed(folder, channel, str(night))[column]
            for words, line in zip(versions["words"], versions["line"], strict=True):
                found.add((sighting(words), names[line]))
    return tuple(sorted(found))


def never_reissued(policy: IdentityPolicy) -> IdentityPolicy:
    """The policy without a second owner of anything."""
    kinds = {name: replace(kind, reissued_after=Duration(99_999)) for name, kind in
             policy.kinds.items()}  # fmt: skip
    return replace(policy, kinds=kinds)
