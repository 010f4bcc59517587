"""Two channels of purchases: the stores' tills (lines) and the web shop (orders and items)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from examples.chance import Chance

from .demo import Demo
from .dirt import written_phones
from .landing import Dialect, Dump, clock, money
from .people import HAS_ACCOUNT

ONLINE = 0.35  # of all baskets; only those with a shop account buy online
WITHOUT_CARD = 0.10
RECEIPT_PHONE, RECEIPT_STORE_PHONE = 0.12, 0.004  # of receipts
REFUNDED = 0.01
SUMS = ["amount", "discount", "coupon"]  # of a basket; its lines have their own


def online(baskets: pd.DataFrame, demo: Demo) -> pd.Series:
    """Which baskets were bought in the web shop."""
    has_account = demo.people["account"].notna().reindex(baskets["person"]).to_numpy()
    drawn = demo.chance.share("online", baskets["basket"]) < ONLINE / HAS_ACCOUNT
    return pd.Series(has_account & drawn, index=baskets.index)


def numbered(baskets: pd.Series, purpose: str, chance: Chance) -> pd.Series:
    """Numbers of 12 digits, one per basket: its id behind a mask of bits, which is a bijection."""
    return baskets ^ (chance.number(purpose) & ((1 << 36) - 1))


def receipts_of(baskets: pd.DataFrame, demo: Demo) -> pd.DataFrame:
    """The baskets paid at a till, with what the till learnt of the buyer: card and phone."""
    key, chance = baskets["basket"].to_numpy(), demo.chance
    buyer = demo.people.loc[baskets["person"], ["card", "phone"]].set_index(baskets.index)
    drawn = chance.share("receipt phone", key)
    phone = buyer["phone"].where(drawn < RECEIPT_PHONE, None)
    phone = phone.mask(drawn < RECEIPT_STORE_PHONE, demo.planted.store_phone)
    return baskets.assign(
        ticket=numbered(baskets["basket"], "ticket", chance).map("{:012d}".format),
        shop=baskets["store"].map("S{:05d}".format),
        time=clock(baskets["paid_at"], "%Y/%-m/%-d %-H:%M"),
        card=buyer["card"].mask(chance.share("card left at home", key) < WITHOUT_CARD, None),
        phone=phone,
        written_phone=written_phones(phone, "receipt", key, chance),
    )


def till_lines(demo: Demo) -> Dump:
    """POS: one row per line of a receipt, Chinese headers, minutes without leading zeros."""
    baskets = demo.calendar.known(demo.journey.baskets, "day")
    receipts = receipts_of(baskets[~online(baskets, demo)], demo).drop(columns=SUMS)
    lines = lines_in_order(receipts, demo.journey.lines)
    rows = pd.DataFrame(
        {
            "门店": lines["shop"],
            "小票号": lines["ticket"],
            "行号": lines["line_no"],
            "时间": lines["time"],
            "会员卡号": lines["card"],
            "手机": lines["written_phone"],
            "商品编码": lines["product"],
            "部门": lines["department"],
            "品类": lines["category"],
            "品牌": lines["brand"].map({"National": "全国", "Private": "自有"}),
            "数量": lines["quantity"],
            "金额": money(lines["amount"]),
            "优惠": money(lines["discount"]),
            "用券": money(lines["coupon"]),
            "状态": "已付",
        }
    )
    return Dump(
        folder="pos/{date}", name="lines", dialect=Dialect("csv"), rows=rows, days=lines["day"],
        identifiers=lines[["card", "phone"]].rename(columns={"card": "member_card"}),
        persons=lines["person"], monthly=True,
    )  # fmt: skip


def lines_in_order(heads: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of the heads, in the order of the heads and then of the line number."""
    chosen = lines[lines["basket"].isin(heads["basket"])]
    joined = heads.assign(place=np.arange(len(heads))).merge(chosen, on="basket", how="inner")
    order = np.lexsort([joined["line_no"], joined["place"]])
    return joined.iloc[order].reset_index(drop=True)


def order_versions(demo: Demo) -> pd.DataFrame:
    """The web shop's orders, one row per version: paid, and refunded a day or two later.

    Both versions carry the same number and paid_at; the refund is written on its own day.
    """
    baskets, chance = demo.journey.baskets, demo.chance
    paid = baskets[online(baskets, demo)]
    key = paid["basket"].to_numpy()
    paid = paid.assign(
        order=numbered(paid["basket"], "order", chance).map("W{:012d}".format),
        account=demo.people["account"].reindex(paid["person"]).to_numpy(),
        pay_time=clock(paid["paid_at"], "%Y-%m-%d %H:%M:%S"),
        state="PAID",
        written_at=paid["paid_at"],
    )
    refunded = paid[chance.share("refunded", key) < REFUNDED]
    key = refunded["basket"].to_numpy()
    later = pd.to_timedelta(1 + chance.pick("refund days", 2, key), unit="D")
    seconds = chance.pick("refund time", 12 * 3600, key) + 9 * 3600
    written_at = refunded["day"] + later + pd.to_timedelta(seconds, unit="s")
    refunded = refunded.assign(state="REFUNDED", written_at=written_at)
    versions = pd.concat([paid, refunded]).assign(day=lambda rows: rows.written_at.dt.normalize())
    versions = demo.calendar.known(versions, "day")
    return versions.sort_values(["written_at", "basket"], kind="stable", ignore_index=True)


def web_orders(versions: pd.DataFrame) -> Dump:
    """The shop's order headers: one row per order and version."""
    rows = pd.DataFrame(
        {
            "order_no": versions["order"],
            "user_id": versions["account"],
            "state": versions["state"],
            "pay_time": versions["pay_time"],
            "total": money(versions["amount"]),
            "discount": money(versions["discount"]),
            "coupon": money(versions["coupon"]),
            "items": versions["lines"],
            "written_at": clock(versions["written_at"], "%Y-%m-%d %H:%M:%S"),
        }
    )
    return Dump(
        folder="shop/orders/{date}", name="orders", dialect=Dialect("jsonl"), rows=rows,
        days=versions["day"], identifiers=versions[["account"]], persons=versions["person"],
        monthly=True,
    )  # fmt: skip


def web_items(versions: pd.DataFrame, demo: Demo) -> Dump:
    """The shop's order items: one row per line of an order and version."""
    items = lines_in_order(versions.drop(columns=SUMS), demo.journey.lines)
    rows = pd.DataFrame(
        {
            "order_no": items["order"],
            "seq": items["line_no"],
            "user_id": items["account"],
            "state": items["state"],
            "pay_time": items["pay_time"],
            "sku": items["product"].map(str),
            "dept": items["department"],
            "category": items["category"],
            "brand": items["brand"].str.lower(),
            "qty": items["quantity"],
            "amount": money(items["amount"]),
            "discount": money(items["discount"]),
        }
    )
    return Dump(
        folder="shop/items/{date}", name="items", dialect=Dialect("jsonl"), rows=rows,
        days=items["day"], identifiers=items[["account"]], persons=items["person"], monthly=True,
    )  # fmt: skip
