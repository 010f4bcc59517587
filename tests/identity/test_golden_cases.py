"""Golden cases: every value in the tables of golden_cases/ becomes what its line says, and the
libraries that know such values say the same, but for the differences that the lines name."""

import re
import uuid
from collections import Counter
from collections.abc import Callable
from typing import get_args

import phonenumbers
import pyarrow as pa
import pytest
from stdnum import exceptions, imei, luhn
from stdnum.cn import ric

from identity import normalise
from identity.normalise import NORMALISERS, normalised, tidy
from identity.reasons import IdentifierReason
from tests.identity.golden_cases import FOLDER, Case, cases

CASES = [case for name in NORMALISERS for case in cases(name)]
FEWEST = 600
COUNTRIES = 10


def id_of(case: Case) -> str:
    return case.place


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_a_value_is_spelt_or_refused_as_its_line_says(case: Case) -> None:
    text = tidy(case.value)
    assert normalise.judged(text, case.kind) == (case.spelling, case.reason)
    assert normalised(case.value, case.kind) == case.spelling
    if case.spelling is not None:
        assert normalised(case.spelling, case.kind) == case.spelling, "a spelling is its own"


def test_the_tables_are_spelt_at_once_as_line_by_line() -> None:
    for kind in {case.kind for case in CASES}:
        own = [case for case in CASES if case.kind == kind]
        texts = pa.array([tidy(case.value) for case in own], pa.string())
        assert normalise.spellings(texts, kind).to_pylist() == [case.spelling for case in own]


def test_every_kind_has_a_table_of_values_that_it_takes_and_refuses() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NORMALISERS)
    told = Counter((case.kind.normalise, case.reason is None) for case in CASES)
    assert min(told[name, is_taken] for name in NORMALISERS for is_taken in (True, False)) >= 5
    assert len(CASES) >= FEWEST


def test_no_line_says_what_another_says() -> None:
    lines = Counter((case.kind, case.value) for case in CASES)
    assert [key for key, count in lines.items() if count > 1] == []


def test_phones_are_of_ten_countries_and_more_with_china_first() -> None:
    regions = Counter(case.kind.region for case in CASES if case.kind.normalise == "phone")
    assert len(regions) > COUNTRIES
    assert regions.most_common(1)[0][0] == "CN"
    for region in regions:
        found = [case for case in CASES if case.kind == regional(region)]
        assert any(case.spelling for case in found)
        assert any(case.reason for case in found)


def regional(region: str) -> normalise.IdentifierKind:
    return normalise.IdentifierKind(1, "phone", region=region)


def test_every_reason_is_told_by_a_case_and_no_other() -> None:
    assert {case.reason for case in CASES if case.reason} == set(get_args(IdentifierReason))


def by_phonenumbers(case: Case) -> str | None:
    try:
        number = phonenumbers.parse(case.value, case.kind.region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def by_ric(case: Case) -> str | None:
    card = re.sub(r"[\s-]", "", tidy(case.value)).upper()  # ric takes no blanks within
    if len(card) == 15 and card.isdigit():
        long = f"{card[:6]}19{card[6:]}"
        card = long + ric.calc_check_digit(long + "0")
    try:
        return ric.validate(card)
    except (exceptions.ValidationError, KeyError):  # KeyError: of a county that it does not know
        return None


def by_imei(case: Case) -> str | None:
    try:
        type_allocation, serial, _ = imei.split(imei.validate(tidy(case.value)))
    except exceptions.ValidationError:
        return None
    return type_allocation + serial + luhn.calc_check_digit(type_allocation + serial)


def by_uuid(case: Case) -> str | None:
    try:
        return str(uuid.UUID(tidy(case.value)))
    except ValueError:
        return None


PEERS: dict[str, Callable[[Case], str | None]] = {
    "phone": by_phonenumbers, "cn_id_card": by_ric, "imei": by_imei, "idfa": by_uuid,
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind.normalise in PEERS], ids=id_of
)
def test_a_known_library_says_the_same_or_the_line_names_the_difference(case: Case) -> None:
    same = case.spelling or "none"
    assert case.peer != same, "a difference that is none"
    assert (PEERS[case.kind.normalise](case) or "none") == (case.peer or same)


def test_only_tables_with_a_library_to_ask_name_differences() -> None:
    told = {case.kind.normalise for case in CASES if case.peer}
    assert told == set(PEERS)
