"""OneID on the demo against its truth: who was joined, who was kept apart, and whose id stayed."""

from __future__ import annotations

import pandas as pd
import pytest
from deltalake import DeltaTable

from examples.complete_journey.evaluate import pair_scores
from examples.complete_journey.found import accounts_found, planted_outcome
from privacy.tokens import load_key, token_of
from tests.examples.conftest import Demo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def accounts(demo: Demo) -> pd.DataFrame:
    return accounts_found(demo.folder)


def _identity(demo: Demo, table: str) -> pd.DataFrame:
    return DeltaTable(str(demo.lake / "identity" / table)).to_pandas()


def _valid(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["valid_to"].isna()]


def _planted(demo: Demo, flag: str) -> pd.DataFrame:
    links = pd.read_parquet(demo.truth / "links.parquet")
    return links[links["planted"] == flag]


def test_what_the_demo_says_of_planted_values_is_that_nobody_was_joined_by_them(
    demo: Demo,
) -> None:
    *planted, ids = planted_outcome(demo.folder).splitlines()
    assert [line.split()[1] for line in planted] == ["hub", "bridge", "family", "placeholder"]
    assert all(line.endswith(", 0 OneIDs hold two persons") for line in planted)
    assert ids.startswith("persons with two national ids: 0; links rejected: ")


def test_pairs_of_accounts_are_found_and_nobody_else_is_joined(accounts: pd.DataFrame) -> None:
    scores = pair_scores(accounts[~accounts["is_device"]])
    assert scores.of_chains.true_pair_count > 50
    assert scores.precision >= 0.99
    assert scores.recall_of_chained >= 0.98


def test_the_store_phone_is_a_hub_and_joins_nobody(demo: Demo, accounts: pd.DataFrame) -> None:
    shared = _planted(demo, "hub")
    hubs = _valid(_identity(demo, "hubs"))
    assert shared["person"].nunique() > 2
    assert set(shared["kind"]) <= set(hubs["kind"])
    ends = shared.merge(
        accounts[["kind", "value", "one_id"]],
        left_on=["record_kind", "record_value"], right_on=["kind", "value"],
    )  # fmt: skip
    assert ends.groupby("one_id")["person"].nunique().max() == 1


def test_no_person_has_two_national_ids_and_every_bridge_is_a_rejected_link(demo: Demo) -> None:
    one_ids = _valid(_identity(demo, "one_ids"))
    cards = one_ids[one_ids["kind"] == "national_id"].groupby("one_id")["node_id"].nunique()
    nodes = _identity(demo, "nodes")
    rejected = _valid(_identity(demo, "rejected_links")).merge(nodes, on="node_id")
    key = load_key({}, demo.folder / "secrets" / "pseudonym.key", create=False)
    bridges = _planted(demo, "bridge")[["kind", "value"]].drop_duplicates()
    tokens = {token_of(key, row.kind, "global", row.value) for row in bridges.itertuples()}
    assert len(tokens) >= 3
    assert cards.max() == 1
    # The second owner of some of them came after ninety days of silence.
    assert tokens <= set(rejected.loc[rejected["rule"] != "window", "token"])


def test_ids_of_the_first_night_are_those_of_the_last(demo: Demo) -> None:
    one_ids, first = _identity(demo, "one_ids"), demo.nights[0]
    then = one_ids[one_ids["valid_from"] == first].set_index("node_id")["one_id"]
    now = _valid(one_ids).set_index("node_id")["one_id"]
    both = pd.concat([then.rename("then"), now.rename("now")], axis=1, join="inner")
    events = _identity(demo, "one_id_events")
    changed = events[(events["business_date"] > first) & (events["event"] != "minted")]
    touched = set(changed["one_id"]) | set(changed["other_one_id"].dropna())
    steady = both[~both["then"].isin(touched)]
    assert len(steady) > 300
    assert (steady["then"] == steady["now"]).all()
