"""The identified of some sightings, read from the slices once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from identity.history import has_rows
from identity.sightings import identified
from model.engines import Engine, Rows
from model.fixed_tables import SIGHTINGS
from model.identity_policy import IdentityPolicy

# Which file told of a sighting is nothing to a rule.
_READ = ", ".join(f"s.{name}" for name in SIGHTINGS.column_names if name != "source_file")


@dataclass(frozen=True)
class Found:
    """What some `sightings` (sighting_id) are identified as: `rows` (identity.sightings.identified)
    of those of them that have rows left on the night."""

    sightings: Rows
    rows: Rows


@dataclass(frozen=True)
class Slices:
    """Slices of identity.sightings (`rows`) up to a night, and what identifying them needs."""

    engine: Engine
    rows: Rows
    refused: Rows
    policy: IdentityPolicy
    business_date: date

    def found(self, sightings: Rows) -> Found:
        """The identified of some sightings (sighting_id)."""
        part = self.engine.kept(self.engine.rows(
            "part_of_slices",
            f"select {_READ} from slices s semi join those t on t.sighting_id = s.sighting_id",
            slices=self.rows, those=sightings,
        ))  # fmt: skip
        rows = identified(self.engine, part, self.refused, self.policy, self.business_date)
        return Found(sightings, self.engine.kept(rows))

    def beside(self, found: Found, sightings: Rows) -> Found | None:
        """The identified of those of some sightings that are not `found` already; None where all
        are."""
        others = self.engine.kept(self.engine.rows(
            "others",
            "select s.sighting_id from those s anti join known k on k.sighting_id = s.sighting_id",
            those=sightings, known=found.sightings,
        ))  # fmt: skip
        return self.found(others) if has_rows(self.engine, others) else None
