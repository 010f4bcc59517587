"""What the keys of a dataset's rows are made of, and what is wrong with a record that lacks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ingestion.channels import Dataset
from language.aggregates import Aggregate
from language.binding import quoted


class KeyPart(NamedTuple):
    """What a key is made of, and the reason code of a record that lacks it."""

    code: str
    sql: str
    field: str | None
    where: str | None


def key_parts(dataset: Dataset) -> Iterator[KeyPart]:
    """All that makes keys and may be missing; fields that say so themselves are left out."""
    required = {name for name, field in dataset.entry.fields.items() if field.required}
    required |= set(dataset.accounts)
    for table in dataset.tables:
        for column in table.key:
            if not isinstance(column.value, Aggregate) and column.field not in required:
                code = f"{table.table.name}.{column.name}:missing"
                yield KeyPart(code, column.value.sql, column.field, table.where)
        for field in table.one_row_per:
            if field not in required:
                yield KeyPart(f"{field}:missing", quoted(field), field, None)
