"""The bar's family phones, scaled down: generated people, one phone in a hundred a family's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.people.found import quality
from examples.people.plan import Plan
from identity.evaluate import Evaluation
from tests.identity.generated_people import GeneratedPeople, never_reissued, shipped_policy
from tests.identity.worlds import FIRST

pytestmark = pytest.mark.slow
PEOPLE, FAMILIES = 4_000, 40
Scores = tuple[Evaluation, dict[str, tuple[int, int]]]


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scores]:
    """Of people without family phones, with them, and with them where names do not count."""
    silent = shipped_policy()
    by_names = replace(silent, disagree=replace(silent.disagree, names=True))
    found = {}
    for name, families in (("alone", 0), ("families", FAMILIES)):
        plan = Plan(PEOPLE, 1, FIRST, families=families)
        people = GeneratedPeople.of(plan, tmp_path_factory.mktemp(name))
        # A phone that a family was silent on for months may look handed on: names by themselves.
        policies = {name: by_names, f"{name} by names": never_reissued(by_names),
                    f"{name} unnamed": silent}  # fmt: skip
        for label, policy in policies.items():
            records = people.found(people.world(policy))
            found[label] = quality(records), people.merged(records)
    return found


def test_hubs_of_family_phones_keep_precision_and_cost_half_a_point_of_recall(
    scores: dict[str, Scores],
) -> None:
    alone, families = scores["alone"][0], scores["families"][0]
    for ours, without in (
        (families.b_cubed, alone.b_cubed),
        (families.b_cubed_of_elements, alone.b_cubed_of_elements),
    ):
        assert ours.precision >= 0.99
        assert ours.recall >= without.recall - 0.005
    assert alone.true_pair_count > 30_000


def test_names_part_the_families_that_cards_and_limits_leave_joined(
    scores: dict[str, Scores],
) -> None:
    members, merged = scores["families by names"][1]["family"]
    assert (members, merged) == (59, 0)
    assert scores["families unnamed"][1]["family"][1] >= 10
    named, unnamed = (
        scores[f"families {each}"][0].pairwise for each in ("by names", "unnamed")
    )
    assert named.precision == 1 > unnamed.precision
