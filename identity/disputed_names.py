"""Names beside identifiers: which of them bear names that cannot be one person's.

Values are opened where they are compared, in tasks; only the judgement comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from identity.names import any_differ, names_differ
from model.engines import Engine, Rows
from privacy.tokens import TokenKey, unseal_of

_BETWEEN = "|"  # the seals of a family's and of a given name, as hexadecimal digits


@dataclass(frozen=True)
class SealedNames:
    """The names that sightings bear, and what opens them.

    `borne` (sighting_id, token, given_token): a name each; `token` is that of a whole name, or,
    where `given_token` is not null, of the family's. `sealed` (token, sealed): their values of the
    vault, one row per token; what it lacks is no name.
    """

    borne: Rows
    sealed: Rows
    key: TokenKey = field(repr=False)


def disputed_identifiers(engine: Engine, held: Rows, among: Rows, names: SealedNames) -> Rows:
    """(node_id) of the identifiers `among` beside which two names cannot be one person's.

    The bearer of a name is the strongest identifier of its sighting, mostly an account. Its name
    counts beside all weaker identifiers that are seen with it, in whichever sighting, unless it
    bears names that cannot be one person's itself. `held` are the holdings. Only identifiers beside
    two different names are looked at. Any two of them dispute it: no order of rows decides.
    """
    beside = _names_beside(engine, held, among, names)
    several = engine.rows(
        "several_names",
        """
        select b.* from beside b semi join (
            select node_id from (select distinct node_id, token, given_token from beside) named
            group by node_id having count(*) > 1
        ) n on n.node_id = b.node_id
        """,
        beside=beside,
    )
    listed = engine.rows(
        "listed_names",
        """
        select node_id, array_agg(names) as names from (
            select node_id, bearer, array_agg(name) as names from spelt group by node_id, bearer
        ) by_bearer
        group by node_id
        """,
        spelt=_with_names(engine, several, names),
    )
    judge = partial(_listed_differ, names.key)
    judged = engine.mapped("judged_names", listed, judge, "node_id bigint, differ boolean")
    return engine.rows("disputed", "select node_id from judged where differ", judged=judged)


def _names_beside(engine: Engine, held: Rows, among: Rows, names: SealedNames) -> Rows:
    """(node_id, bearer, token, given_token): names of stronger identifiers seen with those of
    `among`."""
    return engine.rows(
        "names_beside",
        """
        with strong as (
            select h.sighting_id, h.node_id, h.rank from held h
            semi join bearers b on b.node_id = h.node_id
        ), weak as (
            select h.sighting_id, h.node_id, h.rank from held h
            semi join among a on a.node_id = h.node_id
        ), met as (
            select distinct w.node_id, s.node_id as bearer from weak w
            join strong s on s.sighting_id = w.sighting_id and s.rank < w.rank
        )
        select m.node_id, m.bearer, b.token, b.given_token
        from met m join bearers b on b.node_id = m.bearer
        """,
        held=held, among=among, bearers=_bearers(engine, held, names),
    )  # fmt: skip


def _bearers(engine: Engine, held: Rows, names: SealedNames) -> Rows:
    """(node_id, token, given_token): the names of identifiers that are the strongest of a sighting,
    each once."""
    return engine.rows(
        "bearers",
        """
        with named as (
            select h.sighting_id, h.node_id, h.rank from held h
            semi join borne b on b.sighting_id = h.sighting_id
        ), strongest as (
            select sighting_id, min(rank) as rank from named group by sighting_id
        )
        select distinct n.node_id, b.token, b.given_token
        from named n
        join strongest s on s.sighting_id = n.sighting_id and s.rank = n.rank
        join borne b on b.sighting_id = n.sighting_id
        """,
        held=held, borne=names.borne,
    )  # fmt: skip


def contradicting_sightings(engine: Engine, pairs: Rows, names: SealedNames) -> Rows:
    """Those `pairs` (sighting_id, other_sighting_id) that bear names which cannot be one person's:
    some name of the one against some name of the other. One row per pair, as it was given."""
    borne = _with_names(engine, names.borne, names)
    named = engine.rows(
        "named_pairs",
        """
        select distinct p.sighting_id, p.other_sighting_id, b.name, o.name as other_name
        from pairs p
        join borne b on b.sighting_id = p.sighting_id
        join borne o on o.sighting_id = p.other_sighting_id
        where b.name <> o.name
        """,
        pairs=pairs, borne=borne,
    )  # fmt: skip
    judge = partial(_pairs_differ, names.key)
    columns = "sighting_id bigint, other_sighting_id bigint, differ boolean"
    judged = engine.mapped("judged_pairs", named, judge, columns)
    return engine.rows(
        "contradicting",
        "select distinct sighting_id, other_sighting_id from judged where differ",
        judged=judged,
    )


def _with_names(engine: Engine, named: Rows, names: SealedNames) -> Rows:
    """Rows with a token and a given_token, and the name they stand for, still sealed."""
    return engine.rows(
        "sealed_names",
        f"""
        select n.*, coalesce(hex(w.sealed), '') || '{_BETWEEN}' || coalesce(hex(g.sealed), '')
            as name
        from named n
        left join sealed w on w.token = n.token
        left join sealed g on g.token = n.given_token
        """,
        named=named, sealed=names.sealed,
    )  # fmt: skip


def _listed_differ(key: TokenKey, rows: pa.Table) -> pa.Table:
    by_node = rows["names"].to_pylist()
    texts = _opened(key, (name for bearers in by_node for names in bearers for name in names))
    plain = ([[texts[name] for name in names] for names in bearers] for bearers in by_node)
    differ = [
        any_differ(name for names in bearers if not any_differ(names) for name in names)
        for bearers in plain
    ]
    return pa.table({"node_id": rows["node_id"], "differ": pa.array(differ, pa.bool_())})


def _pairs_differ(key: TokenKey, rows: pa.Table) -> pa.Table:
    pairs = list(zip(rows["name"].to_pylist(), rows["other_name"].to_pylist(), strict=True))
    texts = _opened(key, (name for pair in pairs for name in pair))
    differ = [names_differ(texts[one], texts[other]) for one, other in pairs]
    ends = rows.select(["sighting_id", "other_sighting_id"])
    return ends.append_column("differ", pa.array(differ, pa.bool_()))


def _opened(key: TokenKey, names: Iterable[str]) -> dict[str, str]:
    """Sealed names → plain ones, each opened once; a name in parts with its comma."""

    def opened(name: str) -> str:
        seals = name.split(_BETWEEN)
        whole, given = (unseal_of(key, bytes.fromhex(seal)) if seal else "" for seal in seals)
        return f"{whole}, {given}" if given else whole

    return {name: opened(name) for name in set(names)}
