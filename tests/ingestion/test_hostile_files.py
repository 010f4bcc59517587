"""The hostile corpus through pre-flight and the readers: the right code, and no record lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.arrivals import arrived_files
from ingestion.batch_rules import BatchRules
from ingestion.ingest import IngestionContext
from ingestion.layout import Layout, layout_of
from ingestion.planning import LedgerEntry, PlannedFile, plan_files
from ingestion.preflight import refusal_of
from ingestion.record_types import Tally
from ingestion.standard import batch_rules
from ingestion.standards import Standards
from model.errors import InputMissingError
from model.settings import IngestionSettings
from tests.ingestion.fixtures import KEY, NIGHT, context, sound_channel
from tests.ingestion.hostile_files import BOMBS, CORPUS, HostileFile, sound
from tests.ingestion.reading import standard_columns

ROOT = Path(__file__).resolve().parents[2]
INTO = "{orders: {columns: {order_id: id, paid_at: at, amount: amount, line_count: qty}}}"
MOST_MEMORY = 2_000_000  # kilobytes


def rules_of(case: HostileFile, night: IngestionContext) -> tuple[Layout, BatchRules]:
    _, dataset = sound_channel("channel: hostile\ndatasets:\n" + case.dataset(INTO))
    standards = Standards(dataset, night.policy, KEY, night.time_zone, NIGHT, keep_raw=False)
    return layout_of(dataset, IngestionSettings()), batch_rules(standards)


def written(case: HostileFile, folder: Path) -> Path:
    path = folder / case.file_name
    path.write_bytes(case.make())
    return path


def test_the_corpus_is_large_and_no_two_cases_share_a_name() -> None:
    names = [case.name for case in (*CORPUS, *BOMBS)]
    assert len(names) == len(set(names)) >= 60


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_or_every_record_of_it_accounted_for(
    case: HostileFile, scratch: Path
) -> None:
    how, rules = rules_of(case, context(scratch))
    path = written(case, scratch)
    assert refusal_of(path, how) == case.refused
    if case.refused:
        return
    tally = Tally()
    standard = standard_columns(path, how, rules, tally)
    lines = standard["lines"]
    reasons = [each.split(",") for each in standard["_reasons"] if each]

    told = (tally.header, tally.blank, len(lines) - len(reasons))
    assert told == (case.header, case.blank, case.accepted)
    assert Counter(code for codes in reasons for code in codes) == Counter(case.quarantined)
    assert tally.lines == tally.header + tally.blank + len(lines)
    assert len(set(lines)) == len(lines)
    refused = ",".join(each for each in standard["_refused"] if each)
    assert Counter(refused.split(",") if refused else []) == Counter(case.refused_identifiers)


PROBE = """
import json, resource, sys
from pathlib import Path
from tests.ingestion.fixtures import context
from tests.ingestion.hostile_files import BOMBS, CORPUS
from tests.ingestion.test_hostile_files import refusal_of, rules_of
folder = Path(sys.argv[1])
night = context(folder)
cases = [each for each in (*BOMBS, *CORPUS) if (folder / each.name).is_dir()]
told = {c.name: refusal_of(folder / c.name / c.file_name, rules_of(c, night)[0]) for c in cases}
print(json.dumps([told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


@pytest.mark.slow
def test_bombs_are_told_in_bounded_memory(scratch: Path) -> None:
    """In a process of their own, whose peak memory is theirs."""
    large = [case for case in CORPUS if case.name in ("line_of_5_mb", "columns_21000")]
    for case in (*BOMBS, *large):
        (scratch / case.name).mkdir()
        written(case, scratch / case.name)
    out = subprocess.run(
        [sys.executable, "-c", PROBE, str(scratch)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    told, kilobytes = json.loads(out.splitlines()[-1])
    assert told == {case.name: case.refused for case in (*BOMBS, *large)}
    assert kilobytes < MOST_MEMORY


def planned(landing: Path, ledger: list[LedgerEntry]) -> tuple[list[PlannedFile], int]:
    """The files a night takes of a dataset of csv files, and how many it knows already."""
    case = HostileFile("any", sound)
    channel, dataset = sound_channel("channel: hostile\ndatasets:\n" + case.dataset(INTO))
    plan = plan_files(arrived_files(landing, channel, dataset, NIGHT), ledger, NIGHT, dataset)
    return list(plan.take), len(plan.same)


@pytest.fixture
def folder(scratch: Path) -> Path:
    """Where the dataset's files of the night arrive."""
    folder = scratch / "landing" / "hostile" / NIGHT.isoformat() / "csv" / "any"
    folder.mkdir(parents=True)
    return folder


def test_the_same_file_twice_is_known_and_new_bytes_supersede(folder: Path, scratch: Path) -> None:
    path = folder / "[a]*?.csv"
    path.write_bytes(sound())
    [first], _ = planned(scratch / "landing", [])
    earlier = LedgerEntry(first.path, first.sha256, 1, NIGHT - timedelta(days=1))
    assert planned(scratch / "landing", [earlier]) == ([], 1)
    path.write_bytes(sound(3))
    [again], same = planned(scratch / "landing", [earlier])
    assert (again.state, again.generation, same) == ("superseded", 2, 0)


def test_links_out_of_the_landing_root_are_not_followed(folder: Path, scratch: Path) -> None:
    outside = scratch / "secret.csv"
    outside.write_bytes(sound())
    (folder / "f.csv").symlink_to(outside)
    (folder / "g.csv").symlink_to(folder / "nowhere.csv")
    (folder / ".hidden.csv").write_bytes(sound())
    files, _ = planned(scratch / "landing", [])
    assert [(file.path[-5:], file.refusal) for file in files] == [
        ("f.csv", "outside_landing_root"), ("g.csv", "outside_landing_root"),
    ]  # fmt: skip


def test_a_file_that_vanishes_is_asked_for_again(scratch: Path) -> None:
    how, _ = rules_of(HostileFile("any", sound), context(scratch))
    with pytest.raises(InputMissingError, match="still be arriving"):
        refusal_of(scratch / "gone.csv", how)
