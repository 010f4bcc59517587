"""Rows by person that last from night to night: a base in order, and what came and went since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from model.errors import OnefoldError
from tags.kernel.ranges import day_number
from tags.kernel.reading import PERSON, Asked, People, stretch
from tags.kernel.values import Integers, whole
from tags.night import DAY, ONE_ID

PLACE = "_place"


@dataclass(frozen=True)
class Tile:
    """One table's rows that belong to persons, those that wait for their day among them.

    `base` is a Parquet file in order of one_id and the table's order, `count` long. `removed` are
    the places of its rows that count no longer, ascending. `added` are rows in the same order, each
    with the `_place` of the base's last row of the person before it; null: it comes before all.
    """

    base: Path
    count: int
    removed: Integers
    added: pa.Table


@dataclass(frozen=True)
class TileRows:
    """A tile as the kernel reads it: `ids` are the persons by their numbers, in order."""

    asked: Asked
    tile: Tile
    ids: Integers

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.tile.count - len(self.tile.removed) + len(self.tile.added)

    def of(self, people: People) -> pa.Table:
        """The rows of some persons within the reach of the windows, in order."""
        ids = self.ids[people.start : people.end]
        low, high = (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)
        names = [ONE_ID, *sorted(self.asked.columns | {DAY})]
        base, first = stretch(self.tile.base, names, self.asked.texts, low, high)
        added = self._added(low, high)
        found = base if self._is_whole(base, first, added) else self._merged(base, first, added)
        found = self._within_reach(found).unify_dictionaries().combine_chunks()
        return self._numbered(found)

    def _added(self, low: int, high: int) -> pa.Table:
        start, end = np.searchsorted(self.tile.added[ONE_ID].to_numpy(), [low, high]).tolist()
        return self.tile.added.slice(start, end - start)

    def _is_whole(self, base: pa.Table, first: int, added: pa.Table) -> bool:
        return not len(added) and not len(self._removed(base, first))

    def _removed(self, base: pa.Table, first: int) -> Integers:
        start, end = np.searchsorted(self.tile.removed, [first, first + len(base)])
        return self.tile.removed[start:end] - first

    def _merged(self, base: pa.Table, first: int, added: pa.Table) -> pa.Table:
        """The rows of the base that stay, and the added ones where they belong."""
        places = whole(added[PLACE])
        begins = np.searchsorted(base[ONE_ID].to_numpy(), added[ONE_ID].to_numpy())
        behind = places.fill_null(0).to_numpy() - first + 1
        at = np.where(places.is_null().to_numpy(zero_copy_only=False), begins, behind)
        order = np.insert(np.arange(len(base)), at, len(base) + np.arange(len(added)))
        stays = np.ones(len(base) + len(added), bool)
        stays[self._removed(base, first)] = False
        both = pa.concat_tables([base, added.select(base.column_names).cast(base.schema)])
        return both.unify_dictionaries().take(pa.array(order[stays[order]]))

    def _within_reach(self, rows: pa.Table) -> pa.Table:
        first, last = self.asked.days
        day = whole(rows[DAY]).cast(pa.int32()).to_numpy()
        is_in = day <= day_number(last)
        if first is not None:
            is_in &= day >= day_number(first)
        return rows if is_in.all() else rows.filter(pa.array(is_in))

    def _numbered(self, rows: pa.Table) -> pa.Table:
        one_id = rows[ONE_ID].to_numpy()
        number = np.searchsorted(self.ids, one_id)
        known = self.ids[np.minimum(number, len(self.ids) - 1)] if len(one_id) else one_id
        if not np.array_equal(known, one_id):
            name = self.asked.table.name
            raise OnefoldError(f"{name}: its tile has rows of persons whom the map does not know")
        return rows.drop_columns([ONE_ID]).append_column(PERSON, pa.array(number, pa.int64()))
