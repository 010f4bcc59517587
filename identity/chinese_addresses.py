"""Chinese addresses: the street behind province, city and district, and the postcode at an end.

The divisions are those that were ever in force (stdnum's table of id cards). What is left must not
look as if it held another one: then the street is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from identity.chinese_names import HAN

_WORD = r"(?:(?:邮政编码|邮编)[:]?\s*)"
# First two digits of the provinces' codes: what is no postcode may be a room.
_CODE = r"(?:0[1-7]|1[0-6]|2[0-7]|3[0-6]|4[0-7]|5[1-7]|6[1-7]|7[1-5]|8[13-6])\d{4}"
_CODE_IN_FRONT = re.compile(rf"\(?{_WORD}?({_CODE})(?!\d)\)?[\s,;]*")
_CODE_BEHIND = re.compile(
    rf"(?:[\s,;]+{_WORD}?|{_WORD}|\({_WORD}?|(?<=[号室村县市区镇乡路街]))(?<!\d)({_CODE})\)?$"
)
_SEPARATORS = " \t\n,、;/|·.-—_"
_COUNTRY = re.compile("^(?:中华人民共和国|中国)")
_ROAD = "(?:大道|大街|公路|胡同|路|街(?!道)|巷|弄|道(?!里|外))"
_IS_ROAD = re.compile(_ROAD)
_IS_ROAD_OF_A_CITY = re.compile(f"[东南西北中一二三四五六七八九十]{{0,2}}{_ROAD}")
# What may be a province, city, county or district still: not blocks (A区, 东区), estates, markets.
_MAY_DIVIDE = re.compile(
    r"(?<![A-Za-z0-9一二三四五六七八九十东南西北中小社园业校厂景院苑宅活])区(?!府|委)"
    r"|(?<![超城都夜菜花])市(?![场民政府委口])"
    r"|县(?![府委前后中医])|自治|(?<![外])省(?![府委道])"
)
_DIVIDING = re.compile("[区市县省自]")  # found ten times as fast
_NAMES_A_PLACE = re.compile(r"[路街道巷弄村号庄里苑园坊湾组屯栋\d]|胡同|小区|大厦|广场")
_LONG_NUMBER = re.compile(r"\d{7}")
_ETHNIC = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$")
_SHORTEST = 2  # characters of a division's name
# Divisions behind others only: blocks of an estate else, or any town's.
_BLOCKS = frozenset(re.findall("..", "东区西区南区北区新区市区城区郊区矿区林区"))
_ZONES = frozenset({
    "高新区", "高新技术开发区", "高新技术产业开发区", "开发区", "经济开发区", "经济技术开发区",
    "雄安新区",
})  # fmt: skip
_BLANKS = re.compile(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])")


def chinese_street(text: str) -> str | None:
    """The street, with all behind it, of an address without postcode; None where it is not told."""
    if _LONG_NUMBER.search(text):  # somebody's phone, and maybe their name
        return None
    street = _without_divisions(text)
    if street is None or not _NAMES_A_PLACE.search(street):
        return None
    if _DIVIDING.search(street) and _MAY_DIVIDE.search(street):
        return None
    return _BLANKS.sub("", " ".join(street.split())) if len(street) >= _SHORTEST else None


def chinese_postcode(text: str) -> tuple[str | None, str]:
    """The six digits at an end of an address, and the rest of it."""
    front = _CODE_IN_FRONT.match(text)
    behind = _CODE_BEHIND.search(text) if text[-1:] in "0123456789)" else None
    codes = {found[1] for found in (front, behind) if found}
    rest = text[front.end() if front else 0 : behind.start() if behind else len(text)]
    return (codes.pop() if len(codes) == 1 else None), rest


def _without_divisions(text: str) -> str | None:
    """What follows the divisions at the head; None where it is not clear where they end."""
    rest, is_behind = _COUNTRY.sub("", text.lstrip(_SEPARATORS)), False
    while True:
        rest = rest.lstrip(_SEPARATORS)
        if name := _full_name(rest, is_behind):
            rest, is_behind = rest[len(name) :], True
            continue
        name = _bare_name(rest)
        after = rest[len(name) :]
        if not name or _IS_ROAD_OF_A_CITY.match(after):
            return rest
        if after[:1] not in _SEPARATORS and not _begins_with_another(after):
            return None
        rest, is_behind = after, True


def _begins_with_another(text: str) -> bool:
    """Whether a division follows a bare name, at once or behind one more: 广东深圳南山区."""
    behind = text[len(_bare_name(text)) :]
    return bool(_full_name(text, True) or _full_name(behind, True))


def _full_name(text: str, is_behind: bool) -> str:
    """The division whose whole name begins a text; `is_behind`: after another one."""
    for name in _divisions(is_behind).get(text[:_SHORTEST], ()):
        if text.startswith(name) and not _IS_ROAD.match(text, len(name)):
            return name
    return ""


def _bare_name(text: str) -> str:
    """The province or city whose name without its last word begins a text."""
    names = _bare_divisions().get(text[:_SHORTEST], ())
    return next((name for name in names if text.startswith(name)), "")


@cache
def _divisions(is_behind: bool) -> Mapping[str, Sequence[str]]:
    return _by_beginning(_every_division() | _ZONES if is_behind else _every_division() - _BLOCKS)


@cache
def _bare_divisions() -> Mapping[str, Sequence[str]]:
    bare = {_ETHNIC.sub("", name) for name in _every_division() if _ETHNIC.search(name)}
    return _by_beginning(name for name in bare if len(name) >= _SHORTEST)


@cache
def _every_division() -> frozenset[str]:
    table = (files("stdnum") / "cn" / "loc.dat").read_text(encoding="utf-8")
    listed = re.findall(r'(?:province|county)="([^"]*)"', table)
    # Names of one code, with their years: [1983-1989]昆山县,[1989-]昆山市
    names = {name for each in listed for name in re.sub(r"\[[^\]]*\]", "", each).split(",")}
    return frozenset(name for name in names if len(name) >= _SHORTEST)


def _by_beginning(names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Names by their first characters, longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda each: (-len(each), each)):
        found.setdefault(name[:_SHORTEST], []).append(name)
    return found
