"""What the map was made of on the last night, so that the next one knows whether that still holds.

ops.resolved has one row, none while a night is being written: a run that is killed leaves none, and
the next night is a full build. So it is where a table has been restored since, a slice of sightings
written again, or what decides has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from importlib.resources import files

from identity.person_facts import names_told
from identity.touched import Renamed, Since, held_ever
from jobs.night import Night
from lake.log_tables import read_rows
from lake.readers import current_rows
from lake.snapshots import versions
from model.engines import Engine, Rows, columns_of_slice
from model.errors import NOWHERE
from model.fixed_tables import (
    IDENTITY_HISTORIES,
    ONE_ID_EVENTS,
    SIGHTINGS,
    VAULT_IDENTIFIERS,
    VAULT_PROFILES,
)
from model.identity_policy import ComponentsPolicy, GoldenPolicy
from model.ops_tables import FIRST_HELD, LISTED, RESOLVED, RULED
from model.sql_text import date_literal
from model.threads import side_by_side

_WRITTEN = (*IDENTITY_HISTORIES, ONE_ID_EVENTS, RULED, FIRST_HELD, LISTED)
_CODE = ("identity", "model")
_READERS = ("jellyfish", "nicknames", "phonenumbers", "pypinyin", "python-stdnum")  # of values


@dataclass(frozen=True)
class LastResolution:
    """The last night, of whose inputs and outcome all stands."""

    night: date

    def since(
        self, night: Night, engine: Engine, said: Rows, first_held: Rows, renamed: Renamed | None
    ) -> Since:
        """What a resolution is told of it; `said` is what rules say now (locality.ruled),
        `renamed` who bears other names than then."""
        pairs = engine.rows(
            "held_ever", "select * from earlier union all select * from first_held",
            earlier=self._held(night, engine), first_held=first_held,
        )  # fmt: skip
        return Since(
            self.night, night.lake.rows(engine, RULED), engine.kept(said), engine.kept(pairs),
            renamed,
        )

    def first_held(self, night: Night, engine: Engine, sightings: Rows) -> Rows:
        """What is held since then that never was before (identity.touched.held_ever), kept;
        `sightings` are all slices."""
        new = f"select * from slices where business_date > {date_literal(self.night)}"
        slices = engine.rows("new_slices", new, slices=sightings)
        told = engine.kept(held_ever(engine, slices, night.definitions.policy))
        again = engine.few(engine.rows(
            "held_again", "select e.sighting_id from earlier e semi join new n using (sighting_id)",
            earlier=self._held(night, engine), new=told,
        ))  # fmt: skip
        others = "select n.* from new n anti join again a on a.sighting_id = n.sighting_id"
        return engine.kept(engine.rows("first_held", others, new=told, again=again))

    def _held(self, night: Night, engine: Engine) -> Rows:
        names = ", ".join(name for name in FIRST_HELD.column_names if name != FIRST_HELD.sliced_by)
        held = night.lake.rows(engine, FIRST_HELD)
        return engine.rows("held_before", f"select {names} from first_held", first_held=held)


def last_resolution(night: Night) -> LastResolution | None:
    """The last night before this one, where nothing but later slices has come to its map since."""
    rows = read_rows(night.lake.root, RESOLVED)
    last = rows[0] if len(rows) == 1 else None
    if last is None or last["business_date"] >= night.business_date:
        return None
    holds = (
        last["definitions_hash"] == _definitions_hash(night)
        and dict(last["versions"]) == versions(night.lake.root, _WRITTEN)
        and last["slices_hash"] == _slices_hash(night, last["business_date"])
    )
    return LastResolution(last["business_date"]) if holds else None


def forget(night: Night) -> None:
    """The tables are about to be written: until `remember`, they are nobody's."""
    if night.lake.exists(RESOLVED):
        night.lake.overwrite_records(RESOLVED, [])


def remember(
    night: Night, engine: Engine, on_lists: Rows, said: Rows | None, first_held: Rows,
    is_whole: bool,
) -> None:  # fmt: skip
    """The tables are written as the night has resolved them; `on_lists` are its values that name
    nobody, `said` what its rulings say (None: not to be compared), `first_held` who holds what that
    earlier nights did not tell; `is_whole`: whatever they told."""
    if said is None:
        return
    lake, day = night.lake, night.business_date
    if is_whole:
        lake.remove_slices(FIRST_HELD, lake.days_of(FIRST_HELD))
    told = f"select {columns_of_slice(FIRST_HELD, day)} from these"
    rows = engine.rows("told_first", told, these=first_held)
    side_by_side([
        lambda: lake.overwrite(LISTED, engine.output(on_lists)),
        lambda: lake.overwrite(RULED, engine.output(said)),
        lambda: lake.replace_slice(FIRST_HELD, engine.output(rows), day),
    ])
    lake.overwrite_records(RESOLVED, [(
        day, lake.run_id, _definitions_hash(night), _slices_hash(night, day),
        versions(lake.root, _WRITTEN),
    )])  # fmt: skip


def _definitions_hash(night: Night) -> str:
    """Of all that decides who is whom beside the rows: not who computes it, nor golden profiles."""
    definitions = night.definitions
    kinds = {
        name: replace(kind, location=NOWHERE) for name, kind in definitions.policy.kinds.items()
    }
    policy = replace(
        definitions.policy, kinds=kinds, components=ComponentsPolicy(), golden=GoldenPolicy(),
        gate=None, location=NOWHERE, places={},
    )  # fmt: skip
    shadow = sorted(each.name for each in definitions.channels if each.status == "shadow")
    told = [
        f"{names_told(table, 'rows')} {current_rows(table, 'rows', date.min)}"
        for table in night.project.model.golden_tables
    ]
    return _hash([repr(policy), repr(shadow), *told, *map(version, _READERS), *_sources()])


def _sources() -> list[str]:
    """The code that decides; read as a resource, since on a cluster it comes in an archive."""
    modules = {
        f"{package}/{module.name}": module.read_text(encoding="utf-8")
        for package in _CODE for module in files(package).iterdir() if module.name.endswith(".py")
    }  # fmt: skip
    return [f"{name}\n{modules[name]}" for name in sorted(modules)]


def _slices_hash(night: Night, day: date) -> str:
    golden = (table.contract for table in night.project.model.golden_tables)
    read = (SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES, *golden)
    return _hash(file for each in read for file in night.lake.files_until(each, day))


def _hash(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()
