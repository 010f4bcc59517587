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
from identity.touched import Since, held_ever
from jobs.night import Night
from lake.log_tables import read_rows
from lake.readers import current_rows
from lake.snapshots import versions
from model.engines import Engine, Rows
from model.errors import NOWHERE
from model.fixed_tables import (
    IDENTITY_HISTORIES,
    ONE_ID_EVENTS,
    SIGHTINGS,
    VAULT_IDENTIFIERS,
    VAULT_PROFILES,
)
from model.identity_policy import ComponentsPolicy, GoldenPolicy
from model.ops_tables import HELD_EVER, LISTED, RESOLVED, RULED
from model.sql_text import date_literal

_WRITTEN = (*IDENTITY_HISTORIES, ONE_ID_EVENTS, RULED, HELD_EVER, LISTED)
_CODE = ("identity", "model")
_READERS = ("jellyfish", "nicknames", "phonenumbers", "pypinyin", "python-stdnum")  # of values


@dataclass(frozen=True)
class LastResolution:
    """The last night, of whose inputs and outcome all stands."""

    night: date

    def since(
        self, night: Night, engine: Engine, said: Rows, sightings: Rows, renamed: Rows | None
    ) -> Since:
        """What a resolution is told of it; `said` is what rules say now (locality.ruled) but of
        names, `renamed` of whom these are others, `sightings` are all slices."""
        new = f"select * from slices where business_date > {date_literal(self.night)}"
        pairs = engine.rows(
            "held_ever",
            """
            select * from earlier union all
            select n.* from new n anti join earlier e on e.sighting_id = n.sighting_id
            """,
            earlier=night.lake.rows(engine, HELD_EVER),
            new=held_ever(
                engine, engine.rows("new_slices", new, slices=sightings), night.definitions.policy
            ),
        )  # fmt: skip
        return Since(
            self.night, night.lake.rows(engine, RULED), engine.kept(said), engine.kept(pairs),
            renamed=renamed,
        )


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
    night: Night, engine: Engine, on_lists: Rows, said: Rows | None, pairs: Rows
) -> None:
    """The tables are written as the night has resolved them; `on_lists` are its values that name
    nobody, `said` what its rulings say (None: not to be compared), `pairs` who ever held what."""
    if said is None:
        return
    night.lake.overwrite(LISTED, engine.output(on_lists))
    night.lake.overwrite(RULED, engine.output(said))
    night.lake.overwrite(HELD_EVER, engine.output(pairs))
    day = night.business_date
    night.lake.overwrite_records(RESOLVED, [(
        day, night.lake.run_id, _definitions_hash(night), _slices_hash(night, day),
        versions(night.lake.root, _WRITTEN),
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
