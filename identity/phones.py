"""Phone numbers as E.164, by the numbering plan of their own country.

phonenumbers reads and judges them. What most people write is spelt without asking it, which takes
a fifth of the time; tests hold both ways to the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberDesc, PhoneNumberType

from identity.reasons import IdentifierReason, Judgement, ill_formed, well_formed
from model.identity_policy import IdentifierKind

_CHINA, _CHINESE_CODE = "CN", 86
# Mainland mobile ranges of today. phonenumbers gives 146, 148, 149 and most of 174 (cards for data
# and satellites) to nobody.
MOBILE = r"1(?:(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d|610)\d{7}"
_CHINESE_MOBILE = rf"(?:\+860?|(?:00)?86)?{MOBILE}"
_ABROAD = re.compile(rf"(?:\+860?|0086){MOBILE}", re.ASCII)
_AT_HOME = re.compile(_CHINESE_MOBILE, re.ASCII)
_IS_MOBILE = re.compile(rf"\+86{MOBILE}", re.ASCII)
_IS_ELEVEN_LONG = re.compile(r"\+861\d{10}", re.ASCII)
_TEL = re.compile("^tel:", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:;ext=|ext|extension|分机|[转轉]|[内內][线線]|доб|x|#):?\d{1,8}\Z",
    re.ASCII | re.IGNORECASE,
)
# Also what copies of contacts leave around and within a number: marks of direction and joiners.
_PUNCTUATION = re.compile(
    "[\\s().\\-‐‑‒–—−ー·/\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_DIALLED = re.compile(r"\+?\d{5,24}", re.ASCII)
_LONGEST = 128  # with all that is written around it; no patience with pages of text
_FROM_ABROAD = re.compile(r"\+?00")
_PERSONAL = ("mobile", "fixed_line", "voip", "personal_number", "pager")
_OF_SERVICES = ("toll_free", "premium_rate", "shared_cost", "uan", "voicemail")
_SERVICES = frozenset({
    PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN, PhoneNumberType.VOICEMAIL,
})  # fmt: skip


def phone(value: str, kind: IdentifierKind) -> Judgement:
    """E.164. Numbers of the kind's region need no country code, those of other countries do.

    Extensions (x12, ext. 12, 转12, #12) are dropped: they belong to the call, not to the line. Of
    Chinese numbers only mobile ones are well-formed; of other countries all that a person may have.
    """
    number = dialled(value) if len(value) <= _LONGEST else ""
    if not _DIALLED.fullmatch(number):
        return ill_formed("bad_shape")
    usual = usual_number(number, kind.region)
    return well_formed(usual) if usual else looked_up(number, kind.region)


def usual_phones(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    """Chinese mobile numbers with nothing around them but their country code, blanks and dashes;
    null of all others."""
    nothing = pa.scalar(None, pa.string())
    if kind.region != _CHINA:
        return pa.nulls(len(texts), pa.string())
    is_plain = pc.match_substring_regex(texts, r"^[0-9+ .()-]+\z")
    plain = pc.replace_substring_regex(pc.if_else(is_plain, texts, nothing), r"[ .()-]", "")
    is_mobile = pc.match_substring_regex(plain, rf"^{_CHINESE_MOBILE}\z")
    last = pc.utf8_slice_codeunits(pc.if_else(is_mobile, plain, nothing), -11)
    return pc.binary_join_element_wise("+86", last, "")


def dialled(value: str) -> str:
    """What is left to dial: digits, perhaps a + before them; anything else stays, to be refused."""
    number = _EXTENSION.sub("", _TEL.sub("", _PUNCTUATION.sub("", value)))
    if number.isascii():
        return number
    digits: str = phonenumbers.normalize_digits_only(number, keep_non_digits=True)
    return digits


def usual_number(number: str, region: str) -> str | None:
    """The E.164 spelling where the number needs no looking up; None proves nothing."""
    chinese = _AT_HOME if region == _CHINA else _ABROAD
    if chinese.fullmatch(number):
        return f"+86{number[-11:]}"
    plan = None if region == _CHINA else _plan(region)  # of Chinese numbers only mobile ones count
    return plan.read(number) if plan else None


def looked_up(number: str, region: str) -> Judgement:
    """The judgement of phonenumbers: of a number from abroad, or else of one of the region."""
    reason: IdentifierReason = "bad_shape"
    for reading in _readings(number, region):
        spelling, why = _judged(reading)
        if spelling is not None:
            return well_formed(spelling)
        reason = why if why and reason == "bad_shape" else reason
    return ill_formed(reason)


def _readings(number: str, region: str) -> Iterator[PhoneNumber]:
    """00 is + nearly everywhere; where it is not, the region says what it is."""
    texts = [number]
    if abroad := _FROM_ABROAD.match(number):
        texts = ["+" + number[abroad.end() :], number]
    for text in texts:
        try:
            yield phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue


def _judged(number: PhoneNumber) -> Judgement:
    spelling = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.country_code == _CHINESE_CODE:
        if _IS_MOBILE.fullmatch(spelling):
            return well_formed(spelling)
        is_number = phonenumbers.is_valid_number(number) or _IS_ELEVEN_LONG.fullmatch(spelling)
        return ill_formed("not_a_mobile" if is_number else "bad_shape")
    type_ = phonenumbers.number_type(number)
    if type_ == PhoneNumberType.UNKNOWN:
        possible = phonenumbers.is_possible_number_with_reason(number)
        is_long = possible == phonenumbers.ValidationResult.IS_POSSIBLE
        return ill_formed("unassigned" if is_long else "bad_shape")
    return ill_formed("service_number") if type_ in _SERVICES else well_formed(spelling)


@dataclass(frozen=True)
class _Range:
    """One kind of numbers of a numbering plan."""

    pattern: re.Pattern[str]
    lengths: frozenset[int]

    def holds(self, digits: str) -> bool:
        is_long = len(digits) in self.lengths or not self.lengths
        return is_long and self.pattern.fullmatch(digits) is not None


@dataclass(frozen=True)
class _Plan:
    """A region's own numbers. `before` is what may be dialled before one within the country (among
    it `trunk`, which most numbers are written with), `abroad` what leads out of it."""

    code: str
    trunk: str
    before: re.Pattern[str]
    abroad: re.Pattern[str]
    every: _Range
    personal: tuple[_Range, ...]
    services: tuple[_Range, ...]

    def read(self, number: str) -> str | None:
        """The E.164 spelling of a person's number written with its code, its trunk prefix or
        neither; None where reading it takes more than that."""
        digits = number.removeprefix(self.code)
        if digits == number:
            if self.abroad.match(number):
                return None
            digits = number.removeprefix(self.trunk if self._before(number) == self.trunk else "")
        is_usual = self._is_personal(digits) and self._before(digits) == ""
        return self.code + digits if is_usual else None

    def _before(self, number: str) -> str | None:
        """What is dialled before the number itself; None where it may change the rest."""
        found = self.before.match(number)
        if found is None:
            return ""
        return None if any(found.groups()) else found[0]

    def _is_personal(self, digits: str) -> bool:
        return (
            self.every.holds(digits)
            and any(each.holds(digits) for each in self.personal)
            and not any(each.holds(digits) for each in self.services)
        )


@cache
def _plan(region: str) -> _Plan | None:
    """None where there is no such region."""
    data = PhoneMetadata.metadata_for_region(region)
    if data is None:
        return None
    return _Plan(
        code=f"+{data.country_code}",
        trunk=data.national_prefix or "",
        before=re.compile(data.national_prefix_for_parsing or "(?!)", re.ASCII),
        abroad=re.compile(data.international_prefix or "(?!)", re.ASCII),
        every=_range(data.general_desc or PhoneNumberDesc()),
        personal=_ranges(data, _PERSONAL),
        services=_ranges(data, _OF_SERVICES),
    )


def _ranges(data: PhoneMetadata, names: tuple[str, ...]) -> tuple[_Range, ...]:
    found = (getattr(data, name) for name in names)
    return tuple(_range(each) for each in found if each and each.national_number_pattern)


def _range(described: PhoneNumberDesc) -> _Range:
    pattern = re.compile(described.national_number_pattern or "(?!)", re.ASCII)
    return _Range(pattern, frozenset(described.possible_length or ()))
