"""Whether a correction can be made: what the published night and the other corrections say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone

from identity.corrections import Correction, CorrectionKind, End, contradicted
from jobs.correction_words import Draft
from jobs.identifier_lookup import FoundIdentifier, PublishedIdentifiers, Wanted, nobody_has
from model.errors import InputMissingError, OnefoldError, UsageError

_UNMADE = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Judged:
    """A correction that can be made, or (not `is_new`) one that stands already; and what is to be
    known about its identifiers."""

    correction: Correction
    found: tuple[FoundIdentifier, ...]
    is_new: bool = True
    notes: tuple[str, ...] = ()

    def told(self, shown: Mapping[str, str]) -> str:
        """The correction in words; `shown` are the masked values of its identifiers."""
        one = self.correction
        ends = " and ".join(_told(each, shown) for each in self.found)
        to = "" if one.one_id is None else f" to OneID {one.one_id}"
        until = "" if one.until_date is None else f" until {one.until_date}"
        when = f"from {one.from_date}{until}"
        begin = f"correction {one.correction_id}{'' if self.is_new else ' says so already'}"
        lines = [f"{begin}: {one.kind} {ends}{to}, {when}", *(f"note: {n}" for n in self.notes)]
        return "\n".join(lines)


@dataclass
class Judge:
    """Judges corrections one after another: each also against those before it."""

    known: PublishedIdentifiers
    standing: list[Correction]
    _found: dict[Wanted, tuple[FoundIdentifier, ...]] = field(default_factory=dict)
    _lives: dict[int, bool] = field(default_factory=dict)

    def all_of(
        self, kind: CorrectionKind, asked: Sequence[Draft], first: date, last: date | None
    ) -> list[Judged]:
        """The corrections asked for, for the nights from `first` to `last`.

        Problems of all of them are told at once: UsageError, or InputMissingError where the only
        ones are identifiers that nobody was ever seen with.
        """
        self._found = dict(self.known.find({one for draft in asked for one in draft.identifiers}))
        self._lives = dict(self.known.holders({one.one_id for one in asked if one.one_id}))
        judged, problems = [], []
        for draft in asked:
            try:
                one = self._judged(kind, draft, first, last)
            except OnefoldError as error:
                problems.append((draft.place, error))
            else:
                judged.append(one)
                self.standing += [one.correction] if one.is_new else []
        if problems:
            is_missing = all(isinstance(error, InputMissingError) for _, error in problems)
            told = "\n".join(f"{place}{error}" for place, error in problems)
            raise (InputMissingError if is_missing else UsageError)(told)
        return judged

    def _judged(
        self, kind: CorrectionKind, draft: Draft, first: date, last: date | None
    ) -> Judged:
        names = "AB"
        found = tuple(
            _only(name, self._found[each])
            for name, each in zip(names, draft.identifiers, strict=False)
        )
        ends = tuple(End(each.kind, each.scope, each.token) for each in found)
        if len(set(ends)) < len(ends):
            raise UsageError("A and B are the same identifier")
        number = max((one.correction_id for one in self.standing), default=0) + 1
        new = Correction(number, kind, ends, draft.one_id, "", "", first, last, _UNMADE)
        same = next((one for one in self.standing if one.says_already(new)), None)
        if same:
            return Judged(same, found, is_new=False)
        self._refuse_contradiction(new)
        notes = tuple(note for each, name in zip(found, names, strict=False)
                      for note in self._notes(kind, each, name))
        if kind == "unlink":
            self._refuse_weak(found)
        if kind == "pin":
            self._refuse_number(found[0], draft.one_id or 0)
        return Judged(new, found, notes=notes)

    def _refuse_contradiction(self, new: Correction) -> None:
        opposed = contradicted(new, self.standing)
        if opposed:
            told = ", ".join(f"{one.correction_id} ({one.kind})" for one in opposed)
            first = opposed[0].correction_id
            raise UsageError(
                f"this {new.kind} contradicts correction {told}; withdraw that first: onefold "
                f'correct withdraw {first} --reason "…"'
            )

    def _notes(self, kind: CorrectionKind, found: FoundIdentifier, name: str) -> Iterator[str]:
        """What is to be known of an identifier; UsageError where it cannot be corrected so."""
        is_alone = not found.one_ids
        if kind == "block":
            if found.refusing_list:
                yield f"{name} is on the list {found.refusing_list} of conf/identity.yml already"
        elif found.refusing_list or (kind == "pin" and is_alone):
            raise UsageError(f"{name}: {nobody_has([found])}")
        elif kind == "link" and any(node.hub_reason for node in found.nodes):
            yield (
                f"{name} is a hub: it becomes an attribute of the other's person, and the rows "
                "that show it stay where they are"
            )
        elif is_alone:
            yield f"{name}: {nobody_has([found])}; this holds as soon as that changes"

    def _refuse_weak(self, found: Sequence[FoundIdentifier]) -> None:
        weak = self.known.definitions.policy.weak_kinds
        if all(each.kind in weak for each in found):
            raise UsageError(
                f"A and B are of kinds that only attach ({', '.join(weak)}): unlink each from the "
                "account, phone or the like that is not its person's"
            )

    def _refuse_number(self, found: FoundIdentifier, one_id: int) -> None:
        if one_id not in self._lives:
            raise UsageError(f"ONE_ID: nobody ever had the number {one_id}; a pin takes one that "
                             "was given, and new ones are given by the nights")
        if self._lives[one_id] and one_id not in found.one_ids:
            raise UsageError(
                f"ONE_ID: {one_id} is another person's; link an identifier of that person first, "
                "and pin when the two are one"
            )


def _only(name: str, found: Sequence[FoundIdentifier]) -> FoundIdentifier:
    """The one identifier that a word names."""
    if not found:
        raise InputMissingError(f"{name}: {nobody_has(found)}; look at its spelling, or come again "
                                "when the night that brings it is published")
    if len(found) > 1:
        named = ", ".join(f"{each.kind}@{each.scope}:…" for each in found)
        raise UsageError(f"{name}: this value is known in {len(found)} scopes; name one: {named}")
    return found[0]


def _told(found: FoundIdentifier, shown: Mapping[str, str]) -> str:
    holders = ", ".join(f"OneID {one_id}" for one_id in found.one_ids) or "nobody's"
    return f"{found.kind} {shown.get(found.token, '?')} ({holders})"
