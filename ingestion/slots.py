"""Which fields hold identifiers, of which kinds and in which scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.entries import DatasetEntry, IdentifierEntry
from model.canonical import CanonicalModel
from model.errors import Location, Problems, did_you_mean
from model.identity_policy import IdentityPolicy


@dataclass(frozen=True)
class IdentifierSlot:
    """A field whose value, where it is well-formed, is one identifier of this kind and scope."""

    field: str
    kind: str
    scope: str


def field_slots(
    channel: str, entry: DatasetEntry, policy: IdentityPolicy, problems: Problems
) -> tuple[IdentifierSlot, ...]:
    """The identifiers of all fields, in the file's order; a field of several kinds has several."""
    slots = []
    for name, field in entry.fields.items():
        for each in field.identifiers:
            scope = _scope(channel, each, policy, problems)
            if scope is not None:
                slots.append(IdentifierSlot(name, each.kind, scope))
        if field.identifiers and field.type != "text" and name not in entry.doubtful:
            problems.add(field.location, f"{name}: an identifier is of type text, not {field.type}")
    return tuple(slots)


def _scope(
    channel: str, each: IdentifierEntry, policy: IdentityPolicy, problems: Problems
) -> str | None:
    kind = policy.kinds.get(each.kind)
    if kind is None:
        hint = did_you_mean(each.kind, list(policy.kinds))
        problems.add(each.location, f"unknown kind of identifier {each.kind!r}{hint}")
        return None
    scope = each.scope or kind.scope
    if scope == "channel":
        return channel
    if not each.scope and scope != "global":
        message = f"{each.kind} counts within one {scope}: name it, {{kind: {each.kind}, scope: …}}"
        problems.add(each.location, message)
        return None
    return scope


def account_slots(
    channel: str, entry: DatasetEntry, model: CanonicalModel, policy: IdentityPolicy,
    slots: Sequence[IdentifierSlot], problems: Problems,
) -> tuple[tuple[str, ...], tuple[IdentifierSlot, ...]]:
    """The fields that name the account of a golden table's record, and the slots they lack.

    An account field that is no identifier yet becomes one of the strongest kind that counts
    within a channel, so that a profile row always has its account.
    """
    accounts, implied = [], []
    for table in model.golden_tables:
        into = entry.into.get(table.name)
        for key in table.key if into else ():
            field = into.columns.get(key) if into else None
            if key == "channel" or field is None:
                continue
            if not isinstance(field, str) or field not in entry.fields:
                where = into.location if into else entry.location
                problems.add(where, f"{table.name}.{key} names the account: expected a field")
                continue
            accounts.append(field)
            if field not in {slot.field for slot in slots}:
                implied += _implied(channel, field, policy, entry.fields[field].location, problems)
    return tuple(dict.fromkeys(accounts)), tuple(dict.fromkeys(implied))


def _implied(
    channel: str, field: str, policy: IdentityPolicy, where: Location, problems: Problems
) -> list[IdentifierSlot]:
    kinds = [name for name, kind in policy.kinds.items() if kind.scope == "channel"]
    if not kinds:
        problems.add(where, f"{field} names an account: say which identifier it is")
        return []
    return [IdentifierSlot(field, min(kinds, key=policy.rank), channel)]
