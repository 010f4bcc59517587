"""What two persons have in common and what joins nobody all the same: the rules for identifiers."""

from __future__ import annotations

from collections.abc import Sequence

from identity.apart import HUB, REFUSED, SHADOW, WEAK
from identity.explain import IdentityTables
from identity.rulings import REFUSED as REFUSED_COLUMNS
from identity.rulings import nothing
from identity.sightings import identified, is_weak
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of


def shared_in_vain(
    engine: Engine, tables: IdentityTables, one_ids: tuple[int, int], shadow: Sequence[str],
    policy: IdentityPolicy,
) -> Rows:  # fmt: skip
    """Identifiers that two persons share and that join nobody, once each, and rows of `shadow`
    channels that show an identifier of either: the columns of a Cut but sources and days.

    Rules: `hub <reason>`; `weak`; `refused`, on an `invalid` list or blocked; `shadow`. What the
    rules for persons or for time keep apart is in identity.rejected_links, and not here.
    """
    held = engine.kept(_held_by(engine, tables, one_ids, policy))
    return engine.rows(
        "shared_in_vain",
        f"""
        with shared as (
            select kind, scope, token, min(node_id) as node_id, max(sighting_id) as sighting_id
            from held group by kind, scope, token having count(distinct one_id) = 2
        ), known as (
            select n.token, min(h.node_id) as hub_id, min(h.reason) as reason
            from nodes n semi join shared s on s.token = n.token
            left join hubs h on h.node_id = n.node_id
            group by n.token
        ), judged as (
            select s.kind, s.scope, s.token, coalesce(k.hub_id, s.node_id) as node_id,
                s.sighting_id, case
                    when k.token is null then '{REFUSED}'
                    when k.reason is not null then concat('{HUB} ', k.reason)
                    when {is_weak(policy)} then '{WEAK}'
                end as rule
            from shared s left join known k on k.token = s.token
        )
        select rule, kind, scope, token, node_id, sighting_id from judged where rule is not null
        union all
        select '{SHADOW}', kind, scope, token, node_id, sighting_id from shadow_rows
        """,
        held=held, nodes=tables.nodes, hubs=tables.hubs,
        shadow_rows=_shadow_rows(engine, tables, held, shadow, policy),
    )  # fmt: skip


def _held_by(
    engine: Engine, tables: IdentityTables, one_ids: tuple[int, int], policy: IdentityPolicy
) -> Rows:
    """The identifiers of two persons' sightings (`identified`), each with the one_id; node_id is
    that of the identifier's first period."""
    numbers = ", ".join(map(str, one_ids))
    own = engine.kept(engine.rows(
        "own_sightings",
        f"select distinct node_id as own_id, one_id from one_ids "
        f"where kind = 'sighting' and one_id in ({numbers})",
        one_ids=tables.one_ids,
    ))  # fmt: skip
    slices = engine.rows(
        "slices_of_two", "select s.* from slices s semi join own o on o.own_id = s.sighting_id",
        slices=tables.sightings, own=own,
    )  # fmt: skip
    theirs = "select o.one_id, f.* from found f join own o on o.own_id = f.sighting_id"
    found = _identified(engine, tables, slices, policy)
    return engine.rows("held_by_two", theirs, found=found, own=own)


def _shadow_rows(
    engine: Engine, tables: IdentityTables, held: Rows, shadow: Sequence[str],
    policy: IdentityPolicy,
) -> Rows:  # fmt: skip
    """Sightings of shadow channels that show an identifier of either person, with the strongest
    identifier of the second."""
    slices = engine.rows(
        "slices_in_shadow",
        f"""
        with own as (select * from slices where {is_one_of("channel", shadow)}),
        shown as (select sighting_id, explode(identifiers) as identifier from own),
        theirs as (
            select s.sighting_id from shown s semi join held h on h.token = s.identifier.token
        )
        select o.* from own o semi join theirs t on t.sighting_id = o.sighting_id
        """,
        slices=tables.sightings, held=held,
    )  # fmt: skip
    return engine.rows(
        "shadow_rows",
        """
        with shown as (
            select f.sighting_id, f.kind, f.scope, f.token, f.node_id, f.rank, h.one_id
            from found f join (select distinct token, one_id from held) h on h.token = f.token
        ), of_both as (
            select sighting_id from shown group by sighting_id having count(distinct one_id) = 2
        )
        select kind, scope, token, node_id, sighting_id from (
            select s.*, row_number() over (
                partition by s.sighting_id order by s.one_id desc, s.rank, s.token, s.scope
            ) as place
            from shown s semi join of_both b on b.sighting_id = s.sighting_id
        ) placed
        where place = 1
        """,
        found=_identified(engine, tables, slices, policy), held=held,
    )  # fmt: skip


def _identified(
    engine: Engine, tables: IdentityTables, slices: Rows, policy: IdentityPolicy
) -> Rows:
    """Identifiers of the sightings of some slices, those that name nobody among them."""
    few = engine.kept(slices)  # read time and again
    refused = nothing(engine, REFUSED_COLUMNS)
    return identified(engine, few, refused, policy, tables.business_date)
