"""Who bears which name on a night, by what the golden table tells: everybody, or some sightings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from identity.disputed_names import SealedNames
from identity.history import has_rows
from identity.person_facts import names_told, sealed_names, table_of_names
from identity.touched import Renamed
from jobs.night import Night
from lake.readers import current_rows
from model.canonical import CanonicalTable
from model.engines import Engine, Rows
from model.fixed_tables import VAULT_PROFILES
from model.sql_text import date_literal
from privacy.tokens import TokenKey


@dataclass(frozen=True)
class TableOfPersons:
    """The golden table on a night: all `versions` that had arrived, and the vault's values."""

    engine: Engine
    table: CanonicalTable
    versions: Rows
    vault: Rows
    key: TokenKey
    business_date: date

    @classmethod
    def of(cls, night: Night, engine: Engine) -> TableOfPersons | None:
        """None where the model describes nobody."""
        golden = night.project.model.golden_tables
        if not golden:
            return None
        (table,) = golden
        day = night.business_date
        versions = night.lake.rows(engine, table.contract, until=day)
        vault = night.lake.rows(engine, VAULT_PROFILES, until=day)
        return cls(engine, table, versions, vault, night.key, day)

    @property
    def rows(self) -> Rows:
        """The current rows, one per key."""
        current = current_rows(self.table, "versions", self.business_date, whole="all_versions")
        return self.engine.rows(
            "golden_rows", current, versions=self.versions, all_versions=self.versions
        )

    @property
    def names(self) -> SealedNames | None:
        """The names of everybody."""
        return sealed_names(self.engine, self.rows, self.vault, self.table, self.key)

    @property
    def names_looked_up(self) -> SealedNames | None:
        """The same, but read where somebody asks, of those it asks about."""
        if (told := names_told(self.table, "told")) is None:
            return None
        borne = self.engine.rows("names_told", told, told=self.rows)
        return _NamesLookedUp(borne, self.vault, self.key, self)

    def renamed_since(self, night: date) -> Renamed | None:
        """Who bears other names than on an earlier night; None where there are no names.

        Mostly these are who changed anyhow, so that no name is read. Versions never change, so what
        was told then is read from them as well.
        """
        if (told := names_told(self.table, "told")) is None:
            return None
        perhaps = self.engine.kept(self._perhaps_renamed(night))
        return Renamed(perhaps, partial(self._renamed, night, told, perhaps))

    def _renamed(self, night: date, told: str, perhaps: Rows, but: Rows) -> Rows:
        """Those of some sightings that are renamed, but not of others; kept."""
        asked = self.engine.kept(self.engine.rows(
            "asked", "select p.* from perhaps p anti join those t on t.sighting_id = p.sighting_id",
            perhaps=perhaps, those=but,
        ))  # fmt: skip
        if not has_rows(self.engine, asked):
            return asked
        theirs = self.engine.kept(self._versions_of(asked))
        was, now = (
            self.engine.rows("names_told", told, told=self._current(theirs, on))
            for on in (night, self.business_date)
        )
        return self.engine.kept(self.engine.rows(
            "renamed",
            """
            select distinct sighting_id from (
                select sighting_id from (
                    select distinct * from was union all select distinct * from now
                ) both_nights
                group by sighting_id, token, given_token having count(*) = 1
            ) differing semi join asked a on a.sighting_id = differing.sighting_id
            """,
            was=was, now=now, asked=asked,
        ))  # fmt: skip

    def _perhaps_renamed(self, night: date) -> Rows:
        """The sightings of all versions of a key of which one came since, or whose day did."""
        last, day = date_literal(night), date_literal(self.business_date)
        keys = self.engine.few(self.engine.rows(
            "keys_told_anew",
            f"""
            select distinct {self._key("v")} from versions v
            where v.arrived_date > {last} or (v.day > {last} and v.day <= {day})
            """,
            versions=self.versions,
        ))  # fmt: skip
        return self.engine.rows(
            "perhaps_renamed",
            f"""
            select distinct v.sighting_id from versions v
            semi join keys k on {self.table.same_key('v', 'k')}
            """,
            versions=self.versions, keys=keys,
        )  # fmt: skip

    def names_of(self, sightings: Rows) -> SealedNames | None:
        """The names of some sightings (sighting_id), and others."""
        versions = self.engine.few(self._versions_of(sightings))
        rows = self._current(versions, self.business_date)
        return sealed_names(self.engine, rows, self.vault, self.table, self.key)

    def _versions_of(self, sightings: Rows) -> Rows:
        """All versions of the keys of which one has one of the sightings, in the columns that tell
        names."""
        columns = ", ".join(f"v.`{name}`" for name in self._of_names.contract.column_names)
        keys = self.engine.few(self.engine.rows(
            "keys_of_sightings",
            f"""
            select distinct {self._key("v")} from versions v
            semi join those t on t.sighting_id = v.sighting_id
            """,
            versions=self.versions, those=sightings,
        ))  # fmt: skip
        same = self.table.same_key("v", "k")
        theirs = f"select {columns} from versions v semi join keys k on {same}"
        return self.engine.rows("versions_of", theirs, versions=self.versions, keys=keys)

    def _current(self, versions: Rows, day: date) -> Rows:
        """The current rows at a day of keys of which all versions are given."""
        current = current_rows(self._of_names, "theirs", day, whole="versions")
        return self.engine.rows(
            "golden_rows_of", current, theirs=versions, versions=self.versions
        )

    @property
    def _of_names(self) -> CanonicalTable:
        return table_of_names(self.table)

    def _key(self, rows: str) -> str:
        return ", ".join(f"{rows}.`{name}`" for name in self.table.key)


@dataclass(frozen=True)
class _NamesLookedUp(SealedNames):
    """Names that are read of those who are asked about."""

    told: TableOfPersons

    @property
    def of_all(self) -> SealedNames:
        return self.told.names or self

    def may_bear(self, engine: Engine) -> Rows:
        bearing = "select sighting_id from versions where sighting_id is not null"
        return engine.rows("may_bear", bearing, versions=self.told.versions)

    def among(self, engine: Engine, sightings: Rows) -> SealedNames:
        found = self.told.names_of(sightings)
        if found is None:
            return super().among(engine, sightings)
        return found.among(engine, sightings)
