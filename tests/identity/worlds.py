"""Small made-up worlds: sightings by name, and nights that carry their histories along."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict, namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Self

import pyarrow as pa

from identity.disputed_names import SealedNames
from identity.ground import Histories
from identity.locality import RULED, ruled
from identity.resolution import resolve_identity
from identity.rulings import FACTS, JOINS, PINS, REFUSED, Rulings
from identity.touched import Renamed, Since, held_ever
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.fixed_tables import (
    HUBS,
    LINKS,
    NODES,
    ONE_ID_EVENTS,
    ONE_IDS,
    REJECTED_LINKS,
    SIGHTINGS,
)
from model.identity_policy import DisagreeRule, IdentifierKind, IdentityPolicy
from model.local_engine import LocalEngine
from privacy.tokens import TokenKey, seal_of, token_of

FIRST = date(2017, 9, 28)
POLICY = IdentityPolicy(
    kinds={
        "national_id": IdentifierKind(1, "cn_id_card"),
        "passport": IdentifierKind(2, "text"),
        "account": IdentifierKind(3, "text"),
        "card": IdentifierKind(4, "text"),
        "phone": IdentifierKind(5, "phone", max_sightings=6, max_peers=3),
        "email": IdentifierKind(6, "email"),
        "device": IdentifierKind(7, "device", max_peers=5, strength="weak"),
        "cookie": IdentifierKind(8, "text", strength="weak"),
    },
    never_merge=("national_id", "passport"),
    disagree=DisagreeRule(kinds=("card",)),
)
TABLES = {
    "nodes": NODES, "links": LINKS, "hubs": HUBS, "rejected_links": REJECTED_LINKS,
    "one_ids": ONE_IDS, "events": ONE_ID_EVENTS,
}  # fmt: skip
KINDS = (
    "national_id", "passport", "passport@b", "account", "account@b", "card", "card@b", "phone",
    "email", "device", "cookie",
)  # fmt: skip
# "phone:1 email:a" is a sighting; a word is kind:value of the global scope, or kind@scope:value.
Words = str
Fact = tuple[int, str, str]  # a node, a rule and the node's value of it
Borne = tuple[int, str]  # a sighting, and a name as its rows write it
KEY = TokenKey.from_secret("0123456789abcdef0123456789abcdef")


def night(number: int) -> date:
    """The business date of night 1, 2, …"""
    return FIRST + timedelta(days=number - 1)


def bits(digits: str) -> int:
    return int(digits[:16], 16) & (2**63 - 1)


def kind_of(word: Words) -> str:
    return word.split(":")[0].split("@")[0]


def scope_of(word: Words) -> str:
    return word.split(":")[0].partition("@")[2] or "global"


def plain(word: Words) -> Words:
    """An identifier without the first night of its period (`phone:1/40`)."""
    return word.split("/")[0]


@cache
def token(word: Words) -> str:
    return "k0000_" + hashlib.sha256(plain(word).encode()).hexdigest()


@cache
def node(word: Words) -> int:
    """The node number of an identifier, or of one of its later periods."""
    if word == plain(word):
        return bits(token(word).removeprefix("k0000_"))
    day = night(int(word.split("/")[1])).isoformat()
    return bits(hashlib.sha256(f"{token(word)} {day}".encode()).hexdigest())


@cache
def sighting(words: Words) -> int:
    """The node number of a sighting."""
    return bits(hashlib.sha256(("set " + " ".join(sorted(words.split()))).encode()).hexdigest())


def seen(
    words: Words,
    on: int = 1,
    day: date | None = None,
    rows: int = 1,
    last: date | None = None,
    dataset: str = "rows",
) -> dict[str, Any]:
    """One row of identity.sightings: `rows` more (or fewer) rows with these identifiers."""
    first = day or night(on)
    return {
        "business_date": night(on), "sighting_id": sighting(words),
        "identifiers": [
            {"kind": kind_of(word), "scope": scope_of(word), "token": token(word)}
            for word in sorted(words.split())
        ],
        "channel": "shop", "dataset": dataset,
        "first_date": first, "last_date": last or first, "row_count": rows,
    }  # fmt: skip


def random_world(seed: int) -> dict[str, int]:
    """Sightings of a little world and their last day; values bear the seed: worlds are apart."""
    choice = random.Random(seed)
    size = choice.randint(2, 5)
    found = {}
    for _ in range(choice.randint(3, 18)):
        kinds = choice.sample(KINDS, choice.choice((1, 1, 2, 2, 3)))
        words = " ".join(sorted(f"{kind}:{seed}-{choice.randrange(size)}" for kind in kinds))
        found[words] = choice.randint(-20, 1)
    return found


def random_world_of_days(seed: int) -> dict[str, tuple[int, int]]:
    """Sightings of a little world whose days lie far apart: their first and last night. Something
    in it may have been handed on, and is seen alone before and after."""
    choice = random.Random(seed)
    size, found = choice.randint(1, 3), {}
    for _ in range(choice.randint(0, 8)):
        kinds = choice.sample(KINDS, choice.choice((1, 2, 2, 3)))
        words = " ".join(sorted(f"{kind}:{seed}-{choice.randrange(size)}" for kind in kinds))
        last = choice.randint(-700, 1)
        found[words] = (last - choice.choice((0, 0, 0, 20, 100)), last)
    owner, thing = choice.choice(("account", "card", "passport")), choice.choice(KINDS[7:9])
    for number, day in enumerate((-500, -250, choice.randint(-170, 1))):
        found[f"{owner}:{seed}-{number} {thing}:{seed}-0"] = (day, day)
    for beside in ("", f" cookie:{seed}-0", f" device:{seed}-0"):
        words = " ".join(sorted(f"{thing}:{seed}-0{beside}".split()))
        found[words] = (choice.randint(-600, -300), choice.randint(-260, 1))
    return found


def table_of(engine: Engine, rows: list[dict[str, Any]], ddl: str, partitions: int = 0) -> Rows:
    """Rows of an engine from dictionaries; spread over so many partitions where it is Spark."""
    given = engine.of(pa.Table.from_pylist(rows, schema=arrow_schema(ddl)))
    return engine.frame(given).repartition(partitions) if partitions else given


def records(engine: Engine, rows: Rows) -> list[Any]:
    """Rows of an engine as named tuples."""
    return named_tuples(engine.arrow(rows))


def named_tuples(table: pa.Table) -> list[Any]:
    record = namedtuple("record", table.column_names)  # type: ignore[misc]
    return [record(**row) for row in table.to_pylist()]


def refused_rows(engine: Engine, *words: Words) -> Rows:
    """Tokens that name nobody."""
    rows = [
        {"kind": kind_of(word), "scope": scope_of(word), "token": token(word), "reason": "invalid"}
        for word in words
    ]
    return table_of(engine, rows, REFUSED)


def sealed_names(engine: Engine, borne: Iterable[Borne]) -> SealedNames:
    """The names of sightings as a golden table and the vault have them. Written with a comma, the
    family's name and the given one have tokens of their own."""
    rows, seals = [], {}
    for sighting_id, written in borne:
        tokens = []
        for part in written.split(", "):
            tokens.append(token_of(KEY, "column:name", "", part))
            seals[tokens[-1]] = seal_of(KEY, part)
        first, given = (*tokens, None)[:2]
        rows.append({"sighting_id": sighting_id, "token": first, "given_token": given})
    sealed = [{"token": token, "sealed": seal} for token, seal in seals.items()]
    return SealedNames(
        table_of(engine, rows, "sighting_id bigint, token string, given_token string"),
        table_of(engine, sealed, "token string, sealed binary"), KEY,
    )  # fmt: skip


@dataclass
class World:
    """Sightings that grow, the histories after the last night, and how to run another one."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    policy: IdentityPolicy = POLICY
    refused: tuple[Words, ...] = ()
    facts: tuple[Fact, ...] = ()
    joins: tuple[tuple[int, int], ...] = ()
    pins: tuple[tuple[int, int], ...] = ()
    names: tuple[Borne, ...] = ()
    tables: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in TABLES})
    last: int = 0  # the night that wrote the tables, 0: none
    ruled: pa.Table | None = None  # what other rules said on it
    named: tuple[Borne, ...] = ()  # who bore which names on it

    def see(self, *words: Words, on: int = 1, **more: Any) -> World:
        self.rows += [seen(each, on=on, **more) for each in words]
        return self

    def lose(self, *words: Words, on: int, **more: Any) -> World:
        return self.see(*words, on=on, rows=-1, **more)

    def run(
        self,
        number: int,
        open_engine: Callable[[], Engine] = LocalEngine,
        components: Any = "local",
        partitions: int = 0,
        is_lost: bool = False,
        largest_share: float = 0.0,
    ) -> World:
        """Runs a night and keeps what it wrote, as the lake would. It looks at what changed only,
        up to `largest_share` of the map; 0: at everything."""
        arrived = [row for row in self.rows if row["business_date"] <= night(number)]
        with open_engine() as engine:
            rulings = self.rulings(engine)
            said = ruled(engine, rulings)
            assert said is not None
            slices = table_of(engine, arrived, SIGHTINGS.schema, partitions)
            since = None if self.ruled is None or not largest_share else Since(
                night(self.last), engine.of(self.ruled), said,
                engine.kept(held_ever(engine, slices, self.policy)), self.renamed(engine),
                largest_share,
            )  # fmt: skip
            resolution = resolve_identity(
                engine, slices, rulings, self.histories(engine), self.policy,
                night(number), components, is_lost, since,
            )  # fmt: skip
            self.ruled, self.last = engine.arrow(said).cast(arrow_schema(RULED)), number
            self.named = self.names
            found = {name: engine.arrow(getattr(resolution, name)) for name in TABLES}
        for name, contract in TABLES.items():
            expected = arrow_schema(contract.schema)
            assert found[name].schema.names == expected.names
            assert found[name].schema.types == expected.types
        written = {name: named_tuples(table) for name, table in found.items()}
        others = [row for row in self.tables["events"] if row.business_date != night(number)]
        self.tables = written | {"events": others + written["events"]}
        return self

    def after(self: Self, before: World) -> Self:
        """The world behind what an earlier night of another one wrote."""
        return replace(
            self, tables=before.tables, ruled=before.ruled, last=before.last, named=before.named
        )

    def renamed(self, engine: Engine) -> Renamed:
        """The sightings that bear other names than on the last night; all may that bear any."""
        def rows(found: set[int]) -> Rows:
            listed = [{"sighting_id": sighting_id} for sighting_id in sorted(found)]
            return table_of(engine, listed, "sighting_id bigint")

        differing = {sighting_id for sighting_id, _ in {*self.named} ^ {*self.names}}
        others = "select r.* from renamed r anti join those t on t.sighting_id = r.sighting_id"
        return Renamed(
            rows({sighting_id for sighting_id, _ in (*self.named, *self.names)}),
            lambda but: engine.rows("but", others, renamed=rows(differing), those=but),
        )

    def rulings(self, engine: Engine) -> Rulings:
        facts = [(node_id, rule, "", value) for node_id, rule, value in self.facts]

        def rows(records: Sequence[tuple[Any, ...]], ddl: str) -> Rows:
            names = arrow_schema(ddl).names
            return table_of(engine, [dict(zip(names, row, strict=True)) for row in records], ddl)

        return Rulings(
            refused_rows(engine, *self.refused),
            rows(facts, FACTS), rows(self.joins, JOINS), rows(self.pins, PINS),
            sealed_names(engine, self.names),
        )  # fmt: skip

    def histories(self, engine: Engine) -> Histories:
        return Histories(**{
            name: table_of(engine, [row._asdict() for row in self.tables[name]], contract.schema)
            for name, contract in TABLES.items()
        })

    def shuffled(self, order: Iterable[int]) -> World:
        return replace(self, rows=[self.rows[i] for i in order])

    def one_id(self, words: Words, number: int | None = None) -> int | None:
        """The OneID of a sighting, now or on a night; None where it is anonymous."""
        return self.map_on(number).get(sighting(words))

    def one_id_of_identifier(self, word: Words) -> int | None:
        return self.map_on(None).get(node(word))

    def map_on(self, number: int | None) -> dict[int, int]:
        """Node → OneID, as of a night; None: the open rows."""
        rows = [
            row for row in self.tables["one_ids"]
            if (row.valid_to is None if number is None else _holds(row, night(number)))
        ]  # fmt: skip
        found = {row.node_id: row.one_id for row in rows if not _is_by_day(row)}
        assert len(found) == sum(not _is_by_day(row) for row in rows), "one row a node"
        assert found.keys().isdisjoint(row.node_id for row in rows if _is_by_day(row))
        return found

    def by_day(self, words: Words) -> list[tuple[int | None, date | None, date | None]]:
        """The OneIDs of a sighting whose person depends on the day, with their first and last."""
        rows = [row for row in self.open("one_ids") if row.node_id == sighting(words)]
        found = [(row.one_id, row.seen_from, row.seen_to) for row in rows if _is_by_day(row)]
        return sorted(found, key=lambda row: row[1] or date.min)

    def open(self, name: str) -> list[Any]:
        return [row for row in self.tables[name] if row.valid_to is None]

    def happened(self, number: int) -> set[tuple[str, int, int | None]]:
        return {
            (row.event, row.one_id, row.other_one_id)
            for row in self.tables["events"] if row.business_date == night(number)
        }  # fmt: skip

    def contents(self) -> dict[str, set[Any]]:
        """Every table as a set of rows, to compare two worlds."""
        sets = {}
        for name, rows in self.tables.items():
            sets[name] = {repr(row) for row in rows}
            assert len(sets[name]) == len(rows), f"duplicate rows in {name}"
        return sets


def _is_by_day(row: Any) -> bool:
    return row.seen_from is not None or row.seen_to is not None


def groups(world: World) -> set[frozenset[int]]:
    """Persons as sets of nodes, as the map has them now."""
    members = defaultdict(set)
    for each, one_id in world.map_on(None).items():
        members[one_id].add(each)
    return {frozenset(group) for group in members.values()}


def _holds(row: Any, day: date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or row.valid_to > day)
