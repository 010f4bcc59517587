"""What the night's graph is made of: of all sightings, or of those of which something changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from identity.bonds import bonds_before
from identity.found import Slices
from identity.graph import attached_links, identifier_nodes
from identity.guards import hubs
from identity.history import has_rows, holding_before, opened_since
from identity.judged import Judged, NightBefore, judged
from identity.known_periods import plain_nodes
from identity.locality import is_local
from identity.periods import REISSUED, WINDOW, cut_at, periods
from identity.region import Region, region, region_at_most
from identity.rulings import Rulings, without_names
from identity.sightings import check_numbers, holdings, identified
from identity.touched import Since, touched
from model.engines import Engine, Part, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of


@dataclass(frozen=True)
class Histories:
    """All rows of the identity tables as they are found; empty before the first night."""

    nodes: Rows
    links: Rows
    hubs: Rows
    rejected_links: Rows
    one_ids: Rows
    events: Rows

    @property
    def with_validity(self) -> tuple[Rows, ...]:
        """Those whose rows hold from a night to a night."""
        return self.nodes, self.links, self.hubs, self.rejected_links, self.one_ids


@dataclass(frozen=True)
class Again:
    """What a night looks at where it does not look at everything, what that is read from, and what
    held before; `keyed` is the whole map before (Bonds)."""

    slices: Slices
    judged: Judged
    region: Region
    before: NightBefore
    keyed: Rows

    def numbers_ever(self, engine: Engine, one_ids: Rows, members: Rows) -> Rows:
        """The rows of identity.one_ids that numbering `members` anew may read, read once: those of
        all numbers that their persons or one of them ever had, and of the largest."""
        numbers = engine.rows(
            "numbers_ever",
            """
            select one_id from numbers_again
            union select h.one_id from history h semi join members m on m.node_id = h.node_id
            where h.valid_to is not null
            union select max(one_id) from (
                select -min(key) as one_id from keyed
                union all select max(one_id) from closed where valid_to is not null
            ) largest
            """,
            numbers_again=self.region.numbers, history=one_ids, closed=one_ids, members=members,
            keyed=self.keyed,
        )  # fmt: skip
        return engine.kept(engine.part_of(one_ids, Part("one_id", engine.kept(numbers))))

    @property
    def of_nodes(self) -> Part:
        """Rows of identifiers judged anew, whose number is of all that they are."""
        what = ("kind", "scope", "token", "period_from")
        return Part("node_id", self.judged.pieces, fixed=what)

    @property
    def of_hubs(self) -> Part:
        """Rows of the hubs among these."""
        return Part("node_id", self.judged.pieces)

    @property
    def of_sightings(self) -> Part:
        """Rows of sightings whose persons are found anew."""
        return Part("sighting_id", self.region.sightings)

    def of_numbers(self, numbers_ever: Rows) -> Part:
        """Rows of the map of these persons."""
        return Part("one_id", self.region.numbers, among=numbers_ever)


@dataclass(frozen=True)
class Ground:
    """`known` are the sightings looked at, identified (identity.sightings), of which all else is
    made. `held` are holdings by period, `across` those of them that lie across periods. `nodes`,
    `hubs` and `cuts` are rows of the night's tables: of identifiers judged tonight. `all_nodes` are
    the identifiers held, `hub_nodes` (node_id) which nodes are hubs; `rulings` are about nodes."""

    known: Rows
    held: Rows
    across: Rows
    cuts: Rows
    nodes: Rows
    hubs: Rows
    all_nodes: Rows
    hub_nodes: Rows
    rulings: Rulings


def looked_at(
    engine: Engine, sightings: Rows, rulings: Rulings, histories: Histories, policy: IdentityPolicy,
    business_date: date, since: Since | None,
) -> Again | None:  # fmt: skip
    """What a night looks at; None: everything."""
    if since is None or since.night >= business_date or not is_local(policy):
        return None
    # What an earlier night's run took back of this one waits, as claims, wherever it was.
    if has_rows(engine, opened_since(engine, histories.one_ids, business_date)):
        return None
    found = touched(engine, sightings, since, rulings, policy, business_date)

    def held(history: Rows) -> Rows:
        return holding_before(engine, history, business_date)

    before = NightBefore(
        engine.kept(plain_nodes(engine, held(histories.nodes))),
        attached_links(engine, held(histories.links), policy), engine.kept(held(histories.hubs)),
        engine.kept(held(histories.rejected_links)), held(histories.one_ids),
    )
    bonds = bonds_before(engine, found.pairs, before, policy)
    at_most = region_at_most(engine, found, before, bonds, rulings)
    slices = Slices(engine, sightings, rulings.refused, policy, business_date)
    known = judged(engine, slices, found, at_most.sightings, rulings, before, policy)
    part = region(engine, found, known, bonds, at_most, policy)
    counts = engine.one_row(
        "region_share",
        """
        select (select count(*) from read_again) + (select count(*) from region) as again,
            (select count(*) from keyed where is_sighting) as before
        """,
        read_again=known.seen.sightings, region=part.sightings, keyed=bonds.keyed,
    )  # fmt: skip
    is_small = counts["again"] <= since.largest_share * counts["before"]
    return Again(slices, known, part, before, bonds.keyed) if is_small else None


def whole_ground(
    engine: Engine, sightings: Rows, rulings: Rulings, policy: IdentityPolicy, business_date: date
) -> Ground:
    """The ground of all sightings (slices of identity.sightings)."""
    if rulings.person_names is not None:
        rulings = replace(rulings, person_names=rulings.person_names.of_all)
    # Read by every step: sums and refusals are done once.
    known = engine.kept(identified(engine, sightings, rulings.refused, policy, business_date))
    cut = periods(engine, holdings(engine, known), rulings, policy)
    held = engine.kept(cut.held)
    nodes = engine.kept(identifier_nodes(engine, held))
    check_numbers(engine, known, nodes, policy)
    told = without_names(engine, rulings, nodes)
    found = engine.kept(hubs(engine, held, nodes, policy, told.person_names))
    return Ground(known, held, cut.across, cut.cuts, nodes, found, nodes, found, told)


def ground_again(engine: Engine, policy: IdentityPolicy, again: Again) -> Ground:
    """The ground of the region; identifiers are as judged anew, or as the night before had them."""
    found, sightings = again.judged, again.region.sightings
    known, held, across, nodes = found.seen.rows, found.held, found.cut.across, found.all_nodes
    others = again.slices.beside(found.seen, sightings)
    if others is not None:
        cut, cut_across = cut_at(engine, holdings(engine, others.rows), found.cut.starts)
        cut = engine.kept(cut)
        nodes = engine.kept(_and_others(engine, nodes, identifier_nodes(engine, cut)))
        known, held, across = (
            engine.together("more_of_region", some, more)
            for some, more in ((known, others.rows), (held, cut), (across, cut_across))
        )
        check_numbers(engine, known, nodes, policy)

    def of_region(rows: Rows) -> Rows:
        theirs = "select h.* from held h semi join those s on s.sighting_id = h.sighting_id"
        return engine.kept(engine.rows("of_region", theirs, held=rows, those=sightings))

    return Ground(
        known, of_region(held), of_region(across), found.cut.cuts, found.nodes, found.hubs, nodes,
        found.all_hubs, found.rulings,
    )  # fmt: skip


def _and_others(engine: Engine, nodes: Rows, more: Rows) -> Rows:
    """The nodes, and those of others that are not among them."""
    return engine.rows(
        "all_nodes",
        """
        select * from nodes
        union all select m.* from more m anti join nodes n on n.node_id = m.node_id
        """,
        nodes=nodes, more=more,
    )


def all_rejected(engine: Engine, rejected: Rows, again: Again) -> Rows:
    """The links refused tonight: of what was looked at, and as before of all else. They are few."""
    cuts = is_one_of("rule", (WINDOW, REISSUED))
    return engine.rows(
        "all_rejected",
        f"""
        select b.sighting_id, b.node_id, b.kind, b.rule
        from before_night b anti join sightings s on s.sighting_id = b.sighting_id where not {cuts}
        union all
        select b.sighting_id, b.node_id, b.kind, b.rule
        from before_night b anti join pieces p on p.node_id = b.node_id where {cuts}
        union all
        select sighting_id, node_id, kind, rule from rejected
        """,
        before_night=again.before.rejected_links, rejected=rejected,
        sightings=again.region.sightings, pieces=again.judged.pieces,
    )  # fmt: skip
