"""Names in Chinese characters or in pinyin: which of them two persons bear.

Characters count by how they sound, in any of their readings and without tones, since they are typed
by sound; zh and z, ch and c, sh and s, -ng and -n are heard as one in half of the country.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache

from privacy.tokens import COMPOUND_SURNAMES

# The surnames of some 97 of a hundred people, also as they are written outside the mainland. Left
# out are those that mostly begin other words: 明, 时, 和, 阳, 全.
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵万覃"
    "武钱戴严莫孔向常汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟申耿关焦左柳甘祝包宁阎兰纪舒柯"
    "梅童毕单裴霍涂成苗谷曲盛冉翁蓝路游靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤穆农司卓古吉缪简车项连"
    "芦麦褚娄窦戚岑景费卜冷晏席卫米柏宗瞿桂佟臧闵苟邬卞姬仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩佘池查"
    "麻苑迟邝阮傅凌阙雍幸尚赖储鄢詹蔺郁邸褟俞糜丘萧代区揭诸尧原張劉陳楊黃趙吳孫馬羅鄭謝許鄧馮蕭葉"
    "閻餘呂盧鍾鐘譚陸賈蘇韋鄒龍賀顧龔萬錢嚴湯溫莊聶魯紀蘭畢單藍歐華饒農簡車連蘆麥婁竇費衛閔鄔齊喬"
    "龐顏倫"
)
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebef"  # all characters, in a set of an expression
UNSEEN = "*"  # any characters at all, or none
_SAME_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_IS_HAN = re.compile(f"[{HAN}]+")
_MOST_SYLLABLES = 4
_COMPOUND_NAME = (3, 4)


def is_han_name(text: str) -> bool:
    """Whether a text reads as a Chinese name: a surname of the list, and as many characters behind
    it as names have. `*` stands for what is not seen."""
    seen = text.replace(UNSEEN, "")
    if not seen or not _IS_HAN.fullmatch(seen):
        return False
    if text.startswith(UNSEEN):
        return True
    if text[:2] in COMPOUND_SURNAMES:
        return len(text) <= _COMPOUND_NAME[1]
    is_double = len(text) > 1 and text[1] in SURNAMES  # a husband's, or both parents'
    return text[0] in SURNAMES and len(text) <= _COMPOUND_NAME[is_double]


def han_names_differ(one: str, other: str) -> bool:
    """Whether two names in characters cannot be one person's.

    They can where the one lacks characters of the other, has them in another order, or sounds the
    same. Of names with parts unseen only their seen ends are held against each other.
    """
    if UNSEEN in one or UNSEEN in other:
        return any(
            UNSEEN not in (a, b) and not _sound_alike(a, b)
            for a, b in ((one[0], other[0]), (one[-1], other[-1]))
        )
    shorter, longer = sorted((one, other), key=len)
    rest = iter(longer)
    is_within = all(any(_sound_alike(a, b) for b in rest) for a in shorter)
    return not is_within and Counter(one) != Counter(other)


def reads_as(han: str, words: tuple[str, ...]) -> bool:
    """Whether Latin words spell the characters, the surname first or last, in full or by their
    first letters. Letters count, however they are parted into words."""
    letters = "".join(words)
    split = 2 if han[:2] in COMPOUND_SURNAMES else 1
    return any(
        _spells(letters.replace(UNSEEN, ""), order, is_cut=UNSEEN in letters)
        for order in (han, han[split:] + han[:split])
    )


def is_pinyin_name(words: tuple[str, ...]) -> bool:
    """Whether Latin words may be a Chinese name in pinyin: syllables, a surname at one end."""
    if not any(end in surname_sounds() for end in (words[0], words[-1])):
        return False
    count = 0
    for word in words:
        if UNSEEN not in word:
            syllables = _fewest_syllables(word)
            if syllables is None:
                return False
            count += syllables
    return count <= _MOST_SYLLABLES


def pinyin_names_differ(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names in pinyin cannot be one person's, whichever end the surname is at."""
    return not any(
        family == other_family and _given_agree(given, other_given)
        for family, given in _parted(one) for other_family, other_given in _parted(other)
    )  # fmt: skip


def _given_agree(given: tuple[str, ...], other: tuple[str, ...]) -> bool:
    one, two = _folded("".join(given)), _folded("".join(other))
    if UNSEEN in one + two or min(len(given), len(other)) == 0:
        initials = [name.replace(UNSEEN, " ").split() for name in (one, two)]
        return any(not seen for seen in initials) or initials[0][0][0] == initials[1][0][0]
    return one == two


def _parted(words: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(family, given words), with the surname in front and behind."""
    for family, given in ((words[0], words[1:]), (words[-1], words[:-1])):
        if family in surname_sounds() and given:
            yield _folded(family), given


def _spells(letters: str, han: str, is_cut: bool) -> bool:
    """Whether letters are the characters' readings or initials, one behind the other; of cut words
    any beginnings."""
    if not han:
        return not letters
    if han[0] == UNSEEN:
        return any(_spells(letters[n:], han[1:], is_cut) for n in range(len(letters) + 1))
    starts = {
        sound[:length] for sound in sounds(han[0])
        for length in (range(len(sound) + 1) if is_cut else (1, len(sound)))
    }  # fmt: skip
    return any(
        _spells(letters[len(start) :], han[1:], is_cut)
        for start in starts if letters.startswith(start)
    )  # fmt: skip


def _sound_alike(one: str, other: str) -> bool:
    return one == other or not sounds(one, True).isdisjoint(sounds(other, True))


@cache
def sounds(character: str, is_folded: bool = False) -> frozenset[str]:
    """A character's readings without tones, 吕 as lv, lu and lyu; folded: as they are heard."""
    # It takes 30 MB, which only tasks that meet Chinese names shall have; 70 with its phrases, of
    # which none is a character.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin  # noqa: PLC0415

    (found,) = pinyin(character, style=Style.NORMAL, heteronym=True)
    spelt = {sound.replace("v", u) for sound in found for u in ("v", "u", "yu")}
    return frozenset(map(_folded, spelt) if is_folded else spelt)


def _folded(letters: str) -> str:
    for apart, alike in _SAME_SOUNDS:
        letters = letters.replace(apart, alike)
    return re.sub("(?<=[aeiou]n)g(?![aeiouv])", "", letters)


@cache
def surname_sounds() -> frozenset[str]:
    """The surnames in pinyin, without tones; those of two characters in one word."""
    single = {sound for surname in SURNAMES for sound in sounds(surname)}
    return frozenset(single | {
        first + second for surname in COMPOUND_SURNAMES
        for first in sounds(surname[0]) for second in sounds(surname[1])
    })  # fmt: skip


@cache
def _syllables() -> frozenset[str]:
    """All that are in use, without tones."""
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    apart = unicodedata.normalize("NFD", ",".join(PINYIN_DICT.values()))
    plain = re.sub("[^a-zv,]", "", apart.replace("u\u0308", "v"))
    return frozenset(sound for sound in plain.split(",") if re.search("[aeiouv]", sound))


def _fewest_syllables(word: str) -> int | None:
    """Into how few syllables a word can be cut; None where it is no pinyin."""
    fewest: list[int | None] = [0]
    for end in range(1, len(word) + 1):
        counts = [
            1 + count
            for start, count in enumerate(fewest)
            if count is not None and word[start:end] in _syllables()
        ]
        fewest.append(min(counts, default=None))
    return fewest[-1]
