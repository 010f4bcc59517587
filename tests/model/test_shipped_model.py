"""The shipped conf/model.yml: complete, titled in both languages, and no value shown by mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model.canonical import CanonicalModel, CanonicalTable, read_model
from model.errors import Problems
from model.strict_yaml import load_yaml
from privacy.masks import MASKS

FILE = Path(__file__).parents[2] / "conf/model.yml"
TABLES = (
    "profiles", "orders", "order_lines", "events", "interactions", "visits", "activities",
    "surveys", "service_cases", "memberships", "referrals", "consents", "products", "stores",
    "campaigns",
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> CanonicalModel:
    problems = Problems()
    found = read_model(load_yaml(FILE, problems), problems)
    problems.raise_if_any()
    return found


def test_the_model_has_the_tables_and_objects_of_a_retail_platform(model: CanonicalModel) -> None:
    assert tuple(model.tables) == TABLES
    assert set(model.objects) >= {"person", "product", "store", "household", "person_store"}


def test_everything_a_user_sees_has_a_chinese_and_an_english_title(model: CanonicalModel) -> None:
    titled = {**model.objects, **model.tables} | {
        f"{table.name}.{name}": column
        for table in model.tables.values() for name, column in table.columns.items()
    }  # fmt: skip
    for name, each in titled.items():
        assert re.search("[\u4e00-\u9fff]", each.title), f"{name}: no Chinese title"
        assert re.search("[A-Za-z]", each.title_en), f"{name}: no English title"
        assert each.title_en.isascii() or "×" in each.title_en, f"{name}: {each.title_en}"


def test_a_value_that_is_pii_high_has_a_mask_that_is_known(model: CanonicalModel) -> None:
    for table in model.tables.values():
        for name, column in table.columns.items():
            assert column.mask in MASKS, name
            assert column.pii == "high" or column.mask == "hidden", name


def test_enums_list_their_values_and_other_types_list_none(model: CanonicalModel) -> None:
    for table in model.tables.values():
        for name, column in table.columns.items():
            assert bool(column.values) == (column.type == "enum"), f"{table.name}.{name}"


def test_every_table_has_a_time_that_dates_its_rows(model: CanonicalModel) -> None:
    def dated(table: CanonicalTable) -> bool:
        return table.time is not None and table.columns[table.time].type == "timestamp"

    assert [table.name for table in model.tables.values() if not dated(table)] == []
