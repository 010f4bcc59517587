"""What a batch says of identifiers: each refusal is told once, by its kind and reason."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest

from identity.normalise import NORMALISERS, tidy
from ingestion.batch_rules import BatchRules, RawBatch
from ingestion.entries import FieldEntry
from ingestion.known_values import KnownValues
from ingestion.slots import IdentifierSlot
from ingestion.standard_batch import judged_batch
from model.identity_policy import IdentifierKind
from tests.identity.golden_cases import cases


def told(
    kinds: Mapping[str, tuple[str, IdentifierKind]], values: Mapping[str, Sequence[str | None]]
) -> list[str]:
    """`_refused` of records whose fields hold these values; `kinds` are name and rules, by slot."""
    fields = [slot.partition("/")[0] for slot in kinds]
    rules = BatchRules(
        fields={field: FieldEntry() for field in values},
        slots=[
            (IdentifierSlot(field, name, "global"), kind)
            for field, (name, kind) in zip(fields, kinds.values(), strict=True)
        ],
        accounts=(), key_faults=(), time_zone="UTC", days={}, zone_of_days="UTC", deleted=None,
        high={}, steps=(), shared={}, presence={}, outputs={"_refused": "string"},
    )  # fmt: skip
    count = len(next(iter(values.values())))
    batch = RawBatch(
        lines=pa.array(range(1, count + 1), pa.int64()),
        texts=pa.array(["x\n"] * count, pa.string()),
        problems=pa.nulls(count, pa.string()),
        values={name: pa.array(texts, pa.string()) for name, texts in values.items()},
    )
    found: list[str] = judged_batch(batch, rules, KnownValues())["_refused"].to_pylist()
    return found


@pytest.mark.parametrize("name", NORMALISERS)
def test_every_refused_value_is_told_with_its_kind_and_reason(name: str) -> None:
    listed = list(cases(name))
    for kind in {case.kind for case in listed}:
        own = [case for case in listed if case.kind == kind]
        found = told({"field": ("named", kind)}, {"field": [case.value for case in own]})
        assert found == [f"named:{case.reason}" if case.reason else "" for case in own]


def test_values_that_are_none_and_blanks_are_no_refusals() -> None:
    kind = IdentifierKind(1, "phone")
    assert told({"a": ("phone", kind)}, {"a": ["", " ", "\u3000", None]}) == [""] * 4


def test_all_fields_of_a_record_are_told_and_a_field_of_several_kinds_by_its_first() -> None:
    kinds = {
        "login/1": ("phone", IdentifierKind(1, "phone")),
        "login/2": ("email", IdentifierKind(2, "email")),
        "device": ("device", IdentifierKind(3, "imei")),
    }
    values = {
        "login": ["13812345678", "li@mail.cn", "li@mail", "010-62345678", "li@mail"],
        "device": ["490154203237518", "490154203237510", "0" * 15, "x", "490154203237518"],
    }
    assert all(tidy(value) for texts in values.values() for value in texts)
    found = told(kinds, values)
    assert found == [
        "", "device:bad_check_digit", "phone:bad_shape,device:zeroed",
        "phone:not_a_mobile,device:bad_shape", "phone:bad_shape",
    ]  # fmt: skip
    assert Counter(code for each in found for code in each.split(",") if code) == {
        "phone:bad_shape": 2, "phone:not_a_mobile": 1, "device:bad_check_digit": 1,
        "device:zeroed": 1, "device:bad_shape": 1,
    }  # fmt: skip
