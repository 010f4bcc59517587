"""Names as people write them: which two cannot be one person's.

Cautious: what is no full name, and what cannot be compared, contradicts nothing. A person who drops
a name, shortens it, marries, writes it in pinyin or mistypes it stays the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

from jellyfish import damerau_levenshtein_distance

from identity.chinese_names import (
    UNSEEN,
    han_names_differ,
    is_han_name,
    is_pinyin_name,
    pinyin_names_differ,
    reads_as,
)
from identity.name_words import (
    BRACKETS,
    HAN_OR_MASK,
    HAN_TITLES,
    MASK,
    MOST_WORDS,
    PARTICLES,
    TITLES_BEFORE,
    TITLES_BEHIND,
    english_names,
    is_initial,
    short_forms,
)

_LATIN_TITLES = TITLES_BEFORE | TITLES_BEHIND
_LATIN_WORD = re.compile(r"[a-z]+\*?|\*")
_SHORTEST_START = 3  # letters of which a short form is the beginning: Alex of Alexander
_LONG = 5  # letters of a word in which two may be mistyped, else one


@dataclass(frozen=True)
class HanName:
    """A name in Chinese characters; UNSEEN stands for what is hidden or not told."""

    text: str


@dataclass(frozen=True)
class LatinName:
    """A name in Latin letters: small letters without accents; a cut word ends in UNSEEN."""

    given: tuple[str, ...]
    family: str

    @property
    def words(self) -> tuple[str, ...]:
        """All words, the family's last."""
        return (*self.given, self.family)


Name = HanName | LatinName


def names_differ(one: str, other: str) -> bool:
    """Whether two names cannot be one person's, in any order; False where either is no full name.

    A name is written as a whole, the family's name first or last or before a comma.
    """
    parsed, with_it = name_of(one), name_of(other)
    return parsed is not None and with_it is not None and _differ(parsed, with_it)


def any_differ(names: Iterable[str]) -> bool:
    """Whether any two of the names cannot be one person's."""
    return any(True for _ in differing(names))


def differing(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every two of the names that cannot be one person's."""
    parsed: dict[Name, list[str]] = {}
    for written in names:
        if name := name_of(written):
            parsed.setdefault(name, []).append(written)
    for one, other in combinations(parsed, 2):
        if _differ(one, other):
            yield from product(parsed[one], parsed[other])


def name_of(text: str) -> Name | None:
    """A written name as it is compared; None where the text is not the full name of a person."""
    plain = BRACKETS.sub(" ", unicodedata.normalize("NFKC", text)).casefold()
    plain = MASK.sub(UNSEEN, plain)
    words = [word for word in re.split(r"[\s/_]+", plain) if word]
    han = "".join(word for word in words if HAN_OR_MASK.fullmatch(word.strip(",")))
    if han.strip(f"{UNSEEN},"):
        return _han_name(han.replace(",", ""))
    return _latin_name(" ".join(words))


def _han_name(text: str) -> HanName | None:
    bare = HAN_TITLES.sub("", text)
    if bare != text and len(bare) == 1:
        bare += UNSEEN
    is_told = len(bare) > 1 and is_han_name(bare)
    return HanName(bare) if is_told else None


def _latin_name(text: str) -> LatinName | None:
    letters = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    front, comma, behind = letters.partition(",")
    family = _latin_words(front) if comma else []
    given = _latin_words(behind if comma else front)
    if (comma and not family) or not given:  # "Smith, Jr.": what is behind is no name
        given, family = family or given, []
    if not family:
        given, family = given[:-1], given[-1:]
    is_full = given and family and len(given) + len(family) <= MOST_WORDS
    if not is_full or not all(map(_LATIN_WORD.fullmatch, (*given, *family))):
        return None
    return LatinName(tuple(given), "".join(family))


def _latin_words(text: str) -> list[str]:
    """The words of a part of a name but titles; initials are cut words."""
    words = re.split(r"[\s.,\-]+", text.replace("'", "").replace("’", ""))
    kept = [word for word in words if word and word not in _LATIN_TITLES]
    return [f"{word[0]}{UNSEEN}" if is_initial(word) else word for word in kept]


def _differ(one: Name, other: Name) -> bool:
    if isinstance(one, HanName):
        if isinstance(other, HanName):
            return han_names_differ(one.text, other.text)
        return _spelt_otherwise(one, other)
    if isinstance(other, HanName):
        return _spelt_otherwise(other, one)
    return _latin_names_differ(one, other)


def _spelt_otherwise(han: HanName, latin: LatinName) -> bool:
    """Whether Latin letters spell a Chinese name in pinyin, and another one."""
    return _is_chinese(latin) and not reads_as(han.text, latin.words)


def _latin_names_differ(one: LatinName, other: LatinName) -> bool:
    if _is_chinese(one) and _is_chinese(other):
        return pinyin_names_differ(one.words, other.words)
    if _is_chinese(one) or _is_chinese(other):  # who uses an English name keeps the surname
        return not any(_alike(a, b) for a in one.words for b in other.words)
    # Families differ where one has married, so the given names decide.
    return not _any_alike(_all_given(one), _all_given(other)) and not _is_turned(one, other)


def _all_given(name: LatinName) -> tuple[str, ...]:
    """The given names, each and in one word; without the particles of a family's name."""
    return (*(word for word in name.given if word not in PARTICLES), "".join(name.given))


def _is_turned(one: LatinName, other: LatinName) -> bool:
    """Whether the names agree when the given and the family's name of one change places."""
    return _any_alike((one.family,), other.given) and _any_alike((other.family,), one.given)


def _any_alike(words: Iterable[str], others: Iterable[str]) -> bool:
    known = tuple(others)
    return any(_alike(a, b) for a in words for b in known)


def _is_chinese(name: LatinName) -> bool:
    """Whether it is a Chinese name in pinyin, and not one that is used with an English name."""
    words = name.words
    return is_pinyin_name(words) and not any(word in english_names() for word in words)


def _alike(one: str, other: str) -> bool:
    """Whether two words may be the same given name."""
    if one.endswith(UNSEEN) or other.endswith(UNSEEN):
        return _start_alike(one, other)
    shorter, longer = sorted((one, other), key=len)
    is_start = len(shorter) >= _SHORTEST_START and longer.startswith(shorter)
    typos = 1 if len(shorter) < _LONG else 2
    return (
        is_start
        or damerau_levenshtein_distance(one, other) <= typos
        or one in short_forms(other)
        or other in short_forms(one)
    )


def _start_alike(one: str, other: str) -> bool:
    """Whether what is seen of a cut word may begin the other, or one of its short forms."""
    return any(
        form.startswith(other_form) or other_form.startswith(form)
        for form in _forms(one) for other_form in _forms(other)
    )  # fmt: skip


def _forms(word: str) -> tuple[str, ...]:
    return (word, *short_forms(word)) if UNSEEN not in word else (word.rstrip(UNSEEN),)
