"""A night that looks at what changed only: the rows of a full build, to the last one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.worlds import KINDS, World, night, node

ALL = 100.0  # however much of the map is looked at: no night becomes a full build
SIZE = 4


@st.composite
def sets(draw: st.DrawFn) -> str:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True))
    return " ".join(sorted(f"{kind}:{draw(st.integers(1, SIZE))}" for kind in kinds))


@st.composite
def nights(draw: st.DrawFn) -> list[dict[str, list]]:
    """What happens on each night: sightings come, go and are seen again; rulings begin and end."""
    words = st.lists(sets(), max_size=8)
    identifiers = st.sampled_from([f"{kind}:{n}" for kind in KINDS for n in range(1, SIZE + 1)])
    ends = st.tuples(identifiers, identifiers)
    return draw(st.lists(
        st.fixed_dictionaries({
            "come": words, "go": st.lists(st.integers(0, 40), max_size=5),
            "late": words, "refused": st.lists(identifiers, max_size=1),
            "joins": st.lists(ends, max_size=1),
            "facts": st.lists(st.tuples(identifiers, st.sampled_from("ab")), max_size=2),
            "pins": st.lists(st.tuples(identifiers, st.integers(1, 9)), max_size=1),
        }),
        min_size=2, max_size=4,
    ))  # fmt: skip


def on(world: World, number: int, happens: dict[str, list]) -> World:
    """The world with what one night brings; its rulings are that night's only."""
    rows = list(world.rows)
    next_world = replace(world, rows=rows)
    next_world.see(*happens["come"], on=number)
    next_world.see(*happens["late"], on=number, day=night(number + 1))
    standing = [row for row in world.rows if row["row_count"] > 0]
    for place in happens["go"]:
        if place < len(standing):
            rows.append(standing[place] | {"business_date": night(number), "row_count": -1})
    return replace(
        next_world, refused=tuple(happens["refused"]),
        joins=tuple((node(one), node(other)) for one, other in happens["joins"]),
        facts=tuple((node(each), "apart", value) for each, value in happens["facts"]),
        pins=tuple((node(each), number) for each, number in happens["pins"]),
    )  # fmt: skip


def held_to_full_builds(world: World, happening: list[dict[str, list]], **how: object) -> None:
    for number, happens in enumerate(happening, 1):
        world = on(world, number, happens)
        full = replace(world, tables=dict(world.tables)).run(number)
        world = replace(world, tables=dict(world.tables)).run(number, largest_share=ALL, **how)
        found, expected = world.contents(), full.contents()
        for name in expected:
            assert found[name] == expected[name], f"{name} of night {number}"


@settings(max_examples=300, deadline=None)
@given(nights())
def test_a_night_that_looks_at_what_changed_gives_the_rows_of_a_full_build(
    happening: list[dict[str, list]],
) -> None:
    held_to_full_builds(World(), happening)
