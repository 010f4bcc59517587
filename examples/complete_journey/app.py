"""The app's events: openings, views and carts before purchases, and log-ins.

Events carry a device; only a log-in carries the shop account too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .contacts import app_devices
from .demo import Demo
from .landing import Dialect, Dump

VIEWED, CARTED = 0.30, 0.20  # of the lines bought; of the pages viewed
DAYS_BEFORE = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
LOGS_IN_AGAIN = 0.08  # of the sessions after the first
YEAR = pd.Timestamp("2017-01-01")
SHANGHAI = pd.Timedelta(hours=8)
COLUMNS = ["person", "user", "event", "at", "product", "department", "key", "day"]
NOBODY = 0  # the user of an event without a log-in
GUEST_AFTER = pd.Timedelta(minutes=30)


def seconds(amounts: np.ndarray) -> pd.TimedeltaIndex:
    return pd.to_timedelta(amounts, unit="s")


def views_of(demo: Demo, users: pd.Index) -> pd.DataFrame:
    """Pages of products, some minutes to two days before they are bought, and carts after them."""
    journey, chance, calendar = demo.journey, demo.chance, demo.calendar
    longest = max(DAYS_BEFORE) + 1
    baskets = journey.baskets[journey.baskets["person"].isin(users)]
    baskets = baskets[baskets["day"] <= calendar.nights[-1] + pd.Timedelta(days=longest)]
    lines = baskets[["basket", "person", "paid_at"]].merge(
        journey.lines[["basket", "line_no", "product", "department"]], on="basket", how="inner"
    )
    key = (lines["basket"].to_numpy(), lines["line_no"].to_numpy())
    lines = lines.assign(key=chance.bits("view", *key))[chance.share("viewed", *key) < VIEWED]
    key = (lines["basket"].to_numpy(), lines["line_no"].to_numpy())
    days = np.array(DAYS_BEFORE)[chance.pick("viewed days before", len(DAYS_BEFORE), *key)]
    back = seconds(days * 86_400 + 120 + chance.pick("viewed before", 7_200, *key))
    views = lines.assign(event="view_item", at=lines["paid_at"] - back)
    carted_at = views["at"] + seconds(20 + chance.pick("carted after", 60, *key))
    carts = views.assign(event="add_cart", at=carted_at, key=chance.bits("cart", *key))
    events = pd.concat([views, carts[chance.share("carted", *key) < CARTED]])
    events = events.assign(day=events["at"].dt.normalize(), user=NOBODY)
    return calendar.known(events[events["at"] >= YEAR], "day")


def sessions_of(views: pd.DataFrame, demo: Demo) -> pd.DataFrame:
    """One row per person and day with views: when the app was opened; `number` counts from 0."""
    sessions = views.groupby(["person", "day"], as_index=False)["at"].min()
    opened_at = sessions["at"] - seconds(np.full(len(sessions), 30))
    sessions["at"] = opened_at.where(opened_at >= sessions["day"], sessions["day"])
    sessions["number"] = sessions.groupby("person").cumcount()
    sessions["key"] = session_keys(sessions, demo)
    return sessions


def session_keys(rows: pd.DataFrame, demo: Demo) -> np.ndarray:
    """The session of a person's day, as 64 bits."""
    return demo.chance.bits("session", rows["person"], ordinal(rows["day"]))


def ordinal(days: pd.Series) -> np.ndarray:
    """Days since 1970."""
    return days.astype("datetime64[s]").astype("int64").to_numpy() // 86_400


def logins_of(sessions: pd.DataFrame, demo: Demo) -> pd.DataFrame:
    """Log-ins: in the first session, now and then later, and once of a guest on a shared device."""
    again = demo.chance.share("logs in again", sessions["key"]) < LOGS_IN_AGAIN
    able = demo.people["logs_in"].reindex(sessions["person"]).to_numpy()
    own = sessions[able & ((sessions["number"] == 0) | again)]
    own = own.assign(user=own["person"], at=own["at"] + pd.Timedelta(seconds=10))
    guest_of = dict(demo.planted.shared_devices.tolist())
    guests = sessions[sessions["number"].eq(0) & sessions["person"].isin(guest_of)]
    guests = guests.assign(user=guests["person"].map(guest_of), at=guests["at"] + GUEST_AFTER)
    guests = guests.assign(day=guests["at"].dt.normalize())
    logins = pd.concat([own, guests]).assign(event="sign_in")
    return logins.assign(key=demo.chance.bits("sign in", logins["key"], logins["user"]))


def app_events(demo: Demo) -> Dump:
    """One row per event, epoch milliseconds; the device always, the account at log-ins only."""
    devices = app_devices(demo.people, demo.planted)
    views = views_of(demo, devices.index)
    sessions = sessions_of(views, demo)
    logins = demo.calendar.known(logins_of(sessions, demo), "day")
    launches = sessions.assign(event="launch", user=NOBODY)
    events = pd.concat([views, launches, logins])[COLUMNS]
    events = events.sort_values(["at", "key"], ignore_index=True)
    account = demo.people["account"].reindex(events["user"]).set_axis(events.index)
    account = account.astype(object).where(account.notna(), None)
    device = devices.loc[events["person"]].set_axis(events.index)
    rows = pd.DataFrame(
        {
            "eid": [f"{key:016x}" for key in events["key"]],
            "et": (events["at"] - SHANGHAI).astype("datetime64[ms]").astype("int64"),
            "event": events["event"],
            "did": device,
            "uid": account,
            "sid": [f"{key >> 16:012x}" for key in session_keys(events, demo).tolist()],
            "page": events["event"].map({"view_item": "item", "add_cart": "item"}).fillna("home"),
            "sku": events["product"].map("{:.0f}".format, na_action="ignore"),
            "dept": events["department"],
            "os": np.where(demo.chance.share("os", events["person"]) < 0.4, "iOS", "Android"),
        }
    )
    persons = events["user"].where(events["user"] != NOBODY, events["person"])
    return Dump(
        folder="app/{date}", name="events", dialect=Dialect("jsonl"), rows=rows,
        days=events["day"], persons=persons,
        identifiers=pd.DataFrame({"device": device, "account": account}), monthly=True,
    )  # fmt: skip
