"""Names and addresses: common characters, put together by number."""

from __future__ import annotations

import pyarrow as pa

from examples.chance import Chance, Flags, Ints
from examples.spelling import joined, picked

# A surname and how it is spelt in a mailbox.
SURNAMES = {
    "王": "wang", "李": "li", "张": "zhang", "刘": "liu", "陈": "chen", "杨": "yang",
    "黄": "huang", "赵": "zhao", "吴": "wu", "周": "zhou", "徐": "xu", "孙": "sun",
    "马": "ma", "朱": "zhu", "胡": "hu", "郭": "guo", "何": "he", "林": "lin",
    "罗": "luo", "高": "gao", "梁": "liang", "郑": "zheng", "谢": "xie", "宋": "song",
    "唐": "tang", "许": "xu", "邓": "deng", "韩": "han", "冯": "feng", "曹": "cao",
    "彭": "peng", "曾": "zeng", "肖": "xiao", "田": "tian", "董": "dong", "潘": "pan",
    "袁": "yuan", "蔡": "cai", "蒋": "jiang", "余": "yu", "于": "yu", "杜": "du",
    "叶": "ye", "程": "cheng", "魏": "wei", "苏": "su", "吕": "lv", "丁": "ding",
    "任": "ren", "卢": "lu", "姚": "yao", "沈": "shen", "钟": "zhong", "姜": "jiang",
    "崔": "cui", "谭": "tan", "陆": "lu", "范": "fan", "汪": "wang", "廖": "liao",
    "石": "shi", "金": "jin", "韦": "wei", "贾": "jia", "夏": "xia", "付": "fu",
    "方": "fang",
}  # fmt: skip
# Pairs that sound alike, one behind the other: who mistypes one writes the other.
GIVEN = (
    "伟玮静婧明铭丽莉强蔷洋阳艳燕勇咏杰洁娟涓涛韬超朝秀绣霞侠平萍刚钢桂贵芳方英瑛华桦梅玫鹏朋"
    "红虹玉钰龙隆宁凝波博琳林飞菲凯楷欣新佳嘉浩皓宇雨晨辰雪学思斯文雯志智建健国果春椿峰锋海亥"
    "彬斌冰兵倩茜颖影璐露丹单云芸珍真庆清军君利力永泳旭绪俊峻婷亭敏闵慧惠光广荣蓉成诚辉晖心馨"
)
STREETS = [
    "中山", "人民", "解放", "建设", "和平", "长江", "黄河", "新华", "文化", "胜利", "友谊", "光明",
    "民主", "北京", "南京", "上海",
]  # fmt: skip
CITIES = [
    "上海", "北京", "广州", "深圳", "杭州", "南京", "成都", "武汉", "西安", "苏州", "天津", "重庆",
    "长沙", "郑州", "青岛", "宁波",
]  # fmt: skip


def surname_places(household: Ints, chance: Chance) -> Ints:
    """The place of each household's surname in SURNAMES; the first ones are the most frequent."""
    skewed = chance.share("surname", household) ** 1.7
    return (skewed * len(SURNAMES)).astype("int64")


def spelt_surnames(household: Ints, chance: Chance) -> pa.Array:
    return picked(list(SURNAMES.values()), surname_places(household, chance))


def names(
    person: Ints, household: Ints, chance: Chance, is_mistyped: Flags | None = None
) -> pa.Array:
    """Surname and one or two given characters; where mistyped, the last one by its sound."""
    last = chance.pick("given name", len(GIVEN), person)
    if is_mistyped is not None:
        last = last ^ is_mistyped
    middles = [*GIVEN, *[""] * (len(GIVEN) // 2)]  # a third has one given character
    middle = chance.pick("middle name", len(middles), person)
    surname = picked(list(SURNAMES), surname_places(household, chance))
    return joined(surname, picked(middles, middle), picked(list(GIVEN), last))


def streets(place: Ints, chance: Chance) -> pa.Array:
    """Street and house; `place` is a number of an address."""
    number = pa.array(1 + chance.pick("house", 900, place)).cast(pa.string())
    street = picked(STREETS, chance.pick("street", len(STREETS), place))
    return joined(street, "路", number, "号")


def cities(place: Ints, chance: Chance) -> pa.Array:
    return picked(CITIES, chance.pick("city", len(CITIES), place))


def postcodes(place: Ints, chance: Chance) -> pa.Array:
    """Six digits that belong to the city."""
    city = chance.pick("city", len(CITIES), place)
    return pa.array(200_000 + 1_000 * city + chance.pick("district", 40, place)).cast(pa.string())
