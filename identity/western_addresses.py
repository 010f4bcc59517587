"""Addresses in Latin letters: the street, where commas set it apart from the city, and the postcode
as Australia, the United States, Britain, Canada and the continent write it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

_AMERICAN = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ"
    "|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WV|WA|WI|WY"
)
_BRITISH = r"(?i:GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})"
_CANADIAN = r"(?i:[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d)"
# With the state in front, which is none of the code; "de" and "or" are words, too.
_CODE_AT_END = re.compile(
    rf"(?<![\w-])(?:(?:{_AMERICAN}) (?P<zip>\d{{5}}(?:-\d{{4}})?)"
    r"|(?i:NSW|VIC|QLD|TAS|ACT|NT|SA|WA) (?P<australian>\d{4})"
    rf"|(?P<british>{_BRITISH})|(?P<canadian>{_CANADIAN}))$"
)
_DIGITS = r"\d{4,6}|\d{5}-\d{4}"
_ONLY_CODE = re.compile(rf"(?:{_DIGITS})")
_CITY_CODE = re.compile(rf"(?P<city>[^\d]*[^\W\d_])[ -]+(?P<code>{_DIGITS})")
_CODE_CITY = re.compile(
    r"(?:[A-Z]{1,2}-)?(?P<code>\d{4} ?[A-Z]{2}(?![a-z])|\d{4,5}|\d{3} \d{2}|\d{2}-\d{3})"
    r" (?P<city>[^\W\d_][^\d]*)"
)  # 10115 Berlin, 1012 AB Amsterdam, 111 22 Stockholm, 00-950 Warszawa
_COUNTRIES = frozenset(
    """
    china|p.r. china|pr china|australia|usa|u.s.a.|us|united states|united states of america|uk
    |u.k.|united kingdom|great britain|england|scotland|wales|northern ireland|canada|germany
    |deutschland|austria|österreich|switzerland|schweiz|suisse|france|italy|italia|spain|españa
    |netherlands|the netherlands|nederland|belgium|belgië|belgique|sweden|sverige|denmark|danmark
    |norway|norge|poland|polska|ireland|new zealand|singapore|hong kong
""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)
# Words that streets end in; towns do not end in the first ones.
_STREET_WORDS = "street|st|road|rd|avenue|ave|lane|ln|boulevard|blvd|highway|hwy"
_TYPES = (
    "av|drive|dr|court|ct|place|pl|terrace|tce|terr|crescent|cres|close|cl|parade|pde|square|sq|way"
    "|circuit|cct|grove|gr|parkway|pkwy|esplanade|esp|mews|quay|alley|trail|turnpike|row|walk"
    "|circle|cir|loop|rise|gardens|gdns"
)
_NUMBER = r"(?:no\.? ?)?\d+[a-z]?(?: ?[-/&] ?\d+[a-z]?)*"
_SIDE = r"\.?(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west))?"
_NUMBERED_STREET = "|".join(
    (
        rf"{_NUMBER} +[^\W\d_].* (?:{_STREET_WORDS}|{_TYPES}){_SIDE}",
        rf"{_NUMBER},? (?:bis |ter )?(?:rue|avenue|av\.?|boulevard|bd|place|chemin|route|allée|quai"
        r"|impasse|cours) [^\d]+",
        r"[^\d]*(?:stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|chaussee|straat|laan|plein"
        rf"|gracht|kade|singel|gatan|vägen|vej|gade|veien|gata) {_NUMBER}",
        r"(?:via|viale|piazza|corso|largo|calle|c/|avenida|avda\.?|plaza|paseo|rua|ul\.|ulica)"
        rf" [^\d]+,? ?{_NUMBER}",
    )
)
_BARE_STREET = "|".join((
    rf"[^\W\d_].* (?:{_STREET_WORDS}){_SIDE}", r"[^\d]*(?:stra(?:ß|ss)e|straat|gracht)",
    r"(?:via|viale|piazza|corso|calle|avenida|avda\.?|plaza|paseo|rua|ul\.|ulica) [^\d]+",
    r"rue [^\d]+",
))  # fmt: skip
_STREETS = tuple(re.compile(each, re.IGNORECASE) for each in (_NUMBERED_STREET, _BARE_STREET))
_NUMBERED = re.compile(rf"{_NUMBER} +[^\W\d_].*", re.IGNORECASE)
_UNIT = re.compile(
    r"(?:unit|flat|apt|apartment|suite|ste|room|rm|level|lvl|floor|shop|block|building|bldg|#|lot)"
    r"\.? ?[\w/-]+|\d+(?:st|nd|rd|th) floor",
    re.IGNORECASE,
)
_IS_NUMBER = re.compile(r"\d+ ?[a-z]?", re.IGNORECASE)
# Before a number at the end, these say that it is no postcode.
_COUNTED = re.compile(
    r"(?:box|unit|flat|apt|suite|room|level|floor|shop|block|building|lot|no|highway|route|road"
    r"|street|st|rd|ave|avenue)\.?$",
    re.IGNORECASE,
)


def western_parts(text: str) -> tuple[str | None, str | None]:
    """(street, postcode) of an address; None where one is not told."""
    fields = [" ".join(field.split()) for field in re.split(r"[,;\n]+", text)]
    fields = [field for field in fields if field]
    while len(fields) > 1 and fields[-1].casefold() in _COUNTRIES:
        fields.pop()
    if not fields:
        return None, None
    code, rest = _postcode(fields)
    return _street(rest, len(fields) > 1, code is not None), code


def _postcode(fields: Sequence[str]) -> tuple[str | None, list[str]]:
    """The postcode of an address, and its parts but the one that tells it."""
    last, before = fields[-1], list(fields[:-1])
    if before and _ONLY_CODE.fullmatch(last):
        return last, before
    if found := _CODE_AT_END.search(last):
        return _spelt(str(found.lastgroup), found), before
    if not before:
        return None, [last]
    if found := _CODE_CITY.fullmatch(last):
        return (None, [*before, last]) if _is_street(last) else (found["code"].upper(), before)
    if (found := _CITY_CODE.fullmatch(last)) and not _COUNTED.search(found["city"]):
        return found["code"], before
    return None, [*before, last]


def _spelt(country: str, found: re.Match[str]) -> str:
    """A postcode in capitals, with a blank where its country has one."""
    code = found[country].upper()
    bare = code.replace(" ", "").replace("-", "")
    if country in ("british", "canadian"):
        return f"{bare[:-3]} {bare[-3:]}"
    return code


def _street(fields: list[str], is_parted: bool, has_code: bool) -> str | None:
    """The one part that is a street, with the units beside it and the number behind it."""
    candidates = [field for field in fields if not _UNIT.fullmatch(field)]
    found = [field for field in candidates if _STREETS[0].fullmatch(field)]
    if not found and is_parted and has_code and _NUMBERED.fullmatch(fields[0]):
        found = fields[:1]  # 123 Broadway, New York, NY 10001
    if not found:
        found = [field for field in candidates if _STREETS[1].fullmatch(field)]
    if len(found) != 1:
        return None
    at = fields.index(found[0])
    before = list(takewhile(_UNIT.fullmatch, reversed(fields[:at])))[::-1]
    behind = fields[at + 1 :]
    number = [behind[0]] if behind and _IS_NUMBER.fullmatch(behind[0]) else []
    units = list(takewhile(_UNIT.fullmatch, behind[len(number) :]))
    return ", ".join([*before, fields[at], *number, *units])


def _is_street(field: str) -> bool:
    return any(street.fullmatch(field) for street in _STREETS)
