"""What is planted to mislead: the values that stand beside several people, or beside nobody.

The truth file flags each of them, so that what OneID does can be judged link by link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from examples.chance import Chance, Choice, Ints

from .people import STORE_PHONE, phones

PLACEHOLDER_PHONES = ["+8613800000000", "+8613800138000"]
PLACEHOLDER_TEXT = "n/a"
PLACEHOLDER_EMAIL = "noreply@qingyou.test"
PLACEHOLDER_DEVICE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Planted:
    """Whom the planted values meet (numbers of persons); nobody is in two groups of one kind.

    hub: their CRM row holds the shop's phone. family: pairs with one phone between them, the
    first one's. bridges: pairs (a, b): the phone of a's CRM row stands in b's shop account, each
    beside another national id. shared_devices: pairs (owner, guest). impossible_births: CRM rows
    whose birth date is no date: they must be quarantined.
    """

    store_phone: str
    hub: Ints
    family: Ints
    bridges: Ints
    crm_placeholders: Ints
    account_placeholders: Ints
    zero_devices: Ints
    shared_devices: Ints
    impossible_births: Ints


def plant(people: pd.DataFrame, chance: Chance) -> Planted:
    """Exact shares (at least one each), chosen by hash among those who can carry the value."""
    everyone = people.index.to_numpy()
    has_account = people["account"].notna().to_numpy()
    groups = Choice(chance, everyone)
    impossible_births = groups.take("impossible birth", everyone, 0.003)
    few = max(3, round(0.005 * len(everyone)))
    bridged_a = groups.take_number("bridge a", everyone[~has_account], few)
    bridged_b = groups.take_number("bridge b", everyone[has_account], len(bridged_a))
    family = groups.take_number("family", everyone, 2 * max(1, round(0.01 * len(everyone))))
    hub = groups.take("hub", everyone, 0.05)
    crm_placeholders = groups.take("crm placeholder", everyone, 0.02)
    account_placeholders = groups.take("account placeholder", everyone[has_account], 0.02)
    in_app = everyone[people["device"].notna()]
    app_groups = Choice(chance, in_app)
    pairs = 2 * max(1, round(0.03 * len(in_app)))
    shared = app_groups.take_number("shared device", everyone[people["logs_in"]], pairs)
    return Planted(
        store_phone=phones(np.array([STORE_PHONE]), chance)[0],
        hub=hub,
        family=family[: len(family) // 2 * 2].reshape(-1, 2),
        bridges=np.column_stack([bridged_a[: len(bridged_b)], bridged_b]),
        crm_placeholders=crm_placeholders,
        account_placeholders=account_placeholders,
        zero_devices=app_groups.take("placeholder device", in_app, 0.02),
        shared_devices=shared[: len(shared) // 2 * 2].reshape(-1, 2),
        impossible_births=impossible_births,
    )


def with_family_phones(people: pd.DataFrame, planted: Planted) -> pd.DataFrame:
    """The people, the second of each family with the first one's phone."""
    phone = people["phone"].copy()
    phone.loc[planted.family[:, 1]] = phone.loc[planted.family[:, 0]].to_numpy()
    return people.assign(phone=phone)


def planted_values(people: pd.DataFrame, planted: Planted) -> pd.DataFrame:
    """One row per planted value: kind, value (normalised), planted (why it must not count)."""
    rows = [("phone", planted.store_phone, "hub")]
    rows += [("phone", value, "placeholder") for value in [*PLACEHOLDER_PHONES, PLACEHOLDER_TEXT]]
    rows += [("national_id", PLACEHOLDER_TEXT, "placeholder")]
    rows += [("email", PLACEHOLDER_EMAIL, "placeholder")]
    rows += [("device", PLACEHOLDER_DEVICE, "placeholder")]
    rows += [("phone", people.at[a, "phone"], "family") for a in planted.family[:, 0]]
    rows += [("phone", people.at[a, "phone"], "bridge") for a in planted.bridges[:, 0]]
    shared = people.loc[planted.shared_devices[:, 0], "device"]
    rows += [("device", device, "shared_device") for device in shared]
    return pd.DataFrame(rows, columns=["kind", "value", "planted"])
