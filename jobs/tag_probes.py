"""What decided a derived tag: a branch, band, share or score, computed beside the tag itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from jobs.rederived_tags import Place
from language.condition_words import told
from tags.definitions import Bins, Body, Calc, Case, Cases, Rfm, Tag, TagBook, TagColumn
from tags.derived_sql import RFM_QUANTITIES
from tags.rule_shapes import Stages

# Tags beside those of the book; no tag's name begins with _.
VALUE, BRANCH = "_probe_value", "_probe_branch"


@dataclass(frozen=True)
class Decided:
    """What a person's columns were when a tag was decided: `row` by column, probes among them;
    `places` of what is ranked, among `others`. `hides_value`: the value banded is made of what is
    masked."""

    row: Mapping[str, Any]
    places: Mapping[str, Place]
    hides_value: bool
    others: str = "persons"


def probed(book: TagBook, tag: Tag) -> tuple[TagBook, tuple[str, ...]]:
    """The book with tags that tell what decided one of its tags, and their names."""
    probes = {probe.name: probe for probe in _probes(tag)}
    return replace(book, tags={**book.tags, **probes}), tuple(probes)


def _probes(tag: Tag) -> Iterator[Tag]:
    body = tag.body.branches if isinstance(tag.body, Stages) else tag.body
    if isinstance(body, Cases):
        numbered = tuple(Case(n, case.when) for n, case in enumerate(body.cases))
        numbers = Cases(numbered, len(numbered))
        yield _probe(tag, TagColumn(BRANCH, type="integer"), numbers)
    elif isinstance(body, Bins):
        expression = body.expression
        yield _probe(tag, TagColumn(VALUE, type=expression.type), Calc(expression))


def _probe(tag: Tag, column: TagColumn, body: Body) -> Tag:
    return replace(
        tag, name=column.name, columns=(column,), body=body, absent=None, override="never"
    )


def decision(tag: Tag, found: Decided) -> tuple[str, ...]:
    """What decided the tag's value, in words, a line each; none where rows alone do."""
    return tuple(_DECISIONS.get(type(tag.body), lambda *_: ())(tag, found))


def _of_calc(tag: Tag, found: Decided) -> Iterator[str]:
    if isinstance(tag.body, Calc):
        yield f"expression: {tag.body.expression.text}"


def _of_bins(tag: Tag, found: Decided) -> Iterator[str]:
    if not isinstance(tag.body, Bins):
        return
    body, value = tag.body, found.row[VALUE]
    shown = "…" if found.hides_value else value
    yield f"{body.expression.text} = {'missing' if value is None else shown}"
    if value is None:
        return
    if body.edges:
        place = _edges_reached(body.edges, value)
        yield f"{body.codes[place]}: {_between(body.edges, place)}"
        return
    above, count = found.places[tag.columns[0].name]
    if above is not None:
        place = _edges_reached(_sums(body.shares), Decimal(above * 100) / count)
        standing = _standing(above, count, found.others)
        yield f"{standing}: {body.codes[place]} {_share(body.shares, place)}"


def _edges_reached(edges: Sequence[Decimal], value: Any) -> int:
    """How many edges a value has reached, compared as the engines do: doubles with doubles."""
    if isinstance(value, float):
        return bisect_right([float(edge) for edge in edges], value)
    return bisect_right(edges, value)


def _between(edges: Sequence[Decimal], place: int) -> str:
    ends = [f"{edges[place - 1]:f} reached"] if place else []
    ends += [f"below {edges[place]:f}"] if place < len(edges) else []
    return ", ".join(ends)


def _sums(shares: Sequence[Decimal]) -> list[Decimal]:
    return [sum(shares[: n + 1], Decimal(0)) for n in range(len(shares))]


def _share(shares: Sequence[Decimal], place: int) -> str:
    sums = [Decimal(0), *_sums(shares), Decimal(100)]
    return f"takes {sums[place]:f} % to {sums[place + 1]:f} %"


def _standing(above: int, count: int, others: str) -> str:
    return f"{above} of {count} {others} stand above, {above * 100 / count:.1f} %"


def _of_cases(tag: Tag, found: Decided) -> Iterator[str]:
    body = tag.body.branches if isinstance(tag.body, Stages) else tag.body
    if not isinstance(body, Cases):
        return
    number = found.row[BRANCH]
    if number < len(body.cases):
        case = body.cases[number]
        words = f"{case.value} when {told(case.when)}"
        yield f"branch {number + 1} of {len(body.cases)} holds first: {words}"
    else:
        yield f"none of {len(body.cases)} branches holds: else {body.otherwise}"


def _of_rfm(tag: Tag, found: Decided) -> Iterator[str]:
    if not isinstance(tag.body, Rfm):
        return
    body, scores = tag.body, tag.columns[1:]
    for quantity, (name, column) in enumerate(zip(body.inputs, scores, strict=True)):
        value, score = found.row[name], found.row[column.name]
        why = "one of the three is missing" if score is None else ""
        if score is not None and body.edges:
            place = _edges_reached(body.edges[quantity], value)
            why = _between(body.edges[quantity], place) or "no edge"
        elif score is not None:
            above, count = found.places[column.name]
            why = _standing(above or 0, count, found.others)
        yield f"{RFM_QUANTITIES[quantity]}: {name} = {value}, score {score}: {why}"


_DECISIONS: Mapping[type, Callable[[Tag, Decided], Iterator[str]]] = {
    Calc: _of_calc, Bins: _of_bins, Cases: _of_cases, Stages: _of_cases, Rfm: _of_rfm,
}
