"""Two channels of profiles: the stores' CRM and the web shop's accounts.

Everybody is in the first dump; on later dates a handful have moved or changed their income band,
which is a new version of their row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from examples.chance import Chance

from .contacts import account_contacts, crm_contacts
from .demo import Demo
from .dirt import written_emails, written_phones
from .landing import Dialect, Dump, clock
from .people import dates_of

MOVES, RAISES = 0.003, 0.002  # of the members, on each later date
INCOME_BANDS = [
    "Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "125-149K",
    "150-174K", "175-199K", "200-249K", "250K+",
]  # fmt: skip
IMPOSSIBLE_BIRTH = "1937/13/00"
ADDRESS = ["street", "suburb", "state", "postcode"]


def addresses(records: pd.DataFrame) -> pd.DataFrame:
    """FEBRL's address as a member's row holds it: street, suburb, state, postcode; text or null."""
    parts = records[["street_number", "address_1", "address_2"]].fillna("")
    street = parts.agg(" ".join, axis=1).str.split().str.join(" ")
    return records.assign(street=street.replace("", None))[ADDRESS]


def names(records: pd.DataFrame) -> pd.Series:
    """Given name and surname in one text; null where both are missing."""
    both = records[["given_name", "surname"]].fillna("").agg(" ".join, axis=1).str.strip()
    return both.replace("", None)


def profiles(
    records: pd.DataFrame, contacts: pd.DataFrame, place: str, chance: Chance
) -> pd.DataFrame:
    """One row per member of the place: contacts, name, address, birth date, when they joined."""
    records = records.loc[contacts.index]
    person = contacts.index.to_numpy()
    joined = pd.Timestamp("2014-01-01") + pd.to_timedelta(
        chance.pick(f"{place} joined", 1_090 * 86_400, person), unit="s"
    )
    settled = (pd.Timestamp("2017-01-01") - joined) * chance.share(f"{place} settled", person)
    return pd.concat([contacts, addresses(records)], axis=1).assign(
        person=person,
        name=names(records),
        birth_date=dates_of(records["date_of_birth"]),
        joined_at=joined,
        updated_at=(joined + settled).floor("s"),
    )


def versions(first: pd.DataFrame, moved_to: pd.DataFrame, place: str, demo: Demo) -> pd.DataFrame:
    """The members on the first date and their changed rows on the later ones; `day` tells which.

    A change stays: a later version holds what the earlier ones changed.
    """
    current, chance = first.copy(), demo.chance
    days = [first.assign(day=demo.calendar.nights[0])]
    for night in demo.calendar.nights[1:]:
        date = int(night.strftime("%Y%m%d"))
        person = current.index.to_numpy()
        moves = chance.share(f"{place} moves", person, date) < MOVES
        raises = chance.share(f"{place} raise", person, date) < RAISES
        raises &= current["income"].notna().to_numpy() if "income" in current else False
        current = moved(current, moves, moved_to, date, chance)
        current = raised(current, raises)
        changed = current.index[moves | raises]
        seconds = pd.to_timedelta(
            9 * 3600 + chance.pick(f"{place} changed at", 36_000, changed), unit="s"
        )
        current.loc[changed, "updated_at"] = night + seconds
        days.append(current.loc[changed].assign(day=night))
    rows = pd.concat(days, ignore_index=True)
    return rows.sort_values(["day", "updated_at", "person"], ignore_index=True)


def moved(
    current: pd.DataFrame, moves: np.ndarray, moved_to: pd.DataFrame, date: int, chance: Chance
) -> pd.DataFrame:
    """The members, those who moved at the address of somebody outside the demo."""
    person = current.index[moves].to_numpy()
    place = chance.pick("new address", len(moved_to), person, date)
    current = current.copy()
    current.loc[person, ADDRESS] = moved_to.iloc[place][ADDRESS].to_numpy()
    return current


def raised(current: pd.DataFrame, raises: np.ndarray) -> pd.DataFrame:
    """The members, some of them one income band higher."""
    if not raises.any():
        return current
    current = current.copy()
    bands = current.loc[raises, "income"].map(INCOME_BANDS.index)
    current.loc[raises, "income"] = [INCOME_BANDS[min(n + 1, 11)] for n in bands]
    return current


def crm_versions(demo: Demo) -> pd.DataFrame:
    """The members with the demographics they told: one row per member and version."""
    people, chance, originals = demo.people, demo.chance, demo.originals
    told = demo.journey.demographics.drop(columns="household_comp").astype(object)
    told = told.where(told.notna(), None)
    contacts = crm_contacts(people, demo.planted, chance)
    first = profiles(originals, contacts, "crm", chance).join(told)
    first["gender"] = people["gender"].where(chance.share("gender told", people.index) < 0.85)
    strangers = addresses(originals.loc[originals.index > len(people)].dropna(subset="suburb"))
    return versions(first, strangers, "crm", demo)


def crm_members(demo: Demo) -> Dump:
    """CRM: one row per member and version, GBK, Chinese headers; demographics of a third of them.

    "5+" people and "3+" children are written as 5 and 3.
    """
    rows, chance = crm_versions(demo), demo.chance
    rejected = rows["person"].isin(demo.planted.impossible_births)
    birth_date = rows["birth_date"].dt.strftime("%Y/%m/%d").mask(rejected, IMPOSSIBLE_BIRTH)
    key = rows["person"].to_numpy()
    written = pd.DataFrame(
        {
            "会员卡号": rows["member_card"],
            "姓名": rows["name"],
            "性别": rows["gender"],
            "出生日期": birth_date,
            "身份证号": rows["national_id"],
            "手机": written_phones(rows["phone"], "crm", key, chance),
            "电子邮箱": written_emails(rows["email"], "crm", key, chance),
            "街道门牌": rows["street"],
            "城区": rows["suburb"],
            "州省": rows["state"],
            "邮编": rows["postcode"],
            "年龄段": rows["age"],
            "收入档": rows["income"],
            "住房": rows["home_ownership"],
            "婚姻": rows["marital_status"],
            "家庭人数": rows["household_size"].str.rstrip("+"),
            "孩子数": rows["kids_count"].str.rstrip("+"),
            "入会时间": clock(rows["joined_at"], "%Y/%m/%d %H:%M"),
            "更新时间": clock(rows["updated_at"], "%Y/%m/%d %H:%M"),
        }
    )
    kinds = ["member_card", "phone", "email", "national_id"]
    return Dump(
        folder="crm/{date}", name="members", dialect=Dialect("csv", encoding="gbk"), rows=written,
        days=rows["day"], identifiers=rows[kinds], persons=rows["person"], rejected=rejected,
    )  # fmt: skip


def shop_accounts(demo: Demo) -> Dump:
    """The shop's accounts: one row per account and version, semicolons, FEBRL's misspelt copies."""
    people, chance, copies = demo.people, demo.chance, demo.copies
    strangers = addresses(copies.loc[copies.index > len(people)].dropna(subset="suburb"))
    contacts = account_contacts(people, demo.planted, chance)
    first = profiles(copies, contacts, "shop", chance)
    rows = versions(first, strangers, "shop", demo)
    key = rows["person"].to_numpy()
    written = pd.DataFrame(
        {
            "user_id": rows["account"],
            "real_name": rows["name"],
            "mobile": written_phones(rows["phone"], "account", key, chance),
            "email": written_emails(rows["email"], "account", key, chance),
            "id_card": rows["national_id"],
            "birthday": rows["birth_date"].dt.strftime("%Y%m%d"),
            "address": rows["street"],
            "suburb": rows["suburb"],
            "state": rows["state"],
            "zip": rows["postcode"],
            "wx_unionid": rows["unionid"],
            "signed_up": clock(rows["joined_at"], "%d-%m-%Y %H:%M:%S"),
            "modified": clock(rows["updated_at"], "%d-%m-%Y %H:%M:%S"),
        }
    )
    kinds = ["account", "phone", "email", "national_id", "unionid"]
    return Dump(
        folder="accounts/{date}", name="accounts", dialect=Dialect("csv", delimiter=";"),
        rows=written, days=rows["day"], identifiers=rows[kinds], persons=rows["person"],
    )  # fmt: skip
