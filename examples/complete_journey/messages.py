"""The WeChat-like channel: welcome, campaign messages, coupons, and the binding of a card."""

from __future__ import annotations

import numpy as np
import pandas as pd

from examples.chance import Chance

from .demo import Demo
from .journey import Journey
from .landing import Dialect, Dump, clock

YEAR = pd.Timestamp("2017-01-01")
OPENED, CLICKED = 0.45, 0.40  # of those sent; of those opened
FOLLOW_DAYS, BIND_DAYS = 59, 273  # all follow by the end of February, bind by that of September
EVENTS = ["send", "coupon", "open", "click", "redeem", "bind"]
COLUMNS = ["person", "event", "at", "campaign", "type", "coupon"]
HOUR, MINUTE = 3_600, 60


def seconds(amounts: np.ndarray) -> pd.TimedeltaIndex:
    return pd.to_timedelta(amounts, unit="s")


def campaign_events(journey: Journey, users: pd.DataFrame, chance: Chance) -> pd.DataFrame:
    """Message sent at the campaign's start, a coupon with it, opened and clicked by some."""
    sent = journey.messages[journey.messages["person"].isin(users.index)].reset_index(drop=True)
    key = (sent["person"].to_numpy(), sent["campaign"].to_numpy())
    at = sent["start"] + seconds(10 * HOUR + chance.pick("sent", 20 * MINUTE, *key))
    opened_at = at + seconds(30 + chance.pick("opened after", 36 * HOUR, *key))
    opened = chance.share("opened", *key) < OPENED
    clicked = opened & (chance.share("clicked", *key) < CLICKED)
    clicked_at = opened_at + seconds(5 + chance.pick("clicked after", 10 * MINUTE, *key))
    coupon = [f"G{n:05d}" for n in chance.pick("coupon", 100_000, sent["campaign"])]
    return pd.concat(
        [
            sent.assign(event="send", at=at),
            sent.assign(event="coupon", at=at + seconds(5 * np.ones(len(sent))), coupon=coupon),
            sent.assign(event="open", at=opened_at)[opened],
            sent.assign(event="click", at=clicked_at)[clicked],
        ]
    )


def redemption_events(journey: Journey, users: pd.DataFrame, chance: Chance) -> pd.DataFrame:
    """The coupons redeemed by the users, at an hour of the day made by hash."""
    redeemed = journey.redemptions[journey.redemptions["person"].isin(users.index)]
    key = (redeemed["person"].to_numpy(), redeemed["coupon"].to_numpy())
    at = redeemed["day"] + seconds(9 * HOUR + chance.pick("redeemed", 12 * HOUR, *key))
    coupon = redeemed["coupon"].map(str)
    return redeemed.assign(event="redeem", at=at, coupon=coupon)


def own_events(users: pd.DataFrame, events: pd.DataFrame, chance: Chance) -> pd.DataFrame:
    """The welcome message of every user, before all else, and the binding of the card by some."""
    person = users.index.to_numpy()
    followed = pd.Series(
        YEAR + seconds(chance.pick("follows", FOLLOW_DAYS * 24 * HOUR, person)), index=person
    )
    first = events[events["at"] >= YEAR].groupby("person")["at"].min().reindex(person)
    latest = (first - pd.Timedelta(hours=1)).fillna(followed)
    followed = followed.where(followed < latest, latest).clip(lower=YEAR)
    bound = pd.Series(
        YEAR + seconds(chance.pick("binds", BIND_DAYS * 24 * HOUR, person)), index=person
    ).clip(lower=followed + pd.Timedelta(minutes=5))
    welcomes = pd.DataFrame({"person": person, "event": "send", "at": followed, "type": "welcome"})
    bindings = pd.DataFrame({"person": person, "event": "bind", "at": bound})
    return pd.concat([welcomes, bindings[users["binds_card"].to_numpy()]])


def wechat_messages(demo: Demo) -> Dump:
    """One row per message, coupon or binding, with the user's unionid; a binding names the card."""
    journey, chance = demo.journey, demo.chance
    users = demo.people[demo.people["unionid"].notna()]
    events = pd.concat([
        campaign_events(journey, users, chance), redemption_events(journey, users, chance),
    ])  # fmt: skip
    events = pd.concat([events, own_events(users, events, chance)]).reindex(columns=COLUMNS)
    events["day"] = events["at"].dt.normalize()
    events = demo.calendar.known(events[events["at"] >= YEAR], "day")
    events = events.sort_values(["at", "person", "event", "coupon"], ignore_index=True)
    user = users.loc[events["person"], ["unionid", "card"]].set_index(events.index)
    card = user["card"].where(events["event"] == "bind", None)
    rows = pd.DataFrame(
        {
            "id": message_ids(events, chance),
            "unionid": user["unionid"],
            "event": events["event"],
            "time": clock(events["at"], "%Y-%m-%dT%H:%M:%S+08:00"),
            "campaign": events["campaign"].map("C{:02.0f}".format, na_action="ignore"),
            "campaign_type": events["type"],
            "coupon": events["coupon"],
            "card": card,
        }
    )
    return Dump(
        folder="wechat/{date}", name="messages", dialect=Dialect("jsonl"), rows=rows,
        days=events["day"], persons=events["person"],
        identifiers=pd.DataFrame({"unionid": user["unionid"], "member_card": card}),
    )  # fmt: skip


def message_ids(events: pd.DataFrame, chance: Chance) -> list[str]:
    """A number per event, out of what it is and when; never its place in the list."""
    kind = events["event"].map(EVENTS.index)
    coupon = events["coupon"].fillna("0").str.lstrip("G").astype("int64")
    campaign = events["campaign"].fillna(0).astype("int64")
    at = events["at"].astype("datetime64[s]").astype("int64")
    bits = chance.bits("message", events["person"], kind, campaign, coupon, at)
    return [f"m{n:016x}" for n in bits]
