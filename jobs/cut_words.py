"""What people are told of a cut: the rule in words, with the list or the correction it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from identity.apart import Cut
from identity.corrections import Correction
from identity.refused import refusing_list
from model.identity_policy import IdentityPolicy

_WORDS = {
    "never_merge": "a person has one value of {of}, and the two have different ones",
    "cannot_link": "correction {of} keeps them apart",
    "window": "it was seen again only when its window had passed",
    "re-issued": "it was given to somebody else after a silence",
    "hub max_sightings": "more rows show it than max_sightings allows: it joins nobody",
    "hub max_peers": "too many stronger identifiers stand beside it (max_peers): it joins nobody",
    "hub disagree": "two values of a kind of `disagree` stand beside it: it joins nobody",
    "hub names": "the names beside it cannot be one person's: it joins nobody",
    "weak": "a weak identifier attaches to one person and joins no two",
    "shadow": "only rows of channels in shadow show both",
}


@dataclass(frozen=True)
class Told:
    """A cut, and why in words."""

    cut: Cut
    why: str


def told_cut(
    cut: Cut, corrections: Sequence[Correction], values: Mapping[str, tuple[str, str]],
    policy: IdentityPolicy,
) -> Told:  # fmt: skip
    """The cut in words; `values` are kind and value of its token, of which none is shown.
    `corrections` are those that hold on the night."""
    rule, _, of = cut.rule.partition(" ")
    words = _WORDS.get(cut.rule) or _WORDS.get(rule)
    if words is not None:
        return Told(cut, words.format(of=of))
    kind, value = values.get(cut.token, (cut.kind, ""))
    listed = refusing_list(value, kind, policy)
    on_a_list = f"it names nobody: it is on the list {listed}" if listed else "it names nobody"
    return Told(cut, blocked(cut.token, corrections) or on_a_list)


def blocked(token: str, corrections: Sequence[Correction]) -> str | None:
    """Which of the corrections says that an identifier names nobody; None where none does."""
    for each in corrections:
        if each.kind == "block" and token in {end.token for end in each.ends}:
            return f"it names nobody: correction {each.correction_id} blocks it"
    return None
