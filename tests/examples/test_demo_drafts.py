"""The demo's dumps, drafted as if nobody had described them: near to the shipped files."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.complete_journey.generate import generate
from ingestion.channels import Dataset, read_channels
from jobs.command_line import main
from jobs.definitions import load_definitions, load_ground
from model.errors import Problems
from model.strict_yaml import parse_yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
FIRST = "2017-09-28"


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dumps of a small demo's first night."""
    folder = tmp_path_factory.mktemp("dumps")
    generate(60, FIRST, 1, folder)
    return folder / "landing"


def _mapping(dataset: Dataset) -> dict[str, str]:
    """Header of the dump → canonical column, of every column that one field gives."""
    return {
        dataset.entry.fields[name].headers(name)[0]: f"{table.table.name}.{column.name}"
        for table in dataset.tables if not table.one_row_per
        for column in table.columns for name in column.value.columns
        if name in dataset.entry.fields and not column.part
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "dataset", "below", "most_lost"),
    [
        ("accounts", "accounts", "accounts", 2),  # its "address" is the street alone
        ("crm", "members", "crm", 3),
        ("pos", "lines", "pos", 2),
        ("shop", "orders", "shop/orders", 1),
        ("shop", "items", "shop/items", 1),
        ("app", "events", "app", 1),
        ("wechat", "messages", "wechat", 1),
    ],
)
def test_a_draft_is_sound_and_finds_nearly_all_the_columns_a_person_found(
    channel: str, dataset: str, below: str, most_lost: int, landing: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    sample = min((landing / below / FIRST).iterdir())
    words = ["--project", str(ROOT), "--landing", str(landing), "--from", str(sample)]
    assert main(["channels", "new", *words, "--name", channel, "--dataset", dataset]) == 0
    told = capfd.readouterr()
    assert "to do" not in told.err
    project, policy = load_ground(ROOT, "local", [])
    problems = Problems()
    node = parse_yaml(told.out, f"{channel}.yml", problems)
    (drafted,) = read_channels({f"{channel}.yml": node}, project.model, policy, problems)
    assert problems.found == []

    shipped = next(
        each for one in load_definitions(ROOT, "local", []).channels for each in one.datasets
        if each.full_name == f"{channel}.{dataset}"
    )  # fmt: skip
    found, wanted = _mapping(drafted.datasets[0]), _mapping(shipped)
    lost = {header: column for header, column in wanted.items() if found.get(header) != column}
    assert len(lost) <= most_lost, lost
    kinds = {(s.kind, shipped.entry.fields[s.field].headers(s.field)[0]) for s in shipped.slots}
    own = drafted.datasets[0]
    assert {(s.kind, own.entry.fields[s.field].headers(s.field)[0]) for s in own.slots} == kinds
