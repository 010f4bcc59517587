"""Five channels of what people do, as their systems write it: receipts, orders, messages, …"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from examples.chance import Flags, Ints
from examples.spelling import (
    PHONE_STYLES,
    digits,
    hexadecimal,
    joined,
    picked,
    typed_phones,
)

from .dumps import Dump, Layout, clock, does_of
from .happenings import Happenings
from .planted import PLACEHOLDERS
from .world import World

POS_CARD, POS_PHONE, POS_PHONE_WITHOUT_CARD = 0.95, 0.05, 0.60
SHOP_PHONE, SHOP_COOKIE = 0.15, 0.10
WECHAT_UNIONID, WECHAT_PHONE, WECHAT_CARD = 0.75, 0.10, 0.05
LOGS_IN = 0.30  # of the app's events of those who have an account
CALL_PHONE, CALL_NAMES = 0.80, 0.30  # a call says a phone, else an e-mail; and a card or an account
TOPICS = ["发货", "退货", "积分", "发票", "其他"]


@dataclass(frozen=True)
class Rows:
    """A channel's happenings with what the columns ask of them."""

    world: World
    channel: str
    found: Happenings

    def has(self, what: str, share: float) -> Flags:
        """True for that share of the rows."""
        chance, found = self.world.chance, self.found
        return chance.share(f"{self.channel} {what}", found.person, found.number) < share

    def picks(self, what: str, count: int) -> Ints:
        chance, found = self.world.chance, self.found
        return chance.pick(f"{self.channel} {what}", count, found.person, found.number)

    def record_ids(self, letter: str) -> pa.Array:
        chance, found = self.world.chance, self.found
        return joined(letter, hexadecimal(chance.bits(self.channel, found.person, found.number)))

    def phones(self, has: Flags) -> pa.Array:
        """The phone that was the person's on the day, typed in some way."""
        person = self.found.person
        slot = self.world.owners.slot(person[has], self.found.day[has])
        style = self.picks("phone style", len(PHONE_STYLES))[has]
        return spread(has, typed_phones(self.world.values.phones(slot), style))

    def of_person(self, values: Callable[[Ints], pa.Array], has: Flags) -> pa.Array:
        """The person's identifier in the rows that hold it."""
        return spread(has, values(self.found.person[has]))

    def times(self, pattern: str = "%Y-%m-%d") -> pa.Array:
        return clock(self.found.day, self.found.second, pattern)

    def money(self) -> pa.Array:
        cents = 500 + self.picks("cents", 50_000)
        return joined(pa.array(cents // 100).cast(pa.string()), ".", digits(cents % 100, 2))


def spread(has: Flags, values: pa.Array) -> pa.Array:
    """The values at the rows that have one, null at the others."""
    return pc.replace_with_mask(pa.nulls(len(has), pa.string()), pa.array(has), values)


def _pos(rows: Rows) -> dict[str, pa.Array]:
    has_card = rows.world.people.has_card[rows.found.person]
    says_phone = rows.has("phone", POS_PHONE) | (
        ~has_card & rows.has("phone", POS_PHONE_WITHOUT_CARD)
    )
    return {
        "小票号": rows.record_ids("p"),
        "门店": joined("S", digits(rows.picks("store", 300), 3)),
        "时间": rows.times("%Y/%m/%d"),
        "会员卡号": rows.of_person(rows.world.values.cards, has_card & rows.has("card", POS_CARD)),
        "手机": rows.phones(says_phone),
        "金额": rows.money(),
        "状态": picked(["已付"], np.zeros(len(has_card), np.int64)),
    }


def _shop(rows: Rows) -> dict[str, pa.Array]:
    values, everybody = rows.world.values, np.ones(len(rows.found.person), bool)
    return {
        "order_no": rows.record_ids("o"),
        "user_id": rows.of_person(values.accounts, everybody),
        "delivery_phone": rows.phones(rows.has("phone", SHOP_PHONE)),
        "cookie": rows.of_person(values.cookies, rows.has("cookie", SHOP_COOKIE)),
        "state": picked(["PAID"], np.zeros(len(everybody), np.int64)),
        "pay_time": rows.times(),
        "total": rows.money(),
    }


def _wechat(rows: Rows) -> dict[str, pa.Array]:
    people, values, person = rows.world.people, rows.world.values, rows.found.person
    binds = people.has_card[person] & rows.has("card", WECHAT_CARD)
    event = np.where(binds, 2, rows.picks("event", 2))
    has_unionid = people.has_unionid[person] & rows.has("unionid", WECHAT_UNIONID)
    return {
        "id": rows.record_ids("w"),
        "openid": rows.of_person(values.openids, np.ones(len(person), bool)),
        "unionid": rows.of_person(values.unionids, has_unionid),
        "phone": rows.phones(rows.has("phone", WECHAT_PHONE)),
        "card": rows.of_person(values.cards, binds),
        "event": picked(["open", "click", "bind"], event),
        "time": rows.times(),
    }


def _app(rows: Rows) -> dict[str, pa.Array]:
    world, found = rows.world, rows.found
    has_account = world.people.has_account[found.person]
    logs_in = found.is_planted | (has_account & rows.has("log-in", LOGS_IN))
    zero = world.among(world.planted.placeholders["device"])[found.person]
    device = world.values.devices(found.slot)
    return {
        "eid": rows.record_ids("e"),
        "did": pc.if_else(pa.array(zero), PLACEHOLDERS["device"], device),
        "uid": rows.of_person(world.values.accounts, logs_in),
        "event": picked(["launch", "sign_in"], logs_in.astype(np.int64)),
        "time": rows.times(),
    }


def _service(rows: Rows) -> dict[str, pa.Array]:
    people, values, found = rows.world.people, rows.world.values, rows.found
    says_phone = found.is_planted | rows.has("phone", CALL_PHONE)
    names_one = found.is_planted | rows.has("name", CALL_NAMES)
    card = names_one & people.has_card[found.person]
    user = names_one & ~card & people.has_account[found.person]
    return {
        "case_no": rows.record_ids("c"),
        "phone": rows.phones(says_phone),
        "email": rows.of_person(values.emails, ~says_phone),
        "card": rows.of_person(values.cards, card),
        "user": rows.of_person(values.accounts, user),
        "topic": picked(TOPICS, rows.picks("topic", len(TOPICS))),
        "opened": rows.times(),
    }


LAYOUTS: dict[str, tuple[Layout, Callable[[Rows], dict[str, pa.Array]]]] = {
    "pos": (Layout("pos", "tickets", ("会员卡号", "手机")), _pos),
    "shop": (Layout("shop", "orders", ("user_id", "delivery_phone", "cookie")), _shop),
    "wechat": (Layout("wechat", "messages", ("openid", "unionid", "phone", "card")), _wechat),
    "app": (Layout("app", "events", ("did", "uid")), _app),
    "service": (Layout("service", "cases", ("phone", "email", "card", "user")), _service),
}


def dump_of(world: World, channel: str, found: Happenings) -> Dump:
    """The rows as the channel's system writes them."""
    layout, columns_of = LAYOUTS[channel]
    nobody = np.zeros(len(found.person), bool)
    columns = columns_of(Rows(world, channel, found))
    return Dump(layout, columns, found.person, found.day, does_of(nobody, nobody), found.is_late)
