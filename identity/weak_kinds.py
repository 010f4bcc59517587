"""Devices, cookies and the like: they attach to the one person they were seen with, never merge."""

from __future__ import annotations

from model.engines import Engine, Rows


def attached(engine: Engine, weak: Rows, labels: Rows) -> Rows:
    """(node_id, component) of weak identifiers and of the sightings that hold nothing stronger.

    `weak` are holdings of weak kinds that are no hubs; `labels` are the persons of strong links and
    joins: who has a label stays there, and has no row here. A weak identifier whose sightings with
    stronger identifiers are all one person joins it; seen with several persons, or with none, it is
    a person of its own, named by its node_id, as long as a sighting follows it. A sighting of weak
    kinds only follows its best-ranked (then by token).
    """
    return engine.rows(
        "attached",
        """
        with beside as (
            select w.sighting_id, w.node_id, w.rank, w.token, w.scope, l.component as person,
                o.component as joined
            from weak w left join labels l on l.node_id = w.sighting_id
            left join labels o on o.node_id = w.node_id
        ), homes as (
            select node_id, min(joined) as joined,
                case when min(person) = max(person) then min(person) end as person
            from beside group by node_id
        ), followers as (
            select sighting_id, node_id from (
                select sighting_id, node_id, row_number() over (partition by sighting_id
                    order by rank nulls first, token nulls first, scope nulls first) as place
                from beside where person is null
            ) placed
            where place = 1
        ), settled as (
            select h.node_id, h.joined, coalesce(h.joined, h.person, f.node_id) as component
            from homes h
            left join (select distinct node_id from followers) f on f.node_id = h.node_id
            where coalesce(h.joined, h.person, f.node_id) is not null
        )
        select node_id, component from settled where joined is null
        union all
        select f.sighting_id, s.component from followers f join settled s on s.node_id = f.node_id
        """,
        weak=weak, labels=labels,
    )  # fmt: skip
