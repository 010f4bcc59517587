"""What is true about the dumps: whose records they are, who the people are, and what is planted.

records/<date>.parquet  a row for every row of the date's dumps (key within a channel: record_id):
                        channel, record_id (its first column), person, day (the row's own), does
                        (add, edit: a new version of the record, delete), is_late.
people.parquet          a row for every person: first_night, household (the person they share
                        surname, address and phone with), and their own identifiers as identity
                        spells them, null where they have none.
events.parquet          a row for everything planted and every change, by night: event, person,
                        other_person, kind and value of the identifier, other_value (the number had
                        before), day (of a change), left_on (the last day of a re-issued number with
                        other_person), record_id and channel of a late or deleted record.
summary.json            rows, links (identifiers in rows) and planted things, as counted.

Persons are numbers that no dump holds. Nights are business dates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from examples.chance import Ints
from examples.spelling import only, picked

from .dumps import DELETE, Dump
from .planted import KIOSK, PLACEHOLDERS, STORE_PHONE
from .world import World

RECORDS = pa.schema([
    ("channel", pa.string()), ("record_id", pa.string()), ("person", pa.int64()),
    ("day", pa.date32()), ("does", pa.string()), ("is_late", pa.bool_()),
])  # fmt: skip
EVENTS = pa.schema([
    ("night", pa.date32()), ("event", pa.string()), ("person", pa.int64()),
    ("other_person", pa.int64()), ("kind", pa.string()), ("value", pa.string()),
    ("other_value", pa.string()), ("day", pa.date32()), ("left_on", pa.date32()),
    ("channel", pa.string()), ("record_id", pa.string()),
])  # fmt: skip


def write_records(dumps: list[Dump], file: Path) -> None:
    """The records of one night's dumps."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables([_records(dump) for dump in dumps]), file)


def _records(dump: Dump) -> pa.Table:
    columns = [
        picked([dump.layout.channel], np.zeros(len(dump.person), np.int64)), dump.record_ids,
        pa.array(dump.person), _dates(dump.day), dump.does, pa.array(dump.is_late),
    ]  # fmt: skip
    return pa.table(columns, schema=RECORDS)


def write_people(world: World, file: Path) -> None:
    """Everybody, those of later nights too."""
    people, values = world.people, world.values
    person = np.arange(len(people))
    slot = world.owners.before
    table = pa.table({
        "person": person,
        "first_night": _dates(world.night_day(1) + people.first_night - 1),
        "household": people.household,
        "member_card": only(people.has_card, values.cards(person)),
        "account": only(people.has_account, values.accounts(person)),
        "openid": only(people.in_wechat, values.openids(person)),
        "unionid": only(people.has_unionid, values.unionids(person)),
        "device": only(people.in_app, values.devices(person)),
        "first_phone": values.phones(slot),
        "last_phone": values.phones(world.owners.slot(person, np.full(len(person), 2**30))),
        "email": values.emails(person),
        "national_id": values.national_ids(person, people.is_woman),
    })  # fmt: skip
    pq.write_table(table, file)


def planted_events(world: World) -> pa.Table:
    """What is planted, each on the night whose dumps show it first."""
    planted, values, owners = world.planted, world.values, world.owners
    first = world.night_day(1)
    head, member = planted.families.T
    by_phone, by_email = planted.bridges[::2], planted.bridges[1::2]
    left, given = planted.recycled.T
    owner, guest = planted.shared_devices.T
    tables = [
        _events("family", member, first, head, "phone", values.phones(owners.before[head])),
        _events("bridge", by_phone[:, 1], first, by_phone[:, 0], "phone",
                values.phones(by_phone[:, 0])),
        _events("bridge", by_email[:, 1], first, by_email[:, 0], "email",
                values.emails(by_email[:, 0])),
        _hub(world, "store_phone", planted.store_phone, "phone", STORE_PHONE),
        _hub(world, "kiosk", planted.kiosk, "device", KIOSK),
        _events("mailbox", planted.mailboxes, first, kind="email",
                value=world.company_mailboxes(planted.mailboxes)),
        _events("shared_device", guest, first, owner, "device", values.devices(owner)),
        _events("recycled_phone", given, first + planted.recycled_night - 1, left, "phone",
                values.phones(left), day=planted.given_on, left_on=planted.left_on),
        _events("changed_phone", planted.changed, first + planted.changed_night - 1, kind="phone",
                value=values.phones(owners.after[planted.changed]),
                other_value=values.phones(planted.changed), day=planted.changed_on),
    ]  # fmt: skip
    for kind, persons in planted.placeholders.items():
        value = picked([PLACEHOLDERS[kind]], np.zeros(len(persons), np.int64))
        tables.append(_events("placeholder", persons, first, kind=kind, value=value))
    tables += [_events("typo", who, first, kind=kind) for kind, who in planted.typos.items()]
    return pa.concat_tables(tables)


def _hub(world: World, event: str, persons: Ints, kind: str, slot: int) -> pa.Table:
    values = world.values.phones if kind == "phone" else world.values.devices
    return _events(event, persons, world.night_day(1), kind=kind,
                   value=values(np.full(len(persons), slot)))  # fmt: skip


def night_events(world: World, night: int, dumps: list[Dump]) -> pa.Table:
    """What happens on a later night: who is new, whose records are deleted or come late."""
    today = world.night_day(night)
    new = np.flatnonzero(world.people.first_night == night)
    tables = [_events("joined", new, today)]
    for dump in dumps:
        deleted = dump.does.to_numpy(zero_copy_only=False) == DELETE
        for event, rows in (("deleted", deleted), ("late", dump.is_late)):
            channel = picked([dump.layout.channel], np.zeros(int(rows.sum()), np.int64))
            tables.append(_events(
                event, dump.person[rows], today, day=dump.day[rows], channel=channel,
                record_id=dump.record_ids.filter(pa.array(rows)),
            ))  # fmt: skip
    return pa.concat_tables(tables)


def _events(
    event: str, person: Ints, night: Any, other_person: Ints | None = None,
    kind: str | None = None, value: pa.Array | None = None, **more: Any,
) -> pa.Table:  # fmt: skip
    count = len(person)
    given = {
        "night": np.broadcast_to(night, (count,)), "person": person, "other_person": other_person,
        "event": pa.repeat(event, count), "kind": pa.repeat(kind, count) if kind else None,
        "value": value, **more,
    }  # fmt: skip
    columns = []
    for field in EVENTS:
        column = given.get(field.name)
        if column is None:
            column = pa.nulls(count, field.type)
        elif pa.types.is_date(field.type):
            column = _dates(np.asarray(column))
        columns.append(column)
    return pa.table(columns, schema=EVENTS)


def _dates(days: Ints) -> pa.Array:
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def write_events(tables: list[pa.Table], file: Path) -> None:
    """All events, by night."""
    pq.write_table(pa.concat_tables(tables), file)
