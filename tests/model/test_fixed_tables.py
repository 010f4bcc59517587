"""The contracts of the tables every lake has."""

from __future__ import annotations

import pytest

from model.contracts import TableContract
from model.fixed_tables import FIXED_TABLES


@pytest.mark.parametrize("contract", FIXED_TABLES, ids=lambda contract: contract.full_name)
def test_tables_and_columns_are_titled_in_both_languages(contract: TableContract) -> None:
    assert contract.title
    assert contract.title_en
    assert [c.name for c in contract.columns if not (c.title and c.title_en)] == []


@pytest.mark.parametrize("contract", FIXED_TABLES, ids=lambda contract: contract.full_name)
def test_keys_and_slices_are_columns_of_their_table(contract: TableContract) -> None:
    assert set(contract.key) <= set(contract.column_names)
    assert contract.sliced_by is None or contract.sliced_by in contract.column_names


def test_no_two_tables_share_a_name() -> None:
    names = [contract.full_name for contract in FIXED_TABLES]
    assert len(set(names)) == len(names)
    assert "ops.audit" in names
