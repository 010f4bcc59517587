"""Identifiers of devices and of accounts on platforms: what their shapes and check digits allow."""

from __future__ import annotations

import re
import uuid

from stdnum import exceptions, luhn
from stdnum import imei as imeis

from identity.reasons import Judgement, ill_formed, well_formed
from model.identity_policy import IdentifierKind

_IS_DEVICE = re.compile(r"[0-9a-z][0-9a-z._:\-]{6,127}", re.ASCII)
_IS_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}(?:\1[0-9a-f]{4}){2}\1[0-9a-f]{12}", re.ASCII)
_IS_HEXADECIMAL = re.compile(r"[0-9a-f]{16,64}", re.ASCII)
_IS_IMEI = re.compile(r"[0-9]{14,16}", re.ASCII)
_IS_PLATFORM_ID = re.compile(r"[0-9A-Za-z_\-]{20,128}", re.ASCII)
_SEPARATORS = re.compile(r"[\s\-]", re.ASCII)
_BODY = 14  # digits of an IMEI before its check digit


def device(value: str, kind: IdentifierKind) -> Judgement:
    """Any device's identifier, in small letters; which of them name no device, `invalid` says."""
    spelling = value.replace("{", "").replace("}", "").lower()
    return well_formed(spelling) if _IS_DEVICE.fullmatch(spelling) else ill_formed("bad_shape")


def idfa(value: str, kind: IdentifierKind) -> Judgement:
    """Apple's identifier for advertisers, a UUID: in small letters, with its dashes."""
    spelling = _uuid(value)
    return _unless_zeroed(spelling) if spelling else ill_formed("bad_shape")


def oaid(value: str, kind: IdentifierKind) -> Judgement:
    """The advertising identifier of Chinese Android phones: a UUID, or 16 to 64 hexadecimal digits,
    as the maker of the phone has it; in small letters."""
    spelling = _uuid(value) or value.lower()
    is_shaped = _IS_UUID.fullmatch(spelling) or _IS_HEXADECIMAL.fullmatch(spelling)
    return _unless_zeroed(spelling) if is_shaped else ill_formed("bad_shape")


def imei(value: str, kind: IdentifierKind) -> Judgement:
    """15 digits. Where the check digit is missing it is added; a software version (IMEISV) is
    dropped, since it changes with every update."""
    digits = _SEPARATORS.sub("", value)
    if not _IS_IMEI.fullmatch(digits):
        return ill_formed("bad_shape")
    if _is_zeroed(digits):
        return ill_formed("zeroed")
    try:
        imeis.validate(digits)
    except exceptions.InvalidChecksum:
        return ill_formed("bad_check_digit")
    return well_formed(digits[:_BODY] + luhn.calc_check_digit(digits[:_BODY]))


def platform_id(value: str, kind: IdentifierKind) -> Judgement:
    """An OpenID or UnionID as its platform writes it: the case of its letters counts."""
    return _unless_zeroed(value) if _IS_PLATFORM_ID.fullmatch(value) else ill_formed("bad_shape")


def _uuid(value: str) -> str | None:
    digits = value.removeprefix("{").removesuffix("}").lower()
    return str(uuid.UUID(digits)) if _IS_UUID.fullmatch(digits) else None


def _unless_zeroed(spelling: str) -> Judgement:
    return ill_formed("zeroed") if _is_zeroed(spelling) else well_formed(spelling)


def _is_zeroed(spelling: str) -> bool:
    """Whether it is what platforms send for what they may not name: zeros, or f all along."""
    return len(set(spelling.replace("-", ""))) == 1
