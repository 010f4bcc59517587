"""Which identifiers each channel knows of a person, planted values included."""

from __future__ import annotations

import numpy as np
import pandas as pd

from examples.chance import Chance

from .planted import (
    PLACEHOLDER_DEVICE,
    PLACEHOLDER_EMAIL,
    PLACEHOLDER_PHONES,
    PLACEHOLDER_TEXT,
    Planted,
)

CRM_PHONE, CRM_EMAIL, CRM_OTHER_EMAIL, CRM_NATIONAL_ID = 0.90, 0.60, 0.15, 0.70
ACCOUNT_PHONE, ACCOUNT_OTHER_PHONE, ACCOUNT_NATIONAL_ID = 0.80, 0.08, 0.30
ACCOUNT_UNIONID = 0.80  # of the half that is in WeChat: 40 % of all shop accounts


def crm_contacts(people: pd.DataFrame, planted: Planted, chance: Chance) -> pd.DataFrame:
    """One row per person: member_card, phone, email, national_id as the CRM holds them."""
    person = people.index.to_numpy()
    phone = people["phone"].where(chance.share("crm phone", person) < CRM_PHONE)
    other = chance.share("crm other email", person) < CRM_OTHER_EMAIL
    email = people["email"].mask(other, people["other_email"])
    email = email.where(chance.share("crm email", person) < CRM_EMAIL)
    known = chance.share("crm national id", person) < CRM_NATIONAL_ID
    national_id = people["national_id"].where(known)
    everywhere = np.concatenate([planted.family.ravel(), planted.bridges[:, 0]])
    phone.loc[everywhere] = people.loc[everywhere, "phone"]
    bridged = planted.bridges[:, 0]
    national_id.loc[bridged] = people.loc[bridged, "national_id"]
    phone.loc[planted.hub] = planted.store_phone
    kind = chance.pick("crm placeholder kind", 3, planted.crm_placeholders)
    phone.loc[planted.crm_placeholders[kind == 0]] = PLACEHOLDER_PHONES[0]
    email.loc[planted.crm_placeholders[kind == 1]] = PLACEHOLDER_EMAIL
    national_id.loc[planted.crm_placeholders[kind == 2]] = PLACEHOLDER_TEXT
    return contacts(member_card=people["card"], phone=phone, email=email, national_id=national_id)


def account_contacts(everyone: pd.DataFrame, planted: Planted, chance: Chance) -> pd.DataFrame:
    """One row per person with a shop account: account, phone, email, national_id, unionid."""
    people = everyone[everyone["account"].notna()]
    person = people.index.to_numpy()
    other = chance.share("account other phone", person) < ACCOUNT_OTHER_PHONE
    phone = people["phone"].mask(other, people["other_phone"])
    phone = phone.where(chance.share("account phone", person) < ACCOUNT_PHONE)
    known = chance.share("account national id", person) < ACCOUNT_NATIONAL_ID
    national_id = people["national_id"].where(known)
    unionid = people["unionid"].where(chance.share("account unionid", person) < ACCOUNT_UNIONID)
    email = people["email"].copy()
    bridged_from, bridged_to = planted.bridges.T
    phone.loc[bridged_to] = everyone.loc[bridged_from, "phone"].to_numpy()
    national_id.loc[bridged_to] = people.loc[bridged_to, "national_id"]
    kind = chance.pick("account placeholder kind", 3, planted.account_placeholders)
    phone.loc[planted.account_placeholders[kind == 0]] = PLACEHOLDER_PHONES[1]
    phone.loc[planted.account_placeholders[kind == 1]] = PLACEHOLDER_TEXT
    email.loc[planted.account_placeholders[kind == 2]] = PLACEHOLDER_EMAIL
    return contacts(
        account=people["account"], phone=phone, email=email, national_id=national_id,
        unionid=unionid,
    )  # fmt: skip


def app_devices(people: pd.DataFrame, planted: Planted) -> pd.Series:
    """The device that each app user's events carry; some phones answer with zeros."""
    device = people["device"].copy()
    device.loc[planted.zero_devices] = PLACEHOLDER_DEVICE
    return device.dropna()


def contacts(**columns: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(columns).astype(object)
    return frame.where(frame.notna(), None)
