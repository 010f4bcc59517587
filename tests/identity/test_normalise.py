"""Identifiers in one spelling: what people write, and the judgement of two known libraries."""

import random
from collections.abc import Sequence
from dataclasses import replace

import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import exceptions
from stdnum.cn import ric

from identity import normalise
from identity.normalise import normalised, tidy
from model.identity_policy import IdentifierKind

TEXT, PHONE, EMAIL, CARD, DEVICE = (
    IdentifierKind(rank=1, normalise=name)  # type: ignore[arg-type]
    for name in ("text", "phone", "email", "cn_id_card", "device")
)


def judged(
    values: Sequence[str | None], kind: IdentifierKind
) -> list[tuple[str | None, str | None]]:
    """(normalised value, reason of refusal) of each, as ingestion and look-ups judge it."""
    texts = [tidy(value or "") for value in values]
    found = [normalise.judged(text, kind) if text else (None, None) for text in texts]
    assert [normalised(value or "", kind) for value in values] == [is_ for is_, _ in found]
    return found


KINDS = (TEXT, PHONE, EMAIL, CARD, DEVICE, replace(PHONE, region="ZZ"))
ADDRESSES = st.from_regex(r"(mailto:)?[a-zA-Z0-9.!'_@+-]{1,70}@[A-Za-z0-9.-]{1,20}", fullmatch=True)
NUMBERS = st.from_regex(
    r"[+0(]{0,3}(86|860)?[ )-]?1[0-9]{8,11}([ x转-]{0,2}[0-9]{0,3})?", fullmatch=True
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("a\n\x7f甲", max_size=300)


@given(st.lists(ADDRESSES | NUMBERS | WORDS | st.none(), max_size=12), st.sampled_from(KINDS))
def test_a_batch_is_spelt_as_its_values_are_one_by_one(
    texts: list[str | None], kind: IdentifierKind
) -> None:
    tidied = [tidy(text or "") or None for text in texts]
    expected = [text and normalise.judged(text, kind)[0] for text in tidied]
    assert normalise.spellings(pa.array(tidied, pa.string()), kind).to_pylist() == expected


PHONES = [
    "13812345678", "+8613812345678", "+86 138 1234 5678", "008613812345678", "86-138-1234-5678",
    "138-1234-5678", " 138 1234 5678\u3000", "１３８１２３４５６７８", "＋８６ 13812345678",
    "(+86)138 1234 5678", "13812345678 转 123", "13812345678x12", "13812345678 ext. 9",
    "+86 013812345678",
]  # fmt: skip


def test_a_chinese_mobile_number_has_one_spelling() -> None:
    assert judged(PHONES, PHONE) == [("+8613812345678", None)] * len(PHONES)


def test_what_is_no_number_is_refused_with_its_reason_and_nothing_is_no_number() -> None:
    values = ["1.38E+10", "n/a", "1381234567", "010-12345678", "+8612012345678", "", "  ", None]
    assert judged(values, PHONE) == [
        (None, "bad_shape"), (None, "bad_shape"), (None, "bad_shape"), (None, "bad_shape"),
        (None, "not_a_mobile"), (None, None), (None, None), (None, None),
    ]  # fmt: skip


def test_numbers_that_phonenumbers_calls_mobile_are_well_formed_and_spelt_alike() -> None:
    chance = random.Random(7)
    values = [f"1{chance.randrange(30, 100)}{chance.randrange(10**8):08d}" for _ in range(400)]
    found = judged(values, PHONE)
    mobile = phonenumbers.PhoneNumberType.MOBILE
    for value, (is_, _) in zip(values, found, strict=True):
        number = phonenumbers.parse(value, "CN")
        if phonenumbers.number_type(number) == mobile:
            e164 = phonenumbers.PhoneNumberFormat.E164
            assert is_ == phonenumbers.format_number(number, e164)
    assert sum(is_ is not None for is_, _ in found) > 200
    assert sum(is_ is None for is_, _ in found) > 50


def test_numbers_of_other_countries_need_their_prefix() -> None:
    assert judged(["+1 (202) 555-0143", "0044 20 7946 0958"], PHONE) == [
        ("+12025550143", None), ("+442079460958", None),
    ]  # fmt: skip


@pytest.mark.parametrize("length", [18, 15])
def test_id_cards_agree_with_stdnum(length: int) -> None:
    chance = random.Random(length)
    values = [id_card(chance, length) for _ in range(300)]
    found = judged(values, CARD)
    assert sum(is_ is not None for is_, _ in found) > 100
    assert sum(is_ is None for is_, _ in found) > 20
    for value, (is_, why) in zip(values, found, strict=True):
        long = value if length == 18 else value[:6] + "19" + value[6:]
        long = long if length == 18 else long + ric.calc_check_digit(long + "0")
        assert (is_, why is None) == ((long.upper(), True) if is_valid(long) else (None, False))


def id_card(chance: random.Random, length: int) -> str:
    """A number that is right two times in three, of an area whose code is always in force."""
    area = chance.choice(["110101", "310104", "310110"])
    year, month = chance.randrange(1940, 2005), chance.randrange(1, 14)
    born = f"{year}{month:02d}{chance.randrange(1, 32):02d}"
    body = f"{area}{born}{chance.randrange(1000):03d}"
    if length == 15:
        return area + born[2:] + body[-3:]
    digit = ric.calc_check_digit(body + "0")
    digit = digit if chance.random() < 0.8 else chance.choice("0123456789X")
    return body + (digit.lower() if chance.random() < 0.5 else digit)


def is_valid(card: str) -> bool:
    try:
        ric.validate(card)
    except exceptions.ValidationError:
        return False
    return True


def test_id_cards_are_refused_for_shape_date_or_check_digit() -> None:
    values = ["11010519491231002x", "110105 19491231 002X", "110105194912310021",
              "110105194913310026", "11010519491231", "990105194912310025"]  # fmt: skip
    assert judged(values, CARD) == [
        ("11010519491231002X", None), ("11010519491231002X", None), (None, "bad_check_digit"),
        (None, "bad_date"), (None, "bad_shape"), (None, "bad_shape"),
    ]  # fmt: skip


def test_emails_are_lower_case_and_of_a_sane_shape() -> None:
    values = [" Li.Lei@Mail.CN ", "mailto:a+b@x-y.co", "ｌｉ@mail.cn", "li lei@mail.cn", "li@mail",
              "li..lei@mail.cn", "@mail.cn", "li@@mail.cn", f"{'l' * 65}@mail.cn"]  # fmt: skip
    assert judged(values, EMAIL) == [
        ("li.lei@mail.cn", None), ("a+b@x-y.co", None), ("li@mail.cn", None),
        *[(None, "bad_shape")] * 5, (None, "too_long"),
    ]  # fmt: skip


def test_devices_are_lower_case_and_placeholders_stay_well_formed() -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    values = ["{6F9619FF-8B86-D011-B42D-00C04FC964FF}", zeros, "490154203237518", "no device", "-"]
    assert judged(values, DEVICE) == [
        ("6f9619ff-8b86-d011-b42d-00c04fc964ff", None), (zeros, None), ("490154203237518", None),
        (None, "bad_shape"), (None, "bad_shape"),
    ]  # fmt: skip


def test_other_texts_keep_their_case() -> None:
    assert judged([" oAbC1\t", "ｏ１", "a\u0007b", "x" * 257], TEXT) == [
        ("oAbC1", None), ("o1", None), (None, "control_characters"), (None, "too_long"),
    ]  # fmt: skip
