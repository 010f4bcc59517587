"""Codes for `--accept`: what some check can have is taken, anything else is refused with a list."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs.accept_codes import refuse_unknown
from jobs.definitions import Definitions, load_definitions
from model.errors import UsageError
from quality.breaks import CODES, breaks_of
from quality.checks import TableChecks
from quality.comparisons import DRIFT_CODES, Drift, Night, drift_of
from quality.past import History
from tests.jobs.conftest import onefold
from tests.jobs.tiny_project import write_tiny_project

SHIPPED = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project with checks of every place, and an identity gate of one limit."""
    project = write_tiny_project(tmp_path_factory.mktemp("codes") / "project")
    with (project / "conf/identity.yml").open("a", encoding="utf-8") as file:
        file.write("gate: {merges: 5%}\n")
    with (project / "conf/channels/line.yml").open("a", encoding="utf-8") as file:
        file.write('    checks: [{check: "rows within 40% of last 2 runs", then: hold}]\n')
    tags = project / "tag_definitions/use/trips.yml"
    lines = tags.read_text(encoding="utf-8")
    old = "description: 乘车次数, "
    assert old in lines
    tags.write_text(lines.replace(old, old + 'checks: ["value >= 0"], '), encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def definitions(tiny: Path) -> Definitions:
    return load_definitions(tiny, "local", [])


@pytest.mark.parametrize(
    "code",
    [
        "clean.trips.fare_ge_0", "line.trips.rows_within", "line.trips.no_rows",
        "desk.members.emptied", "desk.members.drift_mix", "tags.customer_tags.trips_7d_ge_0",
        "identity.merges", "desk.members.stale", "desk.members.cut", "line.trips.withdrawn",
        "desk.members.truncated_gzip", "desk.members.missing_column:number",
    ],
)
def test_what_a_check_can_have_is_taken(definitions: Definitions, code: str) -> None:
    refuse_unknown([code], definitions)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("line.trips.rows_whithin", "did you mean 'line.trips.rows_within'?"),
        ("lines.trips.rows_within", "did you mean 'line.trips.rows_within'?"),
        ("clean.trips", "  clean.trips. fare_ge_0"), ("identity.splits", "  identity. merges"),
        ("clean.trips.fare_ge_0.more", "  clean.trips. fare_ge_0"), ("", "  desk.members. …"),
        ("rows_within", "  tags.customer_tags. …"), ("clean", "  clean.trips. …"),
    ],
)
def test_any_other_code_is_refused_with_those_there_are(
    definitions: Definitions, code: str, told: str
) -> None:
    with pytest.raises(UsageError) as error:
        refuse_unknown(["clean.trips.fare_ge_0", code], definitions)
    assert told in str(error.value) and error.value.exit_code == 2
    assert str(error.value).startswith(f"--accept: there is no code {code!r}")


def test_the_codes_of_one_table_or_dataset_are_listed_where_the_code_names_it(
    definitions: Definitions,
) -> None:
    with pytest.raises(UsageError) as error:
        refuse_unknown(["line.trips.x", "clean.trips.y"], definitions)
    lines = str(error.value).splitlines()
    assert [line.split(".")[0].strip() for line in lines[2:4]] == ["line", "clean"]
    assert len(lines) == 5


def test_a_run_with_an_unknown_code_does_not_begin(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--date", "2024-05-01", "--accept", "clean.trips.fare_ge_1", "--reason", "so it is"]
    for more in ([], ["--dry-run"]):
        assert onefold(tiny, "run", *words, *more) == 2
        assert "did you mean 'clean.trips.fare_ge_0'?" in capfd.readouterr().err
    assert not (tiny / "lake").exists()


def test_the_shipped_project_has_codes_of_every_kind() -> None:
    definitions = load_definitions(SHIPPED, "local", [])
    codes = [check.code for table in definitions.checks for check in table.checks]
    refuse_unknown([*codes, "identity.largest_person"], definitions)


def test_breaks_and_drift_have_the_codes_that_are_listed() -> None:
    table, night = TableChecks("a.b", watched=()), Night({}, History(), date(2024, 5, 1))
    assert tuple(code for code, *_ in breaks_of(table, night)) == CODES
    assert tuple(code for code, *_ in drift_of(table, night, Drift(0.1, 0.1, 0.1))) == DRIFT_CODES
