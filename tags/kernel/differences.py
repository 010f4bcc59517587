"""How many persons have another value in another night or under another definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.local_engine import LocalEngine
from tags.kernel.changes import tag_changes_here
from tags.night import ONE_ID

Spread = Mapping[str | None, int]  # persons by value; None: the value is missing


@dataclass(frozen=True)
class ColumnDifference:
    """Persons whose value changed, appeared where there was none, or is gone; of a column of codes
    the persons by value, before and after."""

    changed: int = 0
    appeared: int = 0
    gone: int = 0
    before: Spread | None = None
    after: Spread | None = None

    @property
    def persons(self) -> int:
        """All whose value differs."""
        return self.changed + self.appeared + self.gone


@dataclass(frozen=True)
class Differences:
    """Of how many `persons` the columns differ: of each column; of each tag, in any of its columns;
    and in any column at all (`touched`)."""

    persons: int
    touched: int
    of_tags: Mapping[str, int]
    of_columns: Mapping[str, ColumnDifference]


def differences_of(
    engine: LocalEngine, old: pa.Table, new: pa.Table, owners: Mapping[str, str],
    coded: Collection[str], business_date: date,
) -> Differences:  # fmt: skip
    """Between two wide tables with the columns of `owners` (column to tag), some of them perhaps in
    one of the two only; `coded` are those whose values are spread out."""
    changes = tag_changes_here(engine, old, new, business_date)
    ids = np.union1d(*(table[ONE_ID].to_numpy() for table in (old, new)))
    tags: dict[str, int] = {}
    columns = dict.fromkeys(owners, ColumnDifference())
    for name in dict.fromkeys(owners.values()):
        own = pa.array([column for column, tag in owners.items() if tag == name])
        tags[name] = _persons(changes.filter(pc.is_in(changes["tag"], own)))
    for name in owners:
        own = changes.filter(pc.equal(changes["tag"], name))
        columns[name] = _difference(own, name, old, new, name in coded)
    return Differences(len(ids), _persons(changes), tags, columns)


def _persons(changes: pa.Table) -> int:
    return len(np.unique(changes[ONE_ID].to_numpy()))


def _difference(
    changes: pa.Table, name: str, old: pa.Table, new: pa.Table, is_coded: bool
) -> ColumnDifference:
    is_new, is_gone = (int(pc.sum(changes[side].is_null()).as_py() or 0)
                       for side in ("old_value", "new_value"))  # fmt: skip
    spreads = (_spread(old, name), _spread(new, name)) if is_coded else (None, None)
    return ColumnDifference(len(changes) - is_new - is_gone, is_new, is_gone, *spreads)


def _spread(table: pa.Table, name: str) -> Spread:
    """Persons by value; of a column that a table does not have, all of them without one."""
    if name not in table.column_names:
        return Counter({None: len(table)})
    counted = pc.value_counts(table[name].combine_chunks())
    return Counter({one["values"]: one["counts"] for one in counted.to_pylist()})


def united(parts: Sequence[Differences]) -> Differences:
    """Of all persons, out of those of groups that have nobody in common."""
    first = parts[0]
    return Differences(
        sum(part.persons for part in parts), sum(part.touched for part in parts),
        {name: sum(part.of_tags[name] for part in parts) for name in first.of_tags},
        {name: _joined([part.of_columns[name] for part in parts]) for name in first.of_columns},
    )  # fmt: skip


def _joined(parts: Sequence[ColumnDifference]) -> ColumnDifference:
    spreads = [
        None if parts[0].before is None else _added([side or {} for side in sides])
        for sides in zip(*((part.before, part.after) for part in parts), strict=True)
    ]
    return ColumnDifference(
        sum(part.changed for part in parts), sum(part.appeared for part in parts),
        sum(part.gone for part in parts), *spreads,
    )  # fmt: skip


def _added(spreads: Sequence[Spread]) -> Spread:
    total: Counter[str | None] = Counter()
    for spread in spreads:
        total.update(spread)
    return total
