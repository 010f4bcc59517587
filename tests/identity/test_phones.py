"""Phones against phonenumbers: numbers of many countries, in the ways people write them."""

import random
from collections.abc import Callable, Iterator

import phonenumbers
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from identity.normalise import judged, tidy
from identity.phones import dialled, looked_up, usual_number
from model.identity_policy import IdentifierKind

CN = IdentifierKind(1, "phone")
REGIONS = (
    "CN", "HK", "MO", "TW", "US", "CA", "GB", "DE", "FR", "IT", "JP", "KR", "SG", "AU", "IN", "RU",
    "BR", "AR", "MX", "ZA",
)  # fmt: skip
TYPES = (
    PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER, PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
)  # fmt: skip
SERVICES = TYPES[5:]
# What phonenumbers gives to nobody, and people have all the same.
ONLY_OURS = ("+86146", "+86148", "+86149", "+86174")


def digits_of(region: str) -> list[str]:
    """An example of every type of number that a region has, without its country code."""
    found = (phonenumbers.example_number_for_type(region, type_) for type_ in TYPES)
    return [phonenumbers.national_significant_number(number) for number in found if number]


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str]:
    """(region, the digits of a number that it may have), some of them changed by chance."""
    region = draw(st.sampled_from(REGIONS))
    digits = list(draw(st.sampled_from(digits_of(region))))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(digits) - 1))
        digits[place] = draw(st.sampled_from("0123456789"))
    return region, "".join(digits)


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" for c in text)


WRITTEN: tuple[Callable[[str], str], ...] = (
    str, full_width, lambda text: f" {text}\t", lambda text: text.replace(" ", "-"),
    lambda text: text.replace(" ", "."), lambda text: text.replace("-", "–"),
    lambda text: text + " x12", lambda text: text + " ext. 7", lambda text: f"\u202d{text}\u202c",
)  # fmt: skip
FORMATS = (
    PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)  # fmt: skip


def judged_by_phonenumbers(text: str, region: str) -> tuple[str | None, int]:
    """The number in E.164, None where it is none or not valid, and its type."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None, PhoneNumberType.UNKNOWN
    spelling = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    is_valid = phonenumbers.is_valid_number(number)
    return spelling if is_valid else None, phonenumbers.number_type(number)


def agrees(text: str, region: str, as_written: str) -> None:
    """Holds us to what phonenumbers says of the text; `as_written` is the same number to us."""
    theirs, type_ = judged_by_phonenumbers(text, region)
    ours, why = judged(tidy(as_written), IdentifierKind(1, "phone", region=region))
    if ours is not None:
        assert ours == theirs or (theirs is None and ours.startswith(ONLY_OURS))
        assert type_ not in SERVICES
    elif theirs is None:
        assert why in ("bad_shape", "unassigned", "not_a_mobile")
    elif theirs.startswith("+86"):
        assert why == "not_a_mobile"
        assert type_ != PhoneNumberType.MOBILE
    else:
        assert why == "service_number"
        assert type_ in SERVICES


@given(numbers(), st.sampled_from(FORMATS), st.sampled_from(WRITTEN))
def test_numbers_of_many_countries_are_what_phonenumbers_says_however_they_are_written(
    drawn: tuple[str, str], form: int, written: Callable[[str], str]
) -> None:
    region, digits = drawn
    code = phonenumbers.country_code_for_region(region)
    number = phonenumbers.parse(f"+{code}{digits}")
    text = phonenumbers.format_number(number, form)
    assume(not text.startswith("00"))
    agrees(text, region, written(text))


@given(st.sampled_from(REGIONS), st.from_regex(r"\+?[0-9][0-9 ()-]{4,16}", fullmatch=True))
def test_any_digits_are_the_number_that_phonenumbers_reads(region: str, text: str) -> None:
    assume(not dialled(text).removeprefix("+").startswith("00"))  # to us that is a + everywhere
    agrees(text, region, text)


@given(numbers(), st.sampled_from(REGIONS))
def test_from_abroad_00_and_a_plus_are_the_same_and_the_region_says_nothing(
    drawn: tuple[str, str], other: str
) -> None:
    region, digits = drawn
    code = phonenumbers.country_code_for_region(region)
    judgement = judged(f"+{code}{digits}", IdentifierKind(1, "phone", region="ZZ"))
    kind = IdentifierKind(1, "phone", region=other)
    assert judged(f"+{code} {digits}", kind) == judgement
    if judgement[0] is not None:
        assert judged(f"00{code}-{digits}", kind) == judgement


def test_what_is_spelt_without_looking_it_up_is_what_phonenumbers_says() -> None:
    found = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number in dialled_in(region):
            usual = usual_number(number, region)
            if usual is not None:
                found += 1
                assert looked_up(number, region) == (usual, None), (region, number)
    assert found > 2_000, "it is worth having"


def dialled_in(region: str) -> Iterator[str]:
    """Numbers of all types as they are dialled, right or wrong, by chance."""
    chance = random.Random(region)
    data = PhoneMetadata.metadata_for_region(region)
    assert data is not None
    code, trunk = data.country_code, data.national_prefix or ""
    for example in digits_of(region):
        for _ in range(8):
            digits = list(example)
            for _ in range(chance.randrange(4)):
                digits[chance.randrange(len(digits))] = chance.choice("0123456789")
            own = "".join(digits)
            yield from (own, trunk + own, f"{code}{own}", f"+{code}{own}", f"+{code}{trunk}{own}")
            yield chance.choice("0123456789") + own


def test_every_number_that_phonenumbers_calls_mobile_in_china_is_one() -> None:
    chance = random.Random(7)
    taken = 0
    for first in range(1000, 2000):
        text = f"{first}{chance.randrange(10**7):07d}"
        theirs, type_ = judged_by_phonenumbers(text, "CN")
        ours, _ = judged(text, CN)
        taken += ours is not None
        if theirs is not None and type_ == PhoneNumberType.MOBILE:
            assert ours == theirs
        elif ours is not None:
            assert ours.startswith(ONLY_OURS)
    assert taken > 500
