"""Who there is, and the values of their identifiers: all of it a hash of the person's number.

Persons are numbered from 0: those of the backlog first, then the newcomers, night after night. A
value is asked for by a slot, which is mostly the number of the person it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from examples.chance import Chance, Flags, Ints
from examples.spelling import (
    AREAS,
    MOBILE_PREFIXES,
    NUMBER_PRIME,
    PHONE_PRIME,
    digits,
    e164,
    hexadecimal,
    joined,
    national_ids,
    picked,
)

from .names import spelt_surnames
from .plan import Plan

MOST_PEOPLE = 10_000_000
SECOND = MOST_PEOPLE  # added to a person's slot: their other phone, their other mailbox
COMPANY = 2 * MOST_PEOPLE  # from here on slots belong to the company: its phone, its kiosk
NEWCOMERS = 0.3  # of the share of records that a night changes, as a share of the people
HAS_CARD, HAS_ACCOUNT, IN_WECHAT, HAS_UNIONID = 0.70, 0.60, 0.50, 0.85
APP_WITH_ACCOUNT, APP_WITHOUT = 0.60, 0.20
BIRTHS, FIRST_BIRTH = 20_000, -9_131  # days: from 1945 to 1999
ORDERS = 490  # of a day and an area, men and women apart
MAIL_DOMAINS = ["qingyou.test", "bluepost.test", "lanxin.test"]


@dataclass(frozen=True)
class People:
    """Arrays by person. first_night: the night whose dumps show them first, 1 for the backlog.

    household: the person whose surname, address and phone they share; their own number mostly.
    """

    first_night: Ints
    household: Ints
    has_card: Flags
    has_account: Flags
    in_wechat: Flags
    has_unionid: Flags
    in_app: Flags
    is_woman: Flags

    def __len__(self) -> int:
        return len(self.first_night)

    @property
    def has_profile(self) -> Flags:
        """Who is in the CRM, in the shop, or in both."""
        return self.has_card | self.has_account


def people_of(plan: Plan, chance: Chance) -> People:
    """Everybody of the plan's nights, each a household of their own."""
    new = round(plan.people * plan.change * NEWCOMERS)
    total = plan.people + new * (plan.nights - 1)
    if total > MOST_PEOPLE:
        raise ValueError(f"{total} people; expected at most {MOST_PEOPLE}, newcomers included")
    person = np.arange(total, dtype=np.int64)
    has_account = chance.share("account", person) < HAS_ACCOUNT
    in_wechat = chance.share("wechat", person) < IN_WECHAT
    in_app = chance.share("app", person) < np.where(has_account, APP_WITH_ACCOUNT, APP_WITHOUT)
    # Everybody is somewhere, and newcomers come with a profile.
    is_elsewhere = has_account | (in_wechat | in_app) & (person < plan.people)
    return People(
        first_night=np.where(person < plan.people, 1, 2 + (person - plan.people) // max(new, 1)),
        household=person,
        has_card=(chance.share("card", person) < HAS_CARD) | ~is_elsewhere,
        has_account=has_account,
        in_wechat=in_wechat,
        has_unionid=in_wechat & (chance.share("unionid", person) < HAS_UNIONID),
        in_app=in_app,
        is_woman=chance.share("gender", person) < 0.5,
    )


@dataclass(frozen=True)
class Identifiers:
    """The values of all kinds of identifiers as identity spells them, for slots of any number."""

    chance: Chance

    def cards(self, slot: Ints) -> pa.Array:
        return joined("8", digits(self.chance.scattered("card", slot, NUMBER_PRIME), 10))

    def accounts(self, slot: Ints) -> pa.Array:
        return joined("u", digits(self.chance.scattered("account", slot, NUMBER_PRIME), 10))

    def unionids(self, slot: Ints) -> pa.Array:
        return joined("o", self._letters("unionid", slot, 27))

    def openids(self, slot: Ints) -> pa.Array:
        return joined("m", self._letters("openid", slot, 27))

    def cookies(self, slot: Ints) -> pa.Array:
        return self._letters("cookie", slot, 20)

    def devices(self, slot: Ints) -> pa.Array:
        text = self._letters("device", slot, 32)
        ends = [0, 8, 12, 16, 20, 32]
        parts = [pc.utf8_slice_codeunits(text, a, b) for a, b in pairwise(ends)]
        return pc.binary_join_element_wise(*parts, "-")

    def phones(self, slot: Ints, is_mistyped: Flags | None = None) -> pa.Array:
        """E.164, unique since the last eight digits are. Nobody's begin with 14, but typos do."""
        rest = self.chance.scattered("phone", slot, PHONE_PRIME)
        right = e164(self.chance.pick("phone prefix", len(MOBILE_PREFIXES), slot), rest)
        if is_mistyped is None:
            return right
        prefix = picked(["145", "147"], self.chance.pick("typo", 2, slot))
        wrong = joined("+86", prefix, digits(rest, 8))
        return pc.if_else(pa.array(is_mistyped), wrong, right)

    def emails(self, slot: Ints, is_mistyped: Flags | None = None) -> pa.Array:
        """Mailboxes that begin with the surname; the digits make them unique. Typos end early."""
        surname = spelt_surnames(slot % SECOND, self.chance)
        number = digits(self.chance.scattered("email", slot, PHONE_PRIME), 8)
        domain = picked(MAIL_DOMAINS, self.chance.pick("email domain", len(MAIL_DOMAINS), slot))
        right = joined(surname, ".", number, "@", domain)
        if is_mistyped is None:
            return right
        return pc.if_else(pa.array(is_mistyped), pc.utf8_slice_codeunits(right, 0, -1), right)

    def births(self, slot: Ints) -> Ints:
        """Days since 1970."""
        return FIRST_BIRTH + self._national_number(slot) % BIRTHS

    def national_ids(self, slot: Ints, is_woman: Flags) -> pa.Array:
        """Valid numbers of nobody; unique, since birth, area and order together are."""
        rest = self._national_number(slot) // BIRTHS
        order = 10 + 2 * (rest % ORDERS) + np.where(is_woman, 0, 1)
        return national_ids(picked(AREAS, rest // ORDERS), self.births(slot), order)

    def _national_number(self, slot: Ints) -> Ints:
        return self.chance.scattered("national id", slot, PHONE_PRIME)

    def _letters(self, kind: str, slot: Ints, count: int) -> pa.Array:
        """So many hexadecimal letters, 32 at most; 64 bits of them alone keep slots apart."""
        first = hexadecimal(self.chance.bits(f"{kind} a", slot))
        more = hexadecimal(self.chance.bits(f"{kind} b", slot))
        return pc.utf8_slice_codeunits(joined(first, more), 0, count)
