"""Generated people with planted shapes, scaled down: bridges between two persons, and hubs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from examples.people.found import quality
from examples.people.plan import Plan
from identity.evaluate import Evaluation, Scores
from model.identity_policy import IdentityPolicy
from tests.examples.people_dumps import of
from tests.identity.generated_people import GeneratedPeople, shipped_policy
from tests.identity.worlds import FIRST, World

pytestmark = pytest.mark.slow
PEOPLE = 4_000  # with a million people: 20,000 bridges, 20,000 members with the store's phone, …
BRIDGES, FAMILIES = 80, 40


@dataclass(frozen=True)
class Found:
    """What a policy makes of people: their records, each with its OneID, and how good these are."""

    people: GeneratedPeople
    world: World
    records: pd.DataFrame
    quality: Evaluation

    @classmethod
    def of(cls, people: GeneratedPeople, policy: IdentityPolicy) -> Found:
        world = people.world(policy)
        found = people.found(world)
        records = people.records.merge(found.to_pandas(), on=["channel", "record_id", "person"])
        return cls(people, world, records.dropna(subset=["one_id"]), quality(found))

    def wrong_merges(self, other_than: str) -> int:
        """How many OneIDs are two persons', by records that show more than the shared number alone:
        that may be anybody's who has it."""
        sure = self.records[~self.records["words"].str.fullmatch(f"({other_than}):[^ ]+")]
        return int((sure.groupby("one_id")["person"].nunique() > 1).sum())


@pytest.fixture(scope="module")
def policy() -> IdentityPolicy:
    return shipped_policy()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, policy: IdentityPolicy) -> Found:
    """Nothing is planted: the measure of what a shape costs."""
    plan = Plan(PEOPLE, 1, FIRST)
    return Found.of(GeneratedPeople.of(plan, tmp_path_factory.mktemp("alone")), policy)


@pytest.fixture(scope="module")
def with_hubs(tmp_path_factory: pytest.TempPathFactory, policy: IdentityPolicy) -> Found:
    plan = Plan(PEOPLE, 1, FIRST, store_phone=80, kiosk=20, mailboxes=20, families=FAMILIES)
    return Found.of(GeneratedPeople.of(plan, tmp_path_factory.mktemp("hubs")), policy)


def test_planted_bridges_leave_nobody_two_national_ids_and_cost_a_point_of_recall_at_most(
    alone: Found, policy: IdentityPolicy, tmp_path: Path
) -> None:
    plan = Plan(PEOPLE, 1, FIRST, bridges=BRIDGES)
    found = Found.of(GeneratedPeople.of(plan, tmp_path / "bridges"), policy)
    assert len(of(found.people.events, "bridge")) == BRIDGES
    assert found.wrong_merges("phone|email") == 0
    cards = pd.DataFrame(row._asdict() for row in found.world.open("one_ids"))
    cards = cards[cards["kind"] == "national_id"]
    assert cards["one_id"].nunique() == cards["node_id"].nunique() > BRIDGES
    for ours, without in _b_cubed(found, alone):
        assert ours.recall >= without.recall - 0.01


def test_hubs_keep_precision_and_cost_half_a_point_of_recall_at_most(
    alone: Found, with_hubs: Found
) -> None:
    for ours, without in _b_cubed(with_hubs, alone):
        assert ours.precision >= 0.99
        assert ours.recall >= without.recall - 0.005
    assert alone.quality.true_pair_count > 30_000


def test_names_part_families_that_cards_and_limits_leave_joined(
    with_hubs: Found, policy: IdentityPolicy
) -> None:
    unnamed = replace(policy, disagree=replace(policy.disagree, names=False))
    assert len(of(with_hubs.people.events, "family")) > FAMILIES
    assert with_hubs.wrong_merges("phone") <= 1
    assert Found.of(with_hubs.people, unnamed).wrong_merges("phone") >= 4


def _b_cubed(found: Found, without: Found) -> list[tuple[Scores, Scores]]:
    """B-cubed of true clusters of equal weight, and of records of equal weight."""
    ours, theirs = found.quality, without.quality
    return [
        (ours.b_cubed, theirs.b_cubed),
        (ours.b_cubed_of_elements, theirs.b_cubed_of_elements),
    ]
