"""`onefold explain link`: why two are one person, or what keeps them apart; no Spark session."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from rich.console import Console

from identity.apart import (
    REFUSED,
    Cut,
    Place,
    Rejection,
    cuts_between,
    days_of,
    rejection,
    rejections,
    rejections_around,
    with_days,
)
from identity.corrections import Correction
from identity.explain import IdentityTables, Link, links_of_person, strongest_path
from identity.rulings import CANNOT_LINK
from identity.shared_in_vain import shared_in_vain
from jobs.audit import record_command
from jobs.common_arguments import Common
from jobs.corrections import corrections_of
from jobs.cut_words import Told, told_cut
from jobs.explanation_page import Explanation, as_json, show_page
from jobs.identifier_lookup import FoundNode, PublishedIdentifiers, published_identifiers
from jobs.link_ends import End, both_ends, place_of
from jobs.night import key_of
from jobs.questions import published_or_refused
from model.errors import UsageError
from model.fixed_tables import HUBS, LINKS, NODES, ONE_IDS, REJECTED_LINKS, SIGHTINGS


def show(given: Common, words: Sequence[str], reveal: bool, is_json: bool) -> None:
    """Prints how two values or OneIDs of the published night come to be one person, or why not.

    UsageError (exit 2) where they are not two, InputMissingError (4) where nobody was ever seen
    with one or no night is published. What is revealed is audited.
    """
    asked = _two(words or sys.stdin.read().splitlines())
    definitions = given.definitions()
    root = definitions.project.lake_root
    night = published_or_refused(root)
    with published_identifiers(definitions, night, key_of(definitions.project)) as known:
        standing = corrections_of(root, tags=False)
        holding = [each for each in standing if each.holds_on(night.business_date)]
        found = explained(known, both_ends(known, asked, holding), holding)
        plain = known.plain(found.tokens) if reveal else {}
        names = {token: value for token, (_, value) in plain.items()} or known.shown(found.tokens)
    if reveal:
        record_command(root, ["explain link --reveal"], None, len(names))
    if is_json:
        told = {"business_date": str(night.business_date), **as_json(found, names)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        show_page(Console(), found, names)


def _two(words: Sequence[str]) -> tuple[str, str]:
    match [word.strip() for word in words if word.strip()]:
        case [one, other]:
            return one, other
    raise UsageError(
        f"expected two, each kind:value or a OneID; found {len(words)}. Without words, they are "
        "read from standard input, one a line"
    )


def explained(
    known: PublishedIdentifiers, ends: tuple[End, End], corrections: Sequence[Correction]
) -> Explanation:
    """Why two ends are one person on the night or are not; `corrections` are those that hold."""
    one, other = ends
    if one.place is None or other.place is None:
        return Explanation(ends, None)
    tables = _tables(known)
    if one.place == other.place and one.place.is_person and one.node_id and other.node_id:
        links = _links(known, tables, one.place.number, corrections)
        return Explanation(ends, strongest_path(links, one.node_id, other.node_id) or ())
    return Explanation(ends, None, _cuts(known, tables, one.place, other.place, corrections))


def _tables(known: PublishedIdentifiers) -> IdentityTables:
    hold = known.holding
    return IdentityTables(
        known.night.business_date, hold(SIGHTINGS), hold(NODES), hold(LINKS), hold(HUBS),
        hold(REJECTED_LINKS), hold(ONE_IDS),
    )  # fmt: skip


def _links(
    known: PublishedIdentifiers, tables: IdentityTables, one_id: int,
    corrections: Iterable[Correction],
) -> list[Link]:  # fmt: skip
    """The links of a person, and the corrections that join identifiers of it."""
    ranks = {name: kind.rank for name, kind in known.definitions.policy.kinds.items()}
    rows = known.engine.arrow(links_of_person(known.engine, tables, one_id)).to_pylist()
    links = [
        Link(**row | {"sources": tuple(row["sources"]), "rank": ranks.get(row["kind"], len(ranks))})
        for row in rows
    ]
    for each, nodes in _about(known, "link", corrections):
        if {place_of(node) for node in nodes} == {Place(True, one_id)}:
            (one, other), (first, second) = nodes, each.ends
            links.append(Link(
                one.node_id, other.node_id, second.kind, second.scope, second.token,
                f"link {each.correction_id}", 0, other_token=first.token,
            ))  # fmt: skip
    return links


def _cuts(
    known: PublishedIdentifiers, tables: IdentityTables, one: Place, other: Place,
    corrections: Sequence[Correction],
) -> tuple[Told, ...]:  # fmt: skip
    """What keeps two apart, in words."""
    engine, policy = known.engine, known.definitions.policy
    rejected = engine.kept(rejections(engine, tables))

    def around(places: Collection[Place]) -> Iterator[Rejection]:
        rows = rejections_around(engine, rejected, places)
        return map(rejection, engine.arrow(rows).to_pylist())

    cuts = cuts_between(one, other, around, _shared(known, tables, one, other))
    rules = {cut.rule for cut in cuts}
    said = [cut for cut in _unlinked(known, {one, other}, corrections) if cut.rule not in rules]
    cuts = (*said, *cuts)
    days = engine.arrow(days_of(engine, tables, cuts)).to_pylist()
    values = known.plain({cut.token for cut in cuts if cut.rule == REFUSED})
    return tuple(told_cut(cut, corrections, values, policy) for cut in with_days(cuts, days))


def _shared(
    known: PublishedIdentifiers, tables: IdentityTables, one: Place, other: Place
) -> list[Cut]:
    """What two persons share in vain; nothing where one of the places is nobody's."""
    if not (one.is_person and other.is_person):
        return []
    shadow = [each.name for each in known.definitions.channels if each.status == "shadow"]
    rows = shared_in_vain(
        known.engine, tables, (one.number, other.number), shadow, known.definitions.policy
    )
    return [Cut(**row) for row in known.engine.arrow(rows).to_pylist()]


def _unlinked(
    known: PublishedIdentifiers, places: Collection[Place], corrections: Iterable[Correction]
) -> Iterator[Cut]:
    """The corrections that keep two apart, be there a link that they could cut or none."""
    for each, nodes in _about(known, "unlink", corrections):
        if {place_of(node) for node in nodes} == places:
            end = each.ends[1]
            rule = f"{CANNOT_LINK}{each.correction_id}"
            yield Cut(rule, end.kind, end.scope, end.token, nodes[1].node_id, None)


def _about(
    known: PublishedIdentifiers, kind: str, corrections: Iterable[Correction]
) -> Iterator[tuple[Correction, list[FoundNode]]]:
    """The corrections of a kind, each with the nodes that its two ends are: of an identifier that
    was re-issued the one that had begun on the correction's first night (identity.rulings)."""
    asked = [each for each in corrections if each.kind == kind]
    found = known.nodes_of({end.token for each in asked for end in each.ends}) if asked else {}
    for each in asked:
        nodes = [_held_on(found.get(end.token, ()), each.from_date) for end in each.ends]
        yield each, [node for node in nodes if node is not None]


def _held_on(nodes: Sequence[FoundNode], day: date) -> FoundNode | None:
    """The last node that had begun by a day, or the first; None where there is none."""
    begun = [node for node in nodes if node.first_date <= day]
    return next(iter(begun[-1:] or nodes[:1]), None)
