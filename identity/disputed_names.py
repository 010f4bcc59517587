"""Names beside identifiers: which of them bear names that cannot be one person's.

Values are opened where they are compared, in tasks; only the judgement comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from identity.names import any_differ, differing, names_differ
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id
from model.sql_text import is_one_of
from privacy.tokens import TokenKey, unseal_of

_BETWEEN = "|"  # the seals of a family's and of a given name, as hexadecimal digits
_NEXT, _OF = "\n", "\t"  # between identifiers; between kind, scope and number
_Beside = dict[tuple[str, str], set[str]]


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

    @property
    def of_all(self) -> SealedNames:
        """The names of everybody, for whoever reads them all time and again."""
        return self

    def may_bear(self, engine: Engine) -> Rows:
        """The sightings (sighting_id, some of them time and again) that bear a name, and perhaps
        others that once did."""
        bearing = "select sighting_id from borne"
        return engine.rows("may_bear", bearing, borne=self.borne)

    def among(self, engine: Engine, sightings: Rows) -> SealedNames:
        """The names that some sightings (sighting_id) bear."""
        theirs = "select b.* from borne b semi join those t on t.sighting_id = b.sighting_id"
        rows = engine.rows("borne_among", theirs, borne=self.borne, those=sightings)
        return SealedNames(engine.kept(rows), self.sealed, self.key)


def disputed_identifiers(
    engine: Engine, held: Rows, among: Rows, names: SealedNames, policy: IdentityPolicy
) -> Rows:
    """(node_id) of the identifiers `among` beside which two names cannot be one person's.

    The bearer of a name is the strongest identifier of its sighting, mostly an account. Its name
    counts beside all weaker identifiers that are seen with it, in whichever sighting, unless it
    bears names that cannot be one person's itself. `held` are the holdings. Only identifiers beside
    two different names are looked at. Any two of them dispute it, so no order of rows decides; but
    not those of two bearers that something else speaks of:

    - Beside each stands one value of a never-merge kind, and not the same: the link that joins the
      two is cut where they meet, and the identifier keeps one of them.
    - They share strong identifiers of two kinds. A family shares a phone; who shares an e-mail too
      has had the name misspelt, or another's written.
    """
    beside = _names_beside(engine, held, among, names)
    listed = _listed(engine, held, beside, names, policy)
    judge = partial(_listed_differ, names.key, policy.never_merge_kinds)
    judged = engine.mapped("judged_names", listed, judge, "node_id bigint, differ boolean")
    return engine.rows("disputed", "select node_id from judged where differ", judged=judged)


def _listed(
    engine: Engine, held: Rows, beside: Rows, names: SealedNames, policy: IdentityPolicy
) -> Rows:
    """(node_id, names, told): per identifier beside two different names those of each bearer, and
    what stands beside each (_beside_bearers); `beside` as _names_beside has it."""
    # Read for the names and for what stands beside their bearers.
    several = engine.kept(engine.rows(
        "several_names",
        """
        select b.* from beside b semi join (
            select node_id from (select distinct node_id, token, given_token from beside) named
            group by node_id having count(*) > 1
        ) n on n.node_id = b.node_id
        """,
        beside=beside,
    ))  # fmt: skip
    return engine.rows(
        "listed_names",
        """
        select b.node_id, array_agg(b.names) as names, array_agg(v.told) as told
        from (
            select node_id, bearer, array_agg(name) as names from spelt group by node_id, bearer
        ) b join beside_bearers v on v.bearer = b.bearer
        group by b.node_id
        """,
        spelt=_with_names(engine, several, names),
        beside_bearers=_beside_bearers(engine, held, several, policy),
    )


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


def _beside_bearers(engine: Engine, held: Rows, named: Rows, policy: IdentityPolicy) -> Rows:
    """(bearer, told): per bearer of `named` the strong identifiers seen with it, itself too, as one
    text (_told)."""
    return engine.rows(
        "beside_bearers",
        f"""
        with beside as (
            select distinct b.bearer, v.kind, v.scope, {plain_id("v")} as number
            from (select distinct bearer from named) b
            join held h on h.node_id = b.bearer
            join held v on v.sighting_id = h.sighting_id
            where not {is_one_of("v.kind", policy.weak_kinds)} or v.node_id = b.bearer
        )
        select bearer, concat_ws('{_NEXT}', array_agg(
            concat(kind, '{_OF}', scope, '{_OF}', cast(number as string))
        )) as told
        from beside group by bearer
        """,
        held=held, named=named,
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


def _listed_differ(key: TokenKey, never_merge: Collection[str], rows: pa.Table) -> pa.Table:
    by_node = rows["names"].to_pylist()
    texts = _opened(key, (name for bearers in by_node for names in bearers for name in names))
    differ = [
        _is_disputed(
            [([texts[name] for name in names], _told(text))
             for names, text in zip(bearers, told, strict=True)],
            never_merge,
        )
        for bearers, told in zip(by_node, rows["told"].to_pylist(), strict=True)
    ]  # fmt: skip
    return pa.table({"node_id": rows["node_id"], "differ": pa.array(differ, pa.bool_())})


def _told(text: str) -> _Beside:
    """Kind and scope → the numbers of its identifiers that stand beside a bearer."""
    beside: _Beside = {}
    for kind, scope, number in (each.split(_OF) for each in text.split(_NEXT)):
        beside.setdefault((kind, scope), set()).add(number)
    return beside


def _is_disputed(
    bearers: Iterable[tuple[list[str], _Beside]], never_merge: Collection[str]
) -> bool:
    """Whether the names of two bearers differ of whom nothing else speaks."""
    by_name: dict[str, list[_Beside]] = {}
    for names, beside in bearers:
        if not any_differ(names):
            for name in names:
                by_name.setdefault(name, []).append(beside)
    return any(
        not _is_settled(one, other, never_merge)
        for name, other_name in differing(by_name)
        for one in by_name[name] for other in by_name[other_name]
    )  # fmt: skip


def _is_settled(one: _Beside, other: _Beside, never_merge: Collection[str]) -> bool:
    """Whether what stands beside two bearers keeps them apart anyhow, or says that they are one."""
    rules = one.keys() & other.keys()
    both = [(rule[0], one[rule], other[rule]) for rule in rules]
    shared_kinds = {kind for kind, numbers, others in both if numbers & others}
    return len(shared_kinds) > 1 or any(
        kind in never_merge and len(numbers) == len(others) == 1 and numbers != others
        for kind, numbers, others in both
    )


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
