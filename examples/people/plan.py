"""What is asked for: how many people, how many nights, and how many of each planted shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# Planted shapes and their usual share of the people: with a million people, the numbers that
# OneID is held to. A pair (or a family) counts once.
SHARES = {
    "bridges": 0.02,
    "store_phone": 0.02,
    "kiosk": 0.005,
    "mailboxes": 0.005,
    "families": 0.01,
    "recycled_phones": 0.01,
    "changed_phones": 0.01,
    "shared_devices": 0.01,
    "placeholders": 0.01,
    "typos": 0.03,
}


@dataclass(frozen=True)
class Plan:
    """The arguments of one world; the same plan gives the same bytes.

    people: in the backlog of the first night. change: the share of all records that a later night
    brings. bridges: pairs of persons, each with a national id, whose rows share a phone or an
    e-mail. store_phone: members with the phone of their store. kiosk: accounts that log in on one
    device. mailboxes: members with a mailbox of the company. families: phones that two to four
    persons share. recycled_phones: numbers re-issued to somebody else after 90 silent days.
    changed_phones: persons with a new number. shared_devices: devices of two persons. placeholders:
    rows with a value that names nobody. typos: rows with a name, phone or e-mail mistyped.
    """

    people: int
    nights: int
    start: date
    seed: int = 1
    change: float = 0.01
    bridges: int = 0
    store_phone: int = 0
    kiosk: int = 0
    mailboxes: int = 0
    families: int = 0
    recycled_phones: int = 0
    changed_phones: int = 0
    shared_devices: int = 0
    placeholders: int = 0
    typos: int = 0

    def __post_init__(self) -> None:
        least = min(self.change, *(self[shape] for shape in SHARES))
        if self.people < 1 or self.nights < 1 or least < 0:
            raise ValueError("people and nights are at least 1, shares and counts at least 0")

    def __getitem__(self, shape: str) -> int:
        """How many of a planted shape."""
        return int(getattr(self, shape))


def usual_plan(
    people: int, nights: int, start: date, seed: int = 1, change: float = 0.01, **counts: int
) -> Plan:
    """The plan with the usual share of every shape for which no count is given."""
    usual = {shape: round(share * people) for shape, share in SHARES.items()}
    return Plan(people, nights, start, seed, change, **usual | counts)
