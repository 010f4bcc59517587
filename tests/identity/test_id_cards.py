"""Id cards against stdnum: check digits, days of birth, and the cards of before 1999."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import exceptions
from stdnum.cn import ric

from identity.normalise import judged
from model.identity_policy import IdentifierKind

CARD = IdentifierKind(1, "cn_id_card")


@pytest.mark.parametrize("length", [18, 15])
def test_cards_of_counties_in_force_agree_with_stdnum(length: int) -> None:
    chance = random.Random(length)
    taken = 0
    for _ in range(400):
        value = id_card(chance, length)
        long = value if length == 18 else value[:6] + "19" + value[6:]
        long = long if length == 18 else long + ric.calc_check_digit(long + "0")
        ours, why = judged(value, CARD)
        taken += ours is not None
        assert (ours, why is None) == ((long.upper(), True) if is_valid(long) else (None, False))
    assert 130 < taken < 370


def id_card(chance: random.Random, length: int) -> str:
    """A number that is right two times in three, of an area whose code is always in force."""
    area = chance.choice(["110101", "310104", "310110"])
    year, month = chance.randrange(1940, 2005), chance.randrange(1, 14)
    born = f"{year}{month:02d}{chance.randrange(1, 32):02d}"
    body = f"{area}{born}{chance.randrange(1000):03d}"
    if length == 15:
        return area + born[2:] + body[-3:]
    digit = ric.calc_check_digit(body + "0")
    digit = digit if chance.random() < 0.8 else chance.choice("0123456789X")
    return body + (digit.lower() if chance.random() < 0.5 else digit)


def is_valid(card: str) -> bool:
    try:
        ric.validate(card)
    except (exceptions.ValidationError, KeyError):  # KeyError: of a county that it does not know
        return False
    return True


CARDS = st.from_regex(
    r"[1-9][0-9]{5}(18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9X]", fullmatch=True
)


@given(CARDS)
def test_what_stdnum_takes_we_take_and_a_refusal_is_for_what_is_wrong(card: str) -> None:
    ours, why = judged(card, CARD)
    if is_valid(card):
        assert ours == card or (why == "bad_date" and card[6:10] < "1850")
    if why == "bad_date":
        assert not is_day(card) or card[6:10] < "1850"
    elif why != "bad_shape":
        assert is_day(card)
        assert (card[-1] == ric.calc_check_digit(card)) == (why is None)


def is_day(card: str) -> bool:
    try:
        return ric.get_birth_date(card) is not None
    except exceptions.InvalidComponent:
        return False


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_both_cards_of_a_person_are_one(born: date, number: int) -> None:
    short = f"110105{born:%y%m%d}{number:03d}"
    body = f"110105{born:%Y%m%d}{number:03d}"
    long = body + ric.calc_check_digit(body + "0")
    assert judged(short, CARD) == judged(long, CARD) == (long, None)
