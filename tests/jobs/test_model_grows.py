"""A model gets columns that the lake of its earlier nights has never seen: there they are null."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.jobs.conftest import onefold
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
WHOLE = "      full_name: {type: text, pii: high, mask: name}\n"
PARTS = """\
      family: {type: text, pii: high, mask: name, read_from: {column: full_name, as: family_name}}
      given: {type: text, pii: high, read_from: {column: full_name, as: given_name}}
"""


def grown(project: Path, folder: Path) -> Path:
    """A copy of a project whose model has got parts of its names."""
    copy = Path(shutil.copytree(project, folder / "project"))
    model = copy / "conf/model.yml"
    text = model.read_text(encoding="utf-8")
    assert WHOLE in text
    model.write_text(text.replace(WHOLE, WHOLE + PARTS), encoding="utf-8")
    return copy


def asked(project: Path, capfd: pytest.CaptureFixture[str], statement: str) -> list[str]:
    capfd.readouterr()
    assert onefold(project, "sql", "--format", "csv", statement) == 0
    return capfd.readouterr().out.split()


def test_a_lake_of_before_has_the_new_columns_null_and_new_rows_fill_them(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = grown(nights[0], tmp_path)
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0
    found = asked(
        project, capfd,
        "select account_id, full_name_mask, family_mask, given_mask, arrived_date "
        "from clean.members where account_id in ('d1', 'd2') order by all",
    )  # fmt: skip
    assert found[1:] == [
        f"d1,王**,,,{NIGHTS[0]}", f"d1,王**,****,****,{NIGHTS[1]}", f"d2,李**,,,{NIGHTS[0]}",
    ]  # fmt: skip


def test_a_night_without_rows_for_the_table_reads_the_new_columns_as_null(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = grown(nights[0], tmp_path)
    counted = "select count(*) as n, count(family_token) as told from clean.members"
    of_before = asked(project, capfd, counted)
    (dump,) = (project / "landing/desk" / str(NIGHTS[1])).iterdir()
    header, *_ = dump.read_text(encoding="gbk").splitlines(keepends=True)
    dump.write_text(header, encoding="gbk")
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0
    assert asked(project, capfd, counted) == of_before == ["n,told", "4,0"]
    persons = asked(project, capfd, "select count(family_mask) as n from identity.golden_profiles")
    assert persons == ["n", "0"]
    views = (project / "lake/views/duckdb.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(views)
        connection.execute("select family_mask from by_person.members")
