"""Hubs: identifiers shared so widely, or by sightings so at odds, that they join nobody."""

from __future__ import annotations

from identity.disputed_names import SealedNames, disputed_identifiers
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id
from model.sql_text import is_one_of, number_of

_DISAGREE, _NAMES = "disagree", "names"


def hubs(
    engine: Engine, held: Rows, nodes: Rows, policy: IdentityPolicy,
    names: SealedNames | None = None, own: Rows | None = None,
) -> Rows:  # fmt: skip
    """Identifiers that lose all their links, one row per node_id, with the first reason that holds.

    Values of never-merge kinds are no hubs: they are kept apart link by link. Counted over all
    sightings at once, so that no order of rows decides, and period by period: what was handed on
    has the company of two owners. `nodes` are the identifiers of `held`, or those of them whose
    holdings are `own`; `names` are what their sightings bear, for a policy whose names disagree.
    Columns of identity.hubs but its validity.
    """
    judged = engine.rows(
        "judged_identifiers",
        f"""
        select n.node_id, n.kind, n.scope,
            case
                when n.sighting_count > {_limit("max_sightings", policy)} then 'max_sightings'
                when p.peer_count > {_limit("max_peers", policy)} then 'max_peers'
                when p.is_disputed then '{_DISAGREE}'
            end as reason,
            n.sighting_count, coalesce(p.peer_count, 0) as peer_count
        from nodes n left join peers p on p.node_id = n.node_id
        where not {is_one_of("n.kind", policy.never_merge_kinds)}
        """,
        nodes=nodes, peers=_peers(engine, held if own is None else own, held, policy),
    )  # fmt: skip
    if policy.disagree.names and names:
        judged = _with_disputes(engine, held, judged, names, policy)
    columns = "node_id, kind, scope, reason, sighting_count, peer_count"
    found = f"select {columns} from judged where reason is not null"
    return engine.rows("hubs", found, judged=judged)


def _with_disputes(
    engine: Engine, held: Rows, judged: Rows, names: SealedNames, policy: IdentityPolicy
) -> Rows:
    """The identifiers judged so far, those that only their names dispute with that reason."""
    known = engine.kept(judged)  # read for those to look at, and beside the answer
    calm = engine.rows("calm", "select node_id from known where reason is null", known=known)
    disputes = disputed_identifiers(engine, held, calm, names, policy)
    return engine.rows(
        "judged_by_names",
        f"""
        select k.node_id, k.kind, k.scope,
            case when d.node_id is null then k.reason else '{_NAMES}' end as reason,
            k.sighting_count, k.peer_count
        from known k left join disputes d on d.node_id = k.node_id
        """,
        known=known, disputes=disputes,
    )  # fmt: skip


def _peers(engine: Engine, own: Rows, held: Rows, policy: IdentityPolicy) -> Rows:
    """Per identifier of the holdings `own`: the largest number of distinct values of one stronger
    kind and scope beside it, and whether two values of a kind of `disagree` are beside it. A
    sighting holds a handful of identifiers, so its pairs are few."""
    return engine.rows(
        "peers",
        f"""
        with beside as (
            select w.node_id, s.kind, s.scope, count(distinct {plain_id("s")}) as value_count
            from own w join held s on s.sighting_id = w.sighting_id and s.rank < w.rank
            group by w.node_id, s.kind, s.scope
        )
        select node_id, max(value_count) as peer_count,
            bool_or({is_one_of("kind", policy.disagree.kinds)} and value_count > 1) as is_disputed
        from beside group by node_id
        """,
        own=own, held=held,
    )


def _limit(name: str, policy: IdentityPolicy) -> str:
    """The kind's limit of that name; null where it has none, so that no count is above it."""
    limits = {kind: getattr(rules, name) for kind, rules in policy.kinds.items()}
    return number_of("n.kind", {kind: n for kind, n in limits.items() if n is not None})
