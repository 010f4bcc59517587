"""Identifiers of devices against stdnum and uuid."""

import uuid

from hypothesis import given
from hypothesis import strategies as st
from stdnum import exceptions, imei, luhn

from identity.normalise import judged
from model.identity_policy import IdentifierKind

IDFA, IMEI, OAID = (IdentifierKind(1, name) for name in ("idfa", "imei", "oaid"))


@given(st.from_regex(r"[0-9]{12,18}|[0-9]{2}-[0-9]{6}-[0-9]{6}(-[0-9]{1,2})?", fullmatch=True))
def test_an_imei_is_what_stdnum_takes_with_its_check_digit(text: str) -> None:
    ours, why = judged(text, IMEI)
    if why == "zeroed":
        assert len(set(text) - {"-"}) == 1
        return
    try:
        body = imei.validate(text)[:14]
    except exceptions.InvalidChecksum:
        assert why == "bad_check_digit"
    except exceptions.ValidationError:
        assert why == "bad_shape"
    else:
        assert ours == body + luhn.calc_check_digit(body)
        assert imei.imei_type(ours) == "IMEI"


@given(st.from_regex(r"[0-9]{14}", fullmatch=True), st.from_regex(r"[0-9]{2}", fullmatch=True))
def test_all_spellings_of_a_device_are_one(body: str, version: str) -> None:
    whole = body + luhn.calc_check_digit(body)
    dashed = f"{body[:2]}-{body[2:8]}-{body[8:]}-{whole[-1]}"
    if len(set(body)) > 1:
        assert {judged(each, IMEI)[0] for each in (body, whole, dashed, body + version)} == {whole}


@given(st.uuids())
def test_a_uuid_has_one_spelling(value: uuid.UUID) -> None:
    ways = (str(value), str(value).upper(), value.hex, value.hex.upper(), f"{{{value}}}")
    for kind in (IDFA, OAID):
        assert {judged(each, kind) for each in ways} == {(str(value), None)}


@given(st.sampled_from("0f1"), st.sampled_from([16, 32, 64]))
def test_one_digit_all_along_is_no_device(digit: str, length: int) -> None:
    assert judged(digit * length, OAID) == (None, "zeroed")
    assert judged(str(uuid.UUID(digit * 32)), IDFA) == (None, "zeroed")
