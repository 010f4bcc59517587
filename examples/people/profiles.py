"""Two channels of profiles: the stores' CRM and the web shop's accounts.

Everybody is in the first dump. Later ones hold who is new, who changed (a new version of the row,
which keeps what earlier ones changed) and who left (their row once more, marked as deleted).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from examples.chance import Flags, Ints
from examples.spelling import PHONE_STYLES, only, picked, typed_emails, typed_phones

from .dumps import Dump, Layout, clock, dates, does_of
from .names import cities, names, postcodes, streets
from .persons import SECOND
from .planted import PLACEHOLDERS, STORE_PHONE
from .world import DAY, World

CRM = Layout("crm", "members", ("会员卡号", "身份证号", "手机", "电子邮箱"))
ACCOUNTS = Layout(
    "accounts", "accounts", ("user_id", "mobile", "email", "id_card", "wx_unionid"), ";"
)
CRM_PHONE, CRM_EMAIL, CRM_NATIONAL_ID = 0.90, 0.40, 0.30
ACCOUNT_PHONE, ACCOUNT_EMAIL, ACCOUNT_NATIONAL_ID, ACCOUNT_UNIONID = 0.80, 0.70, 0.10, 0.85
ACCOUNT_OTHER_PHONE, ACCOUNT_OTHER_EMAIL = 0.06, 0.10
TOLD_LATER = 0.10  # of the people tell a contact that they had not told, when their row changes
# By night, at the usual change of a hundredth of the records: of the profiles, of the people.
EDITED, LEAVES = 0.004, 0.001
OLDEST = 1_000  # days before the first night that a profile was changed last, at the most
CLEAN_PHONES = 0.5


@dataclass
class Standing:
    """What earlier nights did to the profiles: how often each was changed, and who is gone."""

    edits: dict[str, Ints]
    is_gone: Flags

    @classmethod
    def of(cls, world: World) -> Standing:
        count = len(world.people)
        edits = {layout.channel: np.zeros(count, np.int64) for layout in (CRM, ACCOUNTS)}
        return cls(edits, np.zeros(count, dtype=bool))


@dataclass(frozen=True)
class ProfileRows:
    """Rows of one channel on a night, by person: the how-manieth change, and when it was made."""

    world: World
    place: str
    person: Ints
    edits: Ints
    day: Ints
    is_deleted: Flags
    style: Ints = field(init=False)

    def __post_init__(self) -> None:
        chance, keys = self.world.chance, (self.person, self.edits)
        is_plain = chance.share(f"{self.place} plain phone", *keys) < CLEAN_PHONES
        style = 1 + chance.pick(f"{self.place} style", len(PHONE_STYLES) - 1, *keys)
        object.__setattr__(self, "style", np.where(is_plain, 0, style))

    def tells(self, what: str, share: float) -> Flags:
        """Whether a row holds a contact: by person, and some more once it was changed."""
        told = share + np.where(self.edits > 0, TOLD_LATER, 0)
        return self.world.chance.share(f"{self.place} {what}", self.person) < told

    def is_in(self, group: Ints) -> Flags:
        return self.world.among(group)[self.person]

    def is_mistyped(self, what: str) -> Flags:
        """Typos are mended by the first change."""
        return self.is_in(self.world.planted.typos[what]) & (self.edits == 0)

    def seconds(self) -> Ints:
        return self.world.chance.pick(f"{self.place} second", DAY, self.person, self.edits)

    def address(self) -> Ints:
        """A number of the address: the household's first one, or one of the person's own."""
        moved = self.world.chance.pick("moved to", 2**31, self.person, self.edits)
        return np.where(self.edits > 0, moved, self.world.people.household[self.person])

    def registered(self) -> Ints:
        """Before any change; newcomers on the day of their night."""
        world = self.world
        old = world.night_day(1) - OLDEST - world.chance.pick("registered", 1_500, self.person)
        first = world.people.first_night[self.person]
        return np.where(first == 1, old, world.night_day(1) + first - 1)


def leavers(world: World, night: int, standing: Standing) -> Flags:
    """Who leaves on a night, with all their profiles; nobody in whom something is planted."""
    person = np.arange(len(world.people))
    share = LEAVES * world.plan.change / 0.01
    leaves = world.chance.share("leaves", person, night) < share
    return leaves & (world.people.first_night < night) & ~standing.is_gone & ~world.is_planted


def profile_dumps(world: World, night: int, standing: Standing, leaves: Flags) -> list[Dump]:
    """The night's rows of both channels; counts the changes in `standing`."""
    crm = _rows("crm", world.people.has_card, world, night, standing, leaves)
    accounts = _rows("accounts", world.people.has_account, world, night, standing, leaves)
    return [_dump(CRM, crm, _crm(crm)), _dump(ACCOUNTS, accounts, _accounts(accounts))]


def _rows(
    place: str, able: Flags, world: World, night: int, standing: Standing, leaves: Flags
) -> ProfileRows:
    people, chance = world.people, world.chance
    is_new = able & (people.first_night == night)
    stays = able & (people.first_night < night) & ~standing.is_gone & ~leaves
    share = EDITED * world.plan.change / 0.01
    is_edited = stays & (chance.share(f"{place} edit", np.arange(len(people)), night) < share)
    if night > 1:
        is_edited |= stays & (world.owners.switch == world.night_day(night))
    edits = standing.edits[place]
    edits[is_edited] += 1
    person = np.flatnonzero(is_new | is_edited | (able & leaves))
    first = world.night_day(1) - chance.pick(f"{place} updated", OLDEST, person)
    day = first if night == 1 else np.full(len(person), world.night_day(night))
    # In the order of change, as a system writes them; by person where two fall together.
    rows = ProfileRows(world, place, person, edits[person], day, leaves[person])
    order = np.lexsort((person, rows.seconds(), day))
    return ProfileRows(
        world, place, person[order], edits[person][order], day[order], leaves[person][order]
    )


def _dump(layout: Layout, rows: ProfileRows, columns: dict[str, pa.Array]) -> Dump:
    is_edit = (rows.edits > 0) & ~rows.is_deleted
    does = does_of(is_edit, rows.is_deleted)
    return Dump(layout, columns, rows.person, rows.day, does, np.zeros(len(rows.person), bool))


def _crm(rows: ProfileRows) -> dict[str, pa.Array]:
    world, person = rows.world, rows.person
    values, planted, shown = world.values, world.planted, world.shows_contacts[person]
    phone_slot = world.owners.slot(person, rows.day)
    phone_slot = np.where(rows.is_in(planted.store_phone), STORE_PHONE, phone_slot)
    has_phone = rows.tells("phone", CRM_PHONE) | shown | rows.is_in(planted.store_phone)
    phone = typed_phones(values.phones(phone_slot, rows.is_mistyped("phone")), rows.style)
    phone = _placeholders(rows, "phone", only(has_phone, phone))
    email = only(rows.tells("email", CRM_EMAIL) | shown, values.emails(person))
    mailbox = world.company_mailboxes(person)
    email = pc.if_else(pa.array(rows.is_in(planted.mailboxes)), mailbox, email)
    is_woman, address = world.people.is_woman[person], rows.address()
    household = world.people.household[person]
    is_mistyped = rows.is_mistyped("name")
    return {
        "会员卡号": values.cards(person),
        "姓名": names(person, household, world.chance, is_mistyped),
        "性别": picked(["男", "女"], is_woman.astype(np.int64)),
        "出生日期": dates(values.births(person), "%Y/%m/%d"),
        "身份证号": _placeholders(rows, "national_id", _national_ids(rows, CRM_NATIONAL_ID)),
        "手机": phone,
        "电子邮箱": typed_emails(email, world.chance.share("crm email shape", person)),
        "街道": streets(address, world.chance),
        "城市": cities(address, world.chance),
        "邮编": postcodes(address, world.chance),
        "入会时间": clock(rows.registered(), np.zeros_like(person), "%Y/%m/%d"),
        "更新时间": clock(rows.day, rows.seconds(), "%Y/%m/%d"),
        "操作": picked(["U", "D"], rows.is_deleted.astype(np.int64)),
    }


def _accounts(rows: ProfileRows) -> dict[str, pa.Array]:
    world, person = rows.world, rows.person
    values, chance, shown = world.values, world.chance, world.shows_contacts[person]
    address = rows.address()
    unionid = only(
        world.people.has_unionid[person] & rows.tells("unionid", ACCOUNT_UNIONID),
        values.unionids(person),
    )
    has_phone = rows.tells("phone", ACCOUNT_PHONE) | shown
    phone = values.phones(_account_slot(rows, "phone", ACCOUNT_OTHER_PHONE))
    email_slot = _account_slot(rows, "email", ACCOUNT_OTHER_EMAIL)
    email = only(
        rows.tells("email", ACCOUNT_EMAIL) | shown,
        values.emails(email_slot, rows.is_mistyped("email")),
    )
    email = _placeholders(rows, "email", email)
    return {
        "user_id": values.accounts(person),
        "real_name": names(person, world.people.household[person], chance),
        "mobile": only(has_phone, typed_phones(phone, rows.style)),
        "email": typed_emails(email, chance.share("account email shape", person)),
        "id_card": _national_ids(rows, ACCOUNT_NATIONAL_ID),
        "wx_unionid": unionid,
        "birthday": dates(values.births(person), "%Y%m%d"),
        "address": streets(address, chance),
        "city": cities(address, chance),
        "zip": postcodes(address, chance),
        "signed_up": clock(rows.registered(), np.zeros_like(person), "%Y-%m-%d"),
        "modified": clock(rows.day, rows.seconds(), "%Y-%m-%d"),
        "op": picked(["U", "D"], rows.is_deleted.astype(np.int64)),
    }


def _account_slot(rows: ProfileRows, what: str, other_share: float) -> Ints:
    """Whose phone or mailbox an account holds: the person's, their other one, or a bridge's."""
    world, person = rows.world, rows.person
    usual = world.owners.slot(person, rows.day) if what == "phone" else person
    bridged = (world.bridged_phone if what == "phone" else world.bridged_email)[person]
    is_other = world.chance.share(f"other {what}", person) < other_share
    other = np.where(is_other & ~world.is_planted[person], person + SECOND, usual)
    return np.where(bridged >= 0, bridged, other)


def _national_ids(rows: ProfileRows, share: float) -> pa.Array:
    world, person = rows.world, rows.person
    told = rows.tells("national id", share) | world.shows_national_id[person]
    ids = world.values.national_ids(person, world.people.is_woman[person])
    return only(told & ~world.hides_national_id[person], ids)


def _placeholders(rows: ProfileRows, kind: str, values: pa.Array) -> pa.Array:
    here = rows.is_in(rows.world.planted.placeholders[kind])
    return pc.if_else(pa.array(here), PLACEHOLDERS[kind], values)
