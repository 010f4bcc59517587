"""Identifiers in one spelling: batches as one by one, and spellings that are their own."""

from dataclasses import replace

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from identity import normalise
from identity.normalise import NORMALISERS, normalised, tidy
from model.identity_policy import IdentifierKind
from tests.identity.golden_cases import cases

EMAIL = IdentifierKind(1, "email")
KINDS = (
    *(IdentifierKind(1, name) for name in NORMALISERS),
    *(IdentifierKind(1, "phone", region=region) for region in ("HK", "US", "GB", "IT", "ZZ")),
    replace(EMAIL, aliases="provider"),
    replace(EMAIL, aliases="tags"),
)
ADDRESSES = st.from_regex(
    r"(mailto:)?[a-zA-Z0-9.!'_@+-]{1,70}@([A-Za-z0-9.-]{1,20}|g(oogle)?mail\.com|pm\.me|公司\.cn)",
    fullmatch=True,
)
NUMBERS = st.from_regex(
    r"[+0(]{0,3}(86|860|44|1)?[ )-]?1?[0-9]{7,11}([ x转-]{0,2}[0-9]{0,3})?", fullmatch=True
)
DIGITS = st.from_regex(r"[0-9]{13,17}|[0-9]{6}(19)?[0-9]{9}[0-9X]?", fullmatch=True)
DEVICES = st.uuids(allow_nil=True).map(str) | st.from_regex(
    r"\{?[0-9A-Fa-f]{8}(-?[0-9A-F]{4}){3}-?[0-9a-f]{12}\}?|0{14,64}|[0-9A-Za-z_-]{15,66}",
    fullmatch=True,
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("a\n\x7f甲", max_size=300)
GOLDEN = [case.value for name in NORMALISERS for case in cases(name)]
VALUES = ADDRESSES | NUMBERS | DIGITS | DEVICES | WORDS | st.sampled_from(GOLDEN)


@given(st.lists(VALUES | st.none(), max_size=12), st.sampled_from(KINDS))
def test_a_batch_is_spelt_as_its_values_are_one_by_one(
    texts: list[str | None], kind: IdentifierKind
) -> None:
    tidied = [tidy(text or "") or None for text in texts]
    expected = [text and normalise.judged(text, kind)[0] for text in tidied]
    assert normalise.spellings(pa.array(tidied, pa.string()), kind).to_pylist() == expected


def test_all_golden_values_of_all_kinds_are_spelt_at_once_as_one_by_one() -> None:
    texts = [text for value in GOLDEN if (text := tidy(value))]
    for kind in KINDS:
        expected = [normalise.judged(text, kind)[0] for text in texts]
        assert normalise.spellings(pa.array(texts, pa.string()), kind).to_pylist() == expected


@given(VALUES, st.sampled_from(KINDS))
@example("+39 06 6982 0000", IdentifierKind(1, "phone"))
def test_a_spelling_is_its_own_and_a_refusal_has_one_reason(
    value: str, kind: IdentifierKind
) -> None:
    spelling = normalised(value, kind)
    if spelling is not None:
        assert normalised(spelling, kind) == spelling
        assert tidy(spelling) == spelling
    elif text := tidy(value):
        assert normalise.judged(text, kind)[1] is not None


def test_nothing_is_no_identifier_of_any_kind() -> None:
    assert [normalised(value, kind) for kind in KINDS for value in ("", " ", "\u3000\t")] == (
        [None] * len(KINDS) * 3
    )


def test_pages_of_text_are_judged_without_delay() -> None:
    many = 200_000
    pages = [" " * many + "x", "1" + " " * many + "x1", "a@" + "b." * many, "é@" + "ü." * many]
    for kind in KINDS:
        assert [normalised(page, kind) for page in pages] == [
            "x" if kind.normalise == "text" else None, None, None, None,
        ]  # fmt: skip
