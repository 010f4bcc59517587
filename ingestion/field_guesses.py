"""What a column of a sample is likely to be: its type, formats, identifiers; and what is unsure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from identity.normalise import normalised, tidy
from ingestion.field_words import PERSONAL, ideas_of
from ingestion.samples import Values
from ingestion.time_formats import date_reader, time_reader
from model.identity_policy import IdentifierKind, IdentityPolicy

SURE = 0.98  # share of values a rule must hold of, before it is taken for the column's
LIKELY = 0.8  # share of well-formed identifiers among all values
_FEWEST_ROWS = 30
MOST_CODES, SEEN_EACH = 12, 5  # an enum's values, and how often each is seen on average
_LONGEST_CODE = 24
MOST_FORMATS = 3
_PROBES = 20  # values that tell which formats are worth trying on all
_MONEY = frozenset({"amount", "price", "cost", "fee", "discount", "coupon", "tax"})
_TRUTH = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"是", "否"})
_DATES = (
    "yyyy-MM-dd", "yyyy/MM/dd", "yyyy.MM.dd", "yyyyMMdd", "yyyy-M-d", "yyyy/M/d", "yyyy.M.d",
    "yyyy年M月d日", "dd-MM-yyyy", "dd/MM/yyyy", "dd.MM.yyyy", "MM/dd/yyyy", "MM-dd-yyyy",
    "d/M/yyyy", "d.M.yyyy", "M/d/yyyy", "dd MMM yyyy", "d MMM yyyy", "dd-MMM-yyyy", "dd/MM/yy",
    "MM/dd/yy",
)  # fmt: skip
_COMPACT = "yyyyMMdd"
_CLOCKS = (
    "HH:mm:ss", "HH:mm", "H:mm:ss", "H:mm", "HH:mm:ss.SSSSSS", "HHmmss", "hh:mm:ss a", "h:mm:ss a",
    "h:mm a",
)  # fmt: skip
_TIMES = (
    *(f"{day}{between}{clock}{zone}" for day, between, clock, zone in product(
        _DATES, (" ", "'T'"), _CLOCKS, ("", "XXX", " XXX")
    )),
    "yyyyMMddHHmmss",
)  # fmt: skip
_EPOCHS = {
    "epoch_seconds": r"(?:9[5-9]\d{7}|[1-3]\d{9})",
    "epoch_millis": r"(?:9[5-9]\d{10}|[1-3]\d{12})",
}
# Where the day and the month could change places: both ways fit, and nobody can tell.
_SWAPPED = {"dd/MM/yyyy": "MM/dd/yyyy", "d/M/yyyy": "M/d/yyyy", "dd-MM-yyyy": "MM-dd-yyyy",
            "dd/MM/yy": "MM/dd/yy"}  # fmt: skip
_CENTS = r"[+-]?\d{1,16}(?:\.\d{0,2})?"
_INTEGER, _DECIMAL = r"[+-]?(?:0|[1-9]\d{0,17})", r"[+-]?\d{1,16}(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"


@dataclass(frozen=True)
class FieldGuess:
    """One column of the sample: what it is taken for, and `doubts` in words a person can check.

    `kinds` are identifier kinds; `codes` the values of an enum; `is_unique` whether no two rows
    share a value; `is_personal` whether its header names something of a person that is no
    identifier; `also` the other types that read every value;
    `distinct_share` is that of the different values among all.
    """

    header: str
    type: str
    formats: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    is_required: bool = False
    is_unique: bool = False
    is_personal: bool = False
    doubts: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()
    distinct_share: float = 0.0


def guess_fields(columns: Mapping[str, Values], policy: IdentityPolicy) -> list[FieldGuess]:
    """The guess of every column, in the file's order."""
    return [_guess(header, values, policy) for header, values in columns.items()]


def _guess(header: str, values: Values, policy: IdentityPolicy) -> FieldGuess:
    held = [tidied for value in values if value and (tidied := tidy(value))]
    seen = Counter(held)
    ideas = ideas_of(header)
    required = bool(values) and len(held) == len(values)
    unique = bool(held) and len(seen) == len(held)
    if not held:
        return FieldGuess(header, "text", doubts=("the sample holds no value",))
    kinds, doubts = likely_kinds(seen, ideas, policy)
    if kinds:
        return FieldGuess(
            header, "text", (), (), kinds, required, unique, False, doubts,
            distinct_share=len(seen) / len(held),
        )  # fmt: skip
    is_personal = bool(ideas & PERSONAL) or ideas == {"name"}
    type_, formats, doubts = _type(seen, ideas)
    codes: tuple[str, ...] = ()
    if type_ == "text" and not is_personal and _are_codes(seen):
        type_, codes = "enum", tuple(sorted(seen))
    return FieldGuess(
        header, type_, formats, codes, (), required, unique, is_personal, doubts,
        _also(type_, seen), len(seen) / len(held),
    )  # fmt: skip


def _also(type_: str, seen: Mapping[str, int]) -> frozenset[str]:
    """The other types that read every value."""
    others = {"text"} if type_ in ("integer", "bool", "enum", "date") else set()
    if type_ in ("date", "timestamp"):
        others |= {"date", "timestamp"}
    if type_ in ("integer", "number", "money"):
        others |= {"number"}
        others |= {"money"} if _all(seen, _CENTS) else set()
    if set(seen) <= {"0", "1"}:
        others |= {"bool"}
    return frozenset(others - {type_})


def likely_kinds(
    seen: Mapping[str, int], ideas: frozenset[str], policy: IdentityPolicy
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds of identifiers a column is likely to hold, strongest first, and what is unsure.

    A kind with a shape of its own is told by its values; any text may be one of the others, so
    those are told by the header's words.
    """
    shares = {name: _share(seen, kind) for name, kind in policy.kinds.items()}
    shaped = {
        name: share for name, share in shares.items() if policy.kinds[name].normalise in _SHAPED
    }
    found = [name for name, share in shaped.items() if share >= LIKELY]
    named = [name for name in policy.kinds if ideas_of(name) & ideas and name not in shaped]
    told = [name for name in policy.kinds if ideas_of(name) & ideas and name in shaped]
    if found:
        names = sorted(found, key=policy.rank)
        unsure = not set(told) & set(names)
        return tuple(names), (f"holds what looks like {', '.join(names)}",) if unsure else ()
    if told and all(shares[name] > 0 for name in told):
        share = min(shares[name] for name in told)
        return tuple(sorted(told, key=policy.rank)), (f"only {share:.0%} of it is well-formed",)
    devices = [name for name, kind in policy.kinds.items() if kind.normalise in _DEVICES]
    named += [name for name in devices if ideas_of(name) & ideas and shares[name] >= LIKELY]
    plain = [name for name in named if shares[name] >= LIKELY and not _is_other_thing(ideas)]
    return tuple(sorted(set(plain), key=policy.rank)[:1]), ()


# Families of identifiers whose values no other column has.
_SHAPED = frozenset({"phone", "email", "cn_id_card"})
_DEVICES = frozenset({"device", "idfa", "imei", "oaid"})


def _is_other_thing(ideas: frozenset[str]) -> bool:
    """Whether the header says more than which identifier it is: card_type is no card."""
    more = {"type", "status", "time", "name", "tier", "amount", "points", "updated"}
    more |= {"person_name", "family_name", "given_name"}
    return bool(ideas & more)


def _share(seen: Mapping[str, int], kind: IdentifierKind) -> float:
    return sum(normalised(value, kind) is not None for value in seen) / len(seen)


def _type(
    seen: Mapping[str, int], ideas: frozenset[str]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Type, formats of a date or time, and doubts."""
    if {value.casefold() for value in seen} in _TRUTH:
        return "bool", (), ()
    if _is_time(ideas) or not _all(seen, _DECIMAL) or _epoch(seen) or _are_days(seen):
        told = _time_type(seen, ideas)
        if told is not None:
            return told
    if "id" not in ideas and _all(seen, _INTEGER):
        return ("money" if ideas & _MONEY else "integer"), (), ()
    if _all(seen, _DECIMAL) and any("." in value for value in seen):
        cents = _all(seen, _CENTS)
        doubts = ("a number, or money?",) if cents and not ideas & _MONEY else ()
        return ("money" if cents and ideas & _MONEY else "number"), (), doubts
    return "text", (), ()


def _time_type(
    seen: Mapping[str, int], ideas: frozenset[str]
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    epoch = _epoch(seen)
    if epoch:
        return "timestamp", (epoch,), () if _is_time(ideas) else ("a time, counted from 1970?",)
    for type_, candidates, reader in (
        ("date", _DATES, _date_fits), ("timestamp", _TIMES, _time_fits),
    ):  # fmt: skip
        formats, share = fewest_formats(list(seen), candidates, reader)
        if formats and share >= SURE:
            doubts = [f"{1 - share:.1%} fits no format found"] if share < 1 else []
            doubts += _swapped_too(list(seen), formats, reader)
            doubts += ["a day?"] if formats == (_COMPACT,) and not _is_time(ideas) else []
            return type_, formats, tuple(doubts)
    return None


def _is_time(ideas: frozenset[str]) -> bool:
    return bool(ideas & {"time", "birth"})


def _are_days(seen: Mapping[str, int]) -> bool:
    """Whether numbers of eight digits are all days of the calendar, by chance or not."""
    fits = _date_fits(_COMPACT)
    return all(len(value) == len(_COMPACT) and fits(value) for value in seen)


def _epoch(seen: Mapping[str, int]) -> str:
    """The format of times counted from 1970, from 2000 to 2096; empty where they are none."""
    return next((name for name, pattern in _EPOCHS.items() if _all(seen, pattern)), "")


Fits = Callable[[str], Callable[[str], object | None]]


def _date_fits(pattern: str) -> Callable[[str], object | None]:
    read = date_reader((pattern,))
    return lambda text: day if (day := read(text)) and 1850 < day.year < 2150 else None  # noqa: PLR2004


def _time_fits(pattern: str) -> Callable[[str], object | None]:
    return time_reader((pattern,), "UTC")


def fewest_formats(
    values: Sequence[str], candidates: Iterable[str], reader: Fits
) -> tuple[tuple[str, ...], float]:
    """The fewest formats, three at most, that read the most values, and the share they read."""
    readers = {each: reader(each) for each in candidates}
    chosen: list[str] = []
    left = list(values)
    while left and len(chosen) < MOST_FORMATS:
        probes = left[:_PROBES]
        likely = [
            each for each, read in readers.items() if any(read(one) is not None for one in probes)
        ]
        if not likely:
            break
        unread = {each: _left_by(left, readers[each]) for each in likely}
        best = min(likely, key=lambda each: (len(unread[each]), likely.index(each)))
        chosen.append(best)
        left = unread[best]
    return tuple(chosen), 1 - len(left) / len(values)


def _left_by(values: Sequence[str], read: Callable[[str], object | None]) -> list[str]:
    return [value for value in values if read(value) is None]


def _swapped_too(values: Sequence[str], formats: Sequence[str], reader: Fits) -> list[str]:
    for pattern in formats:
        for day_first, month_first in _SWAPPED.items():
            for one, other in ((day_first, month_first), (month_first, day_first)):
                if pattern.startswith(one):
                    swapped = pattern.replace(one, other)
                    if not _left_by(values, reader(swapped)):
                        return [f"{swapped} reads every value too"]
    return []


def _all(seen: Mapping[str, int], pattern: str) -> bool:
    compiled = re.compile(pattern)
    return all(compiled.fullmatch(value) for value in seen)


def _are_codes(seen: Mapping[str, int]) -> bool:
    """Whether a text is one of few codes: each seen often, short, and no number of anything."""
    rows = sum(seen.values())
    is_few = len(seen) <= MOST_CODES and rows >= max(_FEWEST_ROWS, len(seen) * SEEN_EACH)
    return is_few and all(
        len(value) <= _LONGEST_CODE and not re.search(r"\d{5}|@", value) for value in seen
    )
