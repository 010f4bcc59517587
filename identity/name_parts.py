"""A written name parted into the family's and the given one, as far as it tells them surely.

Letters stay as they were written. What could be read in two ways is not told: which of two Latin
words is the family's, where neither a comma, a title, capitals nor the words themselves say so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from identity.chinese_names import (
    HAN,
    SURNAMES,
    UNSEEN,
    is_han_name,
    is_pinyin_name,
    surname_sounds,
)
from identity.name_words import (
    BRACKETS,
    FAMILY_TITLES,
    HAN_OR_MASK,
    HAN_TITLES,
    MASK,
    MOST_WORDS,
    PARTICLES,
    TITLES_BEFORE,
    TITLES_BEHIND,
    english_names,
)
from privacy.tokens import COMPOUND_SURNAMES

_HAN = re.compile(f"[{HAN}]")
_DOTTED = re.compile(r"\w[·•‧・･]\w")  # names in other scripts than their own: which end is whose?
_HAN_FORMS = re.compile(r".[总姐哥叔姨嫂婶爷]")  # how people are called beside their surname
_COMPOUND_BEGINNINGS = frozenset(surname[0] for surname in COMPOUND_SURNAMES)
_NOBODY = frozenset({"游客", "顾客", "管理员", "路人"})
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_LATIN_WORD = re.compile(rf"(?:[{_LETTERS}]+['’.\-]?)+\*?|\*")
_STUCK_INITIAL = re.compile(rf"(?<![{_LETTERS}])([{_LETTERS}]\.)(?=[{_LETTERS}]{{2}})")
# J, J.R., JP
_INITIALS = re.compile(rf"(?:[{_LETTERS}]\.-?)+[{_LETTERS}]?|[{_LETTERS}]|[B-DF-HJ-NP-TV-XZ]{{2}}")
_BEFORE_FAMILIES = PARTICLES | {"mac", "mc", "saint", "st"}
# Of several people, of firms, of nobody; of a father.
_NO_NAMES = frozenset({
    "and", "und", "et", "y", "family", "familie", "famille", "fam", "ltd", "limited", "inc", "llc",
    "gmbh", "ag", "kg", "corp", "co", "pty", "plc", "company", "group", "shop", "store", "test",
    "guest", "customer", "user", "unknown", "admin", "account", "bin", "ibn", "bint",
})  # fmt: skip
# Surnames that are no pinyin, of where the family stands first and many leave it there in Latin
# letters: Vietnam, Korea, Hong Kong, Japan, Hungary.
_FAMILY_FIRST = frozenset(re.findall("[a-z]+", """
    nguyen tran pham huynh phan vu vo dang bui do ngo duong ly dinh trinh doan truong
    kim lee park choi jung jeong kang cho yoon jang lim shin seo kwon hwang ahn hong yoo chung
    chan cheung leung wong lam ng cheng chow yeung tsang kwok chiu lau tse chui hui yip fung mak
    siu kwan lui poon chau cheuk tsui
    sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada
    sasaki yamaguchi matsumoto inoue kimura hayashi shimizu saito mori abe ikeda hashimoto
    nagy kovacs toth szabo horvath varga kiss molnar nemeth farkas balogh papp takacs juhasz
    lakatos meszaros olah racz fekete
"""))  # fmt: skip


class NameParts(NamedTuple):
    """The parts of a name; None where they are not told."""

    family: str | None
    given: str | None


_NOTHING = NameParts(None, None)


def name_parts(text: str) -> NameParts:
    """The family's and the given name in a written name, each as it stands there."""
    plain = unicodedata.normalize("NFKC", text)
    if HAN_OR_MASK.fullmatch(plain):
        return _han_parts([MASK.sub(UNSEEN, plain)])
    if not plain.replace(" ", "").isalpha():  # most are letters and blanks alone
        plain = BRACKETS.sub(" ", plain)
        if _DOTTED.search(plain) and _HAN.search(plain):
            return _NOTHING
        plain = MASK.sub(UNSEEN, plain)
    if not _HAN.search(plain):
        return _latin_parts(plain)
    words = [word for word in re.split(r"[\s,/_]+", plain) if _HAN.search(word) or word == UNSEEN]
    return _han_parts(words) if all(map(HAN_OR_MASK.fullmatch, words)) else _NOTHING


def _han_parts(words: Sequence[str]) -> NameParts:
    text = "".join(words)
    bare = HAN_TITLES.sub("", text)
    if bare != text and (bare in SURNAMES or bare in COMPOUND_SURNAMES):
        return NameParts(bare, None)
    if bare[:1] in SURNAMES and _HAN_FORMS.fullmatch(bare):
        return NameParts(bare[0], None)
    family = _han_family(bare)
    if not family:
        return _NOTHING
    if len(words) > 1 and len(family) not in accumulate(map(len, words)):  # parted elsewhere
        return _NOTHING
    given = bare[len(family) :]
    return NameParts(family, None if UNSEEN in given else given)


def _han_family(name: str) -> str | None:
    """The surname at the head of a name in characters."""
    if name in _NOBODY or len(name) < 2 or not is_han_name(name) or name[0] == UNSEEN:  # noqa: PLR2004
        return None
    if name[:2] in COMPOUND_SURNAMES:
        return name[:2] if name[2:] else None  # else a surname and a name, or half of one
    if name[1] == UNSEEN:
        return None if name[0] in _COMPOUND_BEGINNINGS else name[0]
    return name[0] if len(name) <= 3 else None  # noqa: PLR2004  # else of two families: which?


def _latin_parts(text: str) -> NameParts:
    if "." in text:
        text = _STUCK_INITIAL.sub(r"\1 ", text)
    fields = [_words(part) for part in text.split(",")]
    has_title = bool(fields[0]) and _plain(fields[0][0]) in FAMILY_TITLES
    fields = [_without_titles(words) for words in fields]
    fields = [words for words in fields if words]  # "John Smith, Jr."
    every = [word for words in fields for word in words]
    if not all(map(_LATIN_WORD.fullmatch, every)) or len(every) > MOST_WORDS:
        return _NOTHING
    plain = tuple(map(_plain, every))
    if not _NO_NAMES.isdisjoint(plain):
        return _NOTHING
    if len(fields) == 1:
        return _in_order(every, plain, has_title)
    return _turned(*fields) if len(fields) == 2 else _NOTHING  # noqa: PLR2004


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s_]+", text) if word]


def _plain(word: str) -> str:
    """A word in small letters, without accents, dots, apostrophes and hyphens."""
    letters = word.casefold()
    if letters.isascii() and letters.isalpha():
        return letters
    letters = unicodedata.normalize("NFKD", letters)
    return "".join(letter for letter in letters if letter.isalpha() or letter == UNSEEN)


def _without_titles(words: list[str]) -> list[str]:
    start, end = 0, len(words)
    while start < end and _plain(words[start]) in TITLES_BEFORE:
        start += 1
    while start < end and _plain(words[end - 1]) in TITLES_BEHIND:
        end -= 1
    return words[start:end]


def _turned(front: list[str], behind: list[str]) -> NameParts:
    """The parts of "Smith, John": what is no single name in front may be two persons, or a trade
    behind a name."""
    moved = _trailing_particles(behind[1:])  # "Berg, Jan van der"
    given = behind[: len(behind) - len(moved)]
    family = [*moved, *front]
    is_single = not _is_particle(family[-1]) and all(map(_is_particle, family[:-1]))
    return NameParts(_family(family), _given(given)) if is_single else _NOTHING


def _trailing_particles(words: list[str]) -> list[str]:
    count = 0
    while count < len(words) and _is_particle(words[-1 - count]):
        count += 1
    return words[len(words) - count :]


def _in_order(words: list[str], plain: tuple[str, ...], has_title: bool) -> NameParts:
    """The parts of "John Smith"; `plain` are its words as they are looked up."""
    if len(words) == 1:
        return NameParts(_family(words), None) if has_title else _NOTHING
    split = _split_by_capitals(words)
    if split is None:
        is_pinyin = UNSEEN not in "".join(plain) and is_pinyin_name(plain)
        split = (_split_of_pinyin if is_pinyin else _split_in_the_west)(words, plain)
    return NameParts(_family(split[0]), _given(split[1])) if split else _NOTHING


def _split_by_capitals(words: list[str]) -> tuple[list[str], list[str]] | None:
    """(family, given) where one end alone is in capitals: DUPONT Jean, Jean DUPONT."""
    if not any(map(str.isupper, words)):
        return None
    capital = [word.isupper() and _is_full(word) and len(word) > 1 for word in words]
    count = sum(capital)
    if not 0 < count < len(words):
        return None
    if all(capital[:count]):
        return words[:count], words[count:]
    if not all(capital[-count:]):
        return None
    given = words[:-count]
    particles = _trailing_particles(given)
    return [*particles, *words[-count:]], given[: len(given) - len(particles)]


def _split_of_pinyin(
    words: list[str], plain: tuple[str, ...]
) -> tuple[list[str], list[str]] | None:
    """(family, given) of a Chinese name in pinyin with a surname at one end only."""
    is_first, is_last = (plain[end] in surname_sounds() for end in (0, -1))
    is_parted = len(plain) > 2 and plain[0] + plain[1] in surname_sounds()  # noqa: PLR2004  # Ou Yang
    if is_first == is_last or is_parted:
        return None
    return (words[:1], words[1:]) if is_first else (words[-1:], words[:-1])


def _split_in_the_west(
    words: list[str], plain: tuple[str, ...]
) -> tuple[list[str], list[str]] | None:
    """(family, given), the family last, where nothing speaks for another order."""
    if plain[0] in _FAMILY_FIRST:
        return None
    if plain[0] in surname_sounds() and plain[0] not in english_names():  # Wang Tony
        return None
    if _is_full(words[0]) and _is_given(plain[-1]) and not _is_given(plain[0]):  # Smith John
        return None
    start = next((n for n, word in enumerate(words) if _is_particle(word)), len(words) - 1)
    given, family = words[:start], words[start:]
    is_one = not _is_particle(family[-1]) and all(map(_is_particle, family[:-1]))
    # "Smith J." is as usual as "John S."; of three words two may be the family's, unless the second
    # is a given name.
    is_sure = (
        is_one
        and not _is_initial(family[-1])
        and all(_is_initial(word) or _plain(word) in english_names() for word in given[1:])
    )
    return (family, given) if given and is_sure else None


def _is_given(word: str) -> bool:
    """Whether a plain word is an English given name, and no surname of elsewhere: Lee."""
    is_surname = word in _FAMILY_FIRST or word in surname_sounds()
    return word in english_names() and not is_surname


def _is_particle(word: str) -> bool:
    return word.casefold().rstrip(".") in _BEFORE_FAMILIES


def _is_initial(word: str) -> bool:
    return _INITIALS.fullmatch(word) is not None


def _is_full(word: str) -> bool:
    """Whether all of a name is seen."""
    return UNSEEN not in word and not _is_initial(word)


def _family(words: Sequence[str]) -> str | None:
    return " ".join(words) if words and all(map(_is_full, words)) else None


def _given(words: Sequence[str]) -> str | None:
    """Given names with the initials among them; None where there are only such."""
    is_told = any(map(_is_full, words)) and not any(UNSEEN in word for word in words)
    return " ".join(words) if is_told else None
