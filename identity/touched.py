"""What changed since the night before, and which identifiers it may make others of.

An identifier is judged (its periods, whether it is a hub) by sightings: its own, those of what is
seen beside it, and how many hold that. So what is judged anew is what lies so near to a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from identity.reissued import CROWD
from identity.rulings import Rulings
from identity.sightings import rank_of
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id
from model.sql_text import date_literal, is_one_of


@dataclass(frozen=True)
class Renamed:
    """Who bears other names than on the last night: `perhaps` (sighting_id) are all that may, `but`
    are those who do, other than some sightings of which that need not be known."""

    perhaps: Rows
    but: Callable[[Rows], Rows]


@dataclass(frozen=True)
class Since:
    """The last night that made the map, what other rules said on it (`ruled_before`, as
    locality.ruled has it), and what they say now. `pairs`: `held_ever` of all slices up to now.
    `renamed` None: there are no names.

    A night that would read more than `largest_share` as many sightings as the map holds is a full
    build.
    """

    night: date
    ruled_before: Rows
    ruled_now: Rows
    pairs: Rows
    renamed: Renamed | None = None
    largest_share: float = 0.4


@dataclass(frozen=True)
class Touched:
    """`sightings` (sighting_id) that changed, their identifiers `held` (node_id), and all that are
    `judged` anew; `spoken_of` (node_id) are those that corrections and joins are about, judged on
    every night. An identifier's node_id is here its plain one, whatever the period; so it is in
    `pairs` (held_ever).
    """

    pairs: Rows
    sightings: Rows
    held: Rows
    spoken_of: Rows
    judged: Rows


def touched(
    engine: Engine, slices: Rows, since: Since, rulings: Rulings, policy: IdentityPolicy,
    business_date: date,
) -> Touched:  # fmt: skip
    """All that may be other than on the night before."""
    pairs = since.pairs
    turned = engine.kept(_turned(engine, slices, pairs, since, business_date))
    held = engine.kept(held_by(engine, pairs, turned))
    spoken_of = engine.kept(_spoken_of(engine, rulings))
    judged = engine.kept(
        engine.rows(
            "judged", "select node_id from held union select node_id from spoken_of "
            "union select node_id from beside",
            held=held, spoken_of=spoken_of, beside=_beside(engine, since, held, policy, rulings),
        )
    )  # fmt: skip
    return Touched(pairs, turned, held, spoken_of, judged)


def held_ever(
    engine: Engine, slices: Rows, policy: IdentityPolicy, known: Rows | None = None
) -> Rows:
    """(sighting_id, node_id, rank, is_weak, is_silent) of all that slices tell, each pair once;
    `known` tells it of some sightings (identity.sightings.identified)."""
    silent = [name for name, kind in policy.kinds.items() if kind.silence]
    kinds = (
        f"cast({rank_of('kind', policy)} as int) as rank, "
        f"{is_one_of('kind', policy.weak_kinds)} as is_weak, "
        f"{is_one_of('kind', silent)} as is_silent"
    )
    others = "" if known is None else "anti join known k on k.sighting_id = s.sighting_id"
    pairs = f"""
        select distinct sighting_id, {node_id("identifier.token")} as node_id, {kinds}
        from (
            select sighting_id, identifier, identifier.kind as kind from (
                select s.sighting_id, explode(s.identifiers) as identifier from slices s {others}
            ) listed
        ) tokens
    """
    if known is None:
        return engine.rows("pairs", pairs, slices=slices)
    both = f"select sighting_id, node_id, {kinds} from known union all {pairs}"
    return engine.rows("pairs", both, slices=slices, known=known)


def _turned(
    engine: Engine, slices: Rows, pairs: Rows, since: Since, business_date: date
) -> Rows:
    """Sightings of the night's slices, those whose days have come, and those of which a ruling says
    otherwise than on the night before, or of one of their identifiers."""
    last, night = date_literal(since.night), date_literal(business_date)
    said = engine.kept(
        engine.rows(
            "said_otherwise",
            """
            select distinct node_id from (
                select node_id from (
                    select node_id, ruling, 1 as was, 0 as is_now from ruled_before
                    union all select node_id, ruling, 0, 1 from ruled_now
                ) both_nights group by node_id, ruling having sum(was) <> sum(is_now)
            ) differing
            """,
            ruled_before=since.ruled_before, ruled_now=since.ruled_now,
        )
    )  # fmt: skip
    came = engine.kept(engine.rows(
        "came",
        f"""
        select sighting_id from slices
        where business_date <= {night} and first_date <= {night}
            and (business_date > {last} or first_date > {last})
        union select node_id from said
        union select p.sighting_id from pairs p semi join said d on d.node_id = p.node_id
        """,
        slices=slices, pairs=pairs, said=said,
    ))  # fmt: skip
    if since.renamed is None:
        return came
    both = "select sighting_id from came union all select sighting_id from renamed"
    return engine.rows("turned", both, came=came, renamed=since.renamed.but(came))


def _spoken_of(engine: Engine, rulings: Rulings) -> Rows:
    """Nodes that joins and names of rulings mean."""
    named = "" if rulings.named is None else f" union select {node_id('token')} from named"
    frames = {} if rulings.named is None else {"named": rulings.named}
    return engine.rows(
        "spoken_of",
        f"select node_id from joins union select other_node_id from joins{named}",
        joins=rulings.joins, **frames,
    )  # fmt: skip


def _beside(
    engine: Engine, since: Since, held: Rows, policy: IdentityPolicy, rulings: Rulings
) -> Rows:
    """Identifiers that others' sightings judge: where one of these changed, they are judged too.

    A name counts beside all that its bearer is seen with (disputed_names), and the bearer is
    another one after it was re-issued.
    """
    given = engine.kept(_perhaps_reissued(engine, since.pairs, held))
    if not policy.disagree.names or rulings.person_names is None:
        return given
    either = "select node_id from held union select node_id from given"
    others = engine.kept(engine.rows("held_or_given", either, held=held, given=given))
    named = rulings.person_names.may_bear(engine)
    if since.renamed is not None:
        both = "select sighting_id from named union all select sighting_id from renamed"
        named = engine.rows("named_ever", both, named=named, renamed=since.renamed.perhaps)
    bearers = engine.kept(_perhaps_bearers(engine, since, others, named))
    return engine.rows(
        "beside", "select node_id from given union select node_id from beside_bearers",
        given=given,
        beside_bearers=held_by(engine, since.pairs, holders(engine, since.pairs, bearers)),
    )  # fmt: skip


def _perhaps_bearers(engine: Engine, since: Since, identifiers: Rows, named: Rows) -> Rows:
    """Those of some identifiers (node_id) that may bear a name on this night or the last: the
    strongest of a sighting that bears one, but for those that rules speak of on either night, which
    they may refuse. `named` (sighting_id) are all that may bear a name."""
    own = engine.few(engine.rows(
        "may_name",
        """
        select p.sighting_id, p.node_id, p.rank from pairs p
        semi join identifiers i on i.node_id = p.node_id
        semi join named n on n.sighting_id = p.sighting_id
        """,
        pairs=since.pairs, identifiers=identifiers, named=named,
    ))  # fmt: skip
    return engine.rows(
        "perhaps_bearers",
        """
        with strongest as (
            select p.sighting_id, min(p.rank) as rank from pairs p
            semi join own o on o.sighting_id = p.sighting_id
            anti join (
                select node_id from ruled_before union select node_id from ruled_now
            ) r on r.node_id = p.node_id
            group by p.sighting_id
        )
        select distinct o.node_id from own o
        left join strongest s on s.sighting_id = o.sighting_id
        where s.rank is null or o.rank <= s.rank
        """,
        pairs=since.pairs, own=own,
        ruled_before=since.ruled_before, ruled_now=since.ruled_now,
    )  # fmt: skip


def _perhaps_reissued(engine: Engine, pairs: Rows, held: Rows) -> Rows:
    """Identifiers that may be re-issued, or may not any longer.

    That is told by what stands beside one, by what stands beside that, and by whether that names a
    single owner: a crowd comes and goes by one sighting (reissued).
    """
    strong = engine.kept(
        engine.rows(
            "strong_pairs", "select sighting_id, node_id from pairs where not is_weak", pairs=pairs
        )
    )
    crowds = engine.few(engine.rows(
        "crowds_touched",
        f"""
        select p.node_id from strong p semi join held h on h.node_id = p.node_id
        group by p.node_id having count(*) > {CROWD}
        """,
        strong=strong, held=held,
    ))  # fmt: skip
    around = held_by(engine, strong, holders(engine, strong, crowds))
    # Kept, so that an engine knows how few they are before it looks for them among all pairs.
    beside = engine.kept(engine.rows(
        "perhaps_beside",
        "select sighting_id from near union select sighting_id from far",
        near=holders(engine, strong, held), far=holders(engine, strong, around),
    ))  # fmt: skip
    silent = engine.rows("silent_pairs", "select * from pairs where is_silent", pairs=pairs)
    return held_by(engine, silent, beside)


def holders(engine: Engine, pairs: Rows, identifiers: Rows) -> Rows:
    """The sightings (sighting_id) that hold one of the identifiers (node_id)."""
    holding = """
        select distinct p.sighting_id from pairs p semi join held h on h.node_id = p.node_id
    """
    return engine.few(engine.rows("holders", holding, pairs=pairs, held=identifiers))


def held_by(engine: Engine, pairs: Rows, sightings: Rows) -> Rows:
    """The identifiers (node_id) that one of the sightings (sighting_id) holds."""
    held = """
        select distinct p.node_id from pairs p semi join those t on t.sighting_id = p.sighting_id
    """
    return engine.few(engine.rows("held_by", held, pairs=pairs, those=sightings))
