"""A small world of generated people: its dumps as rows and identifiers, with their truth."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from examples.people.plan import Plan
from identity.normalise import normalised
from model.identity_policy import IdentifierKind

START = date(2024, 6, 1)
PLAN = Plan(
    people=3_000, nights=4, start=START, bridges=40, store_phone=60, kiosk=30, mailboxes=20,
    families=30, recycled_phones=32, changed_phones=40, shared_devices=20, placeholders=22,
    typos=30,
)  # fmt: skip
NIGHTS = ["2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"]
KINDS = {
    "会员卡号": "member_card", "card": "member_card", "user_id": "account", "uid": "account",
    "user": "account", "身份证号": "national_id", "id_card": "national_id", "手机": "phone",
    "mobile": "phone", "delivery_phone": "phone", "phone": "phone", "电子邮箱": "email",
    "email": "email", "wx_unionid": "unionid", "unionid": "unionid", "openid": "openid",
    "did": "device", "cookie": "cookie",
}  # fmt: skip
RULES = {"phone": IdentifierKind(1, "phone", region="CN"), "email": IdentifierKind(2, "email")}


def events_of(folder: Path) -> pd.DataFrame:
    """The truth's events."""
    return pd.read_parquet(folder / "truth" / "events.parquet")


def records_of(folder: Path) -> pd.DataFrame:
    """The truth's records, with the place of each in its night's dump of its channel."""
    nights = [pd.read_parquet(file).assign(night=file.stem) for file in record_files(folder)]
    records = pd.concat(nights, ignore_index=True)
    return records.assign(line=records.groupby(["night", "channel"]).cumcount())


def record_files(folder: Path) -> list[Path]:
    return sorted((folder / "truth" / "records").iterdir())


def links_of(folder: Path) -> pd.DataFrame:
    """A row for every identifier of every landed row, normalised, with what the truth says of it:
    night, channel, line, kind, value, record_id, person, day."""
    keys = ["night", "channel", "line"]
    return identifiers(folder).merge(records_of(folder), on=keys, validate="m:1")


def landed(folder: Path, channel: str, night: str) -> pd.DataFrame:
    (file,) = (folder / "landing" / channel / night).iterdir()
    delimiter = ";" if channel == "accounts" else ","
    return pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False)


def channels(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "landing").iterdir())


def identifiers(folder: Path) -> pd.DataFrame:
    found = []
    for channel in channels(folder):
        for night in sorted(path.name for path in (folder / "landing" / channel).iterdir()):
            rows = landed(folder, channel, night)
            for column in rows.columns.intersection(list(KINDS)):
                kind = KINDS[column]
                value = rows[column].map(lambda text, kind=kind: spelt(text, kind))
                found.append(pd.DataFrame({"channel": channel, "night": night, "kind": kind,
                                           "line": range(len(rows)), "value": value}))  # fmt: skip
    links = pd.concat(found, ignore_index=True)
    return links[links["value"] != ""]


def spelt(text: str, kind: str) -> str:
    """As identity spells it; what is no such identifier as it is written."""
    return (normalised(text, RULES[kind]) or text) if kind in RULES else text


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def of(events: pd.DataFrame, *names: str) -> pd.DataFrame:
    return events[events["event"].isin(names)]
