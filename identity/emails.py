"""E-mail addresses in small letters; and, where the kind asks for it, one spelling a mailbox."""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from identity.reasons import Judgement, ill_formed, well_formed
from model.identity_policy import IdentifierKind

_MAILTO = re.compile("^mailto:", re.IGNORECASE)
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z][a-z0-9\-]*[a-z0-9]"
_IS_ADDRESS = re.compile(_ADDRESS)
_LONGEST_NAME, _LONGEST_DOMAIN = 64, 190


class Provider(NamedTuple):
    """How a provider of mailboxes reads addresses: `domain` is the one that stands for all of its
    names; everything behind a + is a tag of the sender's; dots may count for nothing."""

    domain: str
    ignores_dots: bool = False


_GMAIL = Provider("gmail.com", ignores_dots=True)
# Those that say so in public. Domains of one provider where the same name may be two people stay
# apart.
PROVIDERS = {
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
    **{
        domain: Provider(domain)
        for domain in (
            "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
            "fastmail.com", "fastmail.fm", "proton.me", "protonmail.com", "pm.me",
        )
    },
}  # fmt: skip


def email(value: str, kind: IdentifierKind) -> Judgement:
    """The address in small letters, its domain in ASCII (IDNA); `kind.aliases` says which others
    are the same mailbox."""
    address = _in_ascii(_MAILTO.sub("", value)).lower()
    if not _IS_ADDRESS.fullmatch(address):
        return ill_formed("bad_shape")
    name, _, domain = address.rpartition("@")
    if len(name) > _LONGEST_NAME or len(domain) > _LONGEST_DOMAIN:
        return ill_formed("too_long")
    return well_formed(address if kind.aliases == "apart" else _mailbox(name, domain, kind))


def usual_emails(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    """Addresses in ASCII that are their own mailbox's; null of all others."""
    nothing = pa.scalar(None, pa.string())
    lengths = rf"^[\x21-\x7e]{{1,{_LONGEST_NAME}}}@[\x21-\x7e]{{1,{_LONGEST_DOMAIN}}}\z"
    lower = pc.ascii_lower(pc.if_else(pc.match_substring_regex(texts, lengths), texts, nothing))
    is_usual = pc.match_substring_regex(lower, rf"^{_ADDRESS}\z")
    if kind.aliases != "apart":
        domains = "|".join(map(re.escape, PROVIDERS))
        is_alias = pc.match_substring_regex(lower, rf"\+|@(?:{domains})\z")
        is_usual = pc.and_(is_usual, pc.invert(is_alias))
    return pc.if_else(is_usual, lower, nothing)


def _in_ascii(address: str) -> str:
    """Domains of other alphabets as the mail system spells them: 公司.cn → xn--55qx5d.cn."""
    name, at, domain = address.rpartition("@")
    if address.isascii() or not at or len(domain) > _LONGEST_DOMAIN:
        return address
    try:
        return name + at + domain.encode("idna").decode("ascii")
    except UnicodeError:  # no domain in any alphabet
        return address


def _mailbox(name: str, domain: str, kind: IdentifierKind) -> str:
    provider = PROVIDERS.get(domain)
    if provider is None and kind.aliases == "provider":
        return f"{name}@{domain}"
    found = provider or Provider(domain)
    owner = name.partition("+")[0] or name
    owner = owner.replace(".", "") if found.ignores_dots else owner
    return f"{owner}@{found.domain}"
