"""The columns and the few rows the language's tests share."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from language.types import Columns
from model.errors import Location, Problems

HERE = Location("tag_definitions/a.yml", 7)
D = date(2017, 3, 1)
ZONE = "Asia/Shanghai"
COLUMNS: Columns = {
    "status": "enum", "name": "text", "amount": "money", "discount": "money", "visits": "integer",
    "quantity": "number", "rate": "percent", "birth_date": "date", "day": "date",
    "paid_at": "timestamp", "is_member": "bool", "favourites": "list", "by_channel": "map",
}
SCHEMA = (
    "status string, name string, amount decimal(18,2), discount decimal(18,2), visits bigint, "
    "quantity double, rate double, birth_date date, day date, paid_at timestamp, "
    "is_member boolean, favourites array<string>, by_channel map<string,double>"
)
# One full row, one of zeros, ends and odd characters, one of nothing but nulls.
FULL: dict[str, Any] = {
    "status": "paid", "name": "Ann's 100%", "amount": Decimal("12.50"),
    "discount": Decimal("2.50"), "visits": 7, "quantity": 1.5, "rate": 0.25,
    "birth_date": date(1992, 2, 29), "day": D,
    # 07:30 on 2017-03-01 in Shanghai, still the last day of February in UTC
    "paid_at": datetime(2017, 2, 28, 23, 30), "is_member": True,
    "favourites": ["a"], "by_channel": {"pos": 1.0},
}
ENDS: dict[str, Any] = {
    **FULL, "status": "refunded", "name": "", "amount": Decimal("0.00"),
    "discount": Decimal("9999999999999999.99"), "visits": -9223372036854775808, "quantity": 0.0,
    "is_member": False,
}
EMPTY: dict[str, Any] = dict.fromkeys(FULL)


def messages(problems: Problems) -> list[str]:
    """The problems as a reader sees them."""
    return [str(problem) for problem in problems.found]
