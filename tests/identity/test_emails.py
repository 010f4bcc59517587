"""E-mail addresses against Python's own reader of mail headers, and policies of mailboxes."""

import re
from dataclasses import replace
from email.errors import MessageError
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.emails import PROVIDERS
from identity.normalise import judged
from model.identity_policy import IdentifierKind

APART = IdentifierKind(1, "email")
PROVIDER, TAGS = replace(APART, aliases="provider"), replace(APART, aliases="tags")
NAMES = st.from_regex(r"[a-z0-9_-]{1,12}(\.[a-z0-9_-]{1,6}){0,2}", fullmatch=True)
TAG = st.from_regex(r"[a-z0-9+.]{0,6}[a-z0-9]", fullmatch=True).filter(lambda tag: ".." not in tag)
DOMAINS = st.sampled_from([*PROVIDERS, "qq.com", "163.com", "mail.cn"])


@given(st.text("aZ0.+_-'\"@() ,;:<>[]\\!", max_size=24) | st.from_regex(r"[!-~]{1,9}@[!-~]{1,9}"))
def test_what_we_take_is_an_address_to_a_mail_header_too(text: str) -> None:
    ours, _ = judged(text, APART)
    if ours is not None:
        assert Address(addr_spec=ours).addr_spec == ours


@given(st.from_regex(r"[a-z0-9]{1,8}([.+_-][a-z0-9]{1,8}){0,3}@([a-z0-9]{1,8}\.){1,3}[a-z]{2,6}",
                     fullmatch=True))  # fmt: skip
def test_plain_addresses_are_taken_as_they_are(text: str) -> None:
    assert judged(text, APART) == judged(text.upper(), APART) == (text, None)


@given(NAMES, TAG, DOMAINS)
def test_a_tag_makes_no_other_mailbox_where_the_policy_says_so(
    name: str, tag: str, domain: str
) -> None:
    plain, tagged = f"{name}@{domain}", f"{name}+{tag}@{domain}"
    assert judged(tagged, APART) == (tagged, None)
    assert judged(tagged, TAGS) == judged(plain, TAGS)
    is_same = judged(tagged, PROVIDER) == judged(plain, PROVIDER)
    assert is_same == (domain in PROVIDERS)


@given(NAMES, st.integers(1, 8), DOMAINS)
def test_dots_make_no_other_mailbox_at_gmail_alone(name: str, place: int, domain: str) -> None:
    dotted = re.sub(r"\.+", ".", f"{name[:place]}.{name[place:]}").strip(".")
    for kind in (PROVIDER, TAGS):
        one, other = (judged(f"{each}@{domain}", kind) for each in (name, dotted))
        assert (one == other) == (PROVIDERS.get(domain) is PROVIDERS["gmail.com"] or name == dotted)
        if domain == "googlemail.com":
            assert one == judged(f"{name}@gmail.com", kind)


@pytest.mark.parametrize("text", ["li lei@mail.cn", "li@@mail.cn", ".li@mail.cn", "li..l@mail.cn"])
def test_what_a_mail_header_refuses_we_refuse(text: str) -> None:
    with pytest.raises((MessageError, ValueError)):
        Address(addr_spec=text)
    assert judged(text, APART) == (None, "bad_shape")
