"""The words in and around written names that are known: titles, particles, marks of what is hidden,
English given names."""

from __future__ import annotations

import re
from functools import cache

from nicknames import NickNamer

from identity.chinese_names import HAN

BRACKETS = re.compile(r"[(\[{【「<].*?[)\]}】」>]")
MASK = re.compile(r"[*•●※]+|…|\.{2,}")
# Of one character before these, only the surname is known.
HAN_TITLES = re.compile(r"(?:先生|女士|小姐|太太|夫人|老师|同学|师傅|阿姨|经理|医生|教授|律师)$")
HAN_OR_MASK = re.compile(f"[{HAN}*]+")
# Before a single word that is a family's name, and before others.
FAMILY_TITLES = frozenset({
    "mr", "mrs", "ms", "mx", "dr", "prof", "mme", "mlle", "herr", "frau",
})  # fmt: skip
TITLES_BEFORE = FAMILY_TITLES | {"miss", "sir", "madam", "sr"}
TITLES_BEHIND = frozenset({"sr", "jr", "ii", "iii", "iv", "phd", "md", "esq"})
PARTICLES = frozenset({
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "do", "dos", "das", "du", "la",
    "le", "el", "al", "bin", "ibn", "bint", "ter", "ten", "zu",
})  # fmt: skip
MOST_WORDS = 5  # of a full name


def is_initial(word: str) -> bool:
    """Whether a word in small letters is j, or two initials: jp."""
    return re.fullmatch("[a-z]|[b-df-hj-np-tv-xz]{2}", word) is not None


def short_forms(word: str) -> set[str]:
    """The short forms of an English given name, in small letters."""
    return _nicknames().nicknames_of(word)


@cache
def english_names() -> frozenset[str]:
    """English given names and their short forms, in small letters."""
    known = _nicknames().nickname_lookup
    return frozenset(known).union(*known.values())


@cache
def _nicknames() -> NickNamer:
    return NickNamer()
