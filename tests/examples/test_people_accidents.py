"""Accidents of generated dumps: each hits one channel of one night, in the way its name says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from examples.people.accidents import ACCIDENTS, landed_file, main
from examples.people.generate import generate
from examples.people.plan import usual_plan

START, NIGHT = date(2024, 6, 1), date(2024, 6, 2)
Rows = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accidents")
    generate(usual_plan(2_000, 2, START), folder)
    return folder


@pytest.fixture
def befallen(folder: Path, tmp_path: Path) -> Callable[[str], tuple[Path, set[str]]]:
    """Makes an accident happen to a copy: its folder, and the landed files that differ."""

    def befall(name: str) -> tuple[Path, set[str]]:
        copy = Path(shutil.copytree(folder, tmp_path / name))
        assert main([str(copy), NIGHT.isoformat(), name]) == 0
        before, after = (files(each / "landing") for each in (folder, copy))
        names = before.keys() | after.keys()
        return copy, {name for name in names if before.get(name) != after.get(name)}

    return befall


def files(landing: Path) -> dict[str, bytes]:
    return {
        path.relative_to(landing).as_posix(): path.read_bytes() for path in landing.rglob("*.csv")
    }


def rows_of(folder: Path, channel: str, night: date = NIGHT) -> pd.DataFrame:
    file = landed_file(folder / "landing", channel, night)
    delimiter = ";" if channel == "accounts" else ","
    return pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False)


def test_there_are_twelve(folder: Path) -> None:
    assert len(ACCIDENTS) == 12


@pytest.mark.parametrize("name", list(ACCIDENTS))
def test_an_accident_hits_one_channel_of_its_night(
    name: str, befallen: Callable[[str], tuple[Path, set[str]]]
) -> None:
    _, changed = befallen(name)
    assert len(changed) == 1
    assert all(path.split("/")[1] == NIGHT.isoformat() for path in changed)


@pytest.mark.parametrize(
    ("name", "channel", "column", "distinct"),
    [
        ("no_emails", "accounts", "email", {""}),
        ("one_email", "accounts", "email", {"kefu@qingyou.test"}),
        ("one_device", "app", "did", {"a0000000-0000-4000-8000-000000000001"}),
        ("one_phone", "crm", "手机", {"13912345678"}),
    ],
)
def test_one_column_is_one_value_and_the_others_stay(
    name: str, channel: str, column: str, distinct: set[str], folder: Path,
    befallen: Callable[[str], tuple[Path, set[str]]],
) -> None:  # fmt: skip
    before, after = (rows_of(each, channel) for each in (folder, befallen(name)[0]))
    assert len(before) > 5
    assert set(after[column]) == distinct
    pd.testing.assert_frame_equal(after.drop(columns=column), before.drop(columns=column))


def test_swapped_and_shifted_and_rounded_rows_keep_all_else(
    folder: Path, befallen: Callable[[str], tuple[Path, set[str]]]
) -> None:
    before = rows_of(folder, "crm")
    swapped = rows_of(befallen("swapped_columns")[0], "crm")
    assert swapped["手机"].tolist() == before["电子邮箱"].tolist()
    assert swapped["电子邮箱"].tolist() == before["手机"].tolist()
    assert swapped.columns.tolist() == before.columns.tolist()
    shifted = rows_of(befallen("shifted_numbers")[0], "crm")
    numbers = before["会员卡号"].tolist()
    assert shifted["会员卡号"].tolist() == [numbers[-1], *numbers[:-1]]
    assert shifted["手机"].tolist() == before["手机"].tolist()
    rounded = rows_of(befallen("rounded_numbers")[0], "crm")
    assert rounded["会员卡号"].tolist() == [f"{n[0]}.{n[1:3]}E+10" for n in numbers]


def test_sources_are_doubled_missing_empty_cut_or_of_yesterday(
    folder: Path, befallen: Callable[[str], tuple[Path, set[str]]]
) -> None:
    doubled, _ = befallen("doubled_source")
    second = doubled / "landing" / "pos" / NIGHT.isoformat() / "tickets_2.csv"
    receipts = pd.read_csv(second, dtype=str, keep_default_na=False)
    assert receipts.iloc[::-1].to_numpy().tolist() == rows_of(doubled, "pos").to_numpy().tolist()
    missing, _ = befallen("missing_source")
    assert list((missing / "landing" / "shop" / NIGHT.isoformat()).iterdir()) == []
    assert len(rows_of(befallen("empty_source")[0], "wechat")) == 0
    cut, _ = befallen("cut_source")
    whole, part = (
        landed_file(each / "landing", "service", NIGHT).read_bytes() for each in (folder, cut)
    )
    assert whole.startswith(part) and 0 < len(part) <= len(whole) / 2
    assert not part.endswith(b"\n")
    again, _ = befallen("source_of_yesterday")
    assert (
        landed_file(again / "landing", "pos", NIGHT).read_bytes()
        == landed_file(folder / "landing", "pos", START).read_bytes()
    )
