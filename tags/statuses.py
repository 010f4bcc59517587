"""What a tag's status allows: whom it may read, and whom it may replace."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from model.errors import did_you_mean
from tags.definitions import COMPUTED, Status
from tags.drafts import Draft

# Nobody computes or reads these, and no switch brings them back: their columns are history.
ENDED: frozenset[Status] = frozenset({"offline", "retired"})


def check_reads(draft: Draft, needed: Iterable[str], statuses: Mapping[str, Status]) -> None:
    """Notes tags that a computed tag reads and that are not computed themselves."""
    if draft.keys.status not in COMPUTED:
        return
    for name in sorted(needed):
        if statuses[name] not in COMPUTED:
            message = f"reads {name!r}, whose status is {statuses[name]}: it is not computed"
            draft.problems.add(draft.at(draft.shape), message)


def check_replaced(drafts: Sequence[Draft], unread: Collection[str]) -> None:
    """Notes tags that replace one that is unknown, still in use, or replaced by another already."""
    statuses = {draft.name: draft.keys.status for draft in drafts}
    objects = {draft.name: draft.keys.object for draft in drafts}
    heirs: dict[str, Draft] = {}
    for draft in drafts:
        old = draft.keys.replaces
        if not old or old in unread:
            continue
        heir = heirs.setdefault(old, draft)
        if old not in statuses:
            hint = did_you_mean(old, sorted(statuses)) or "; keep the old one, as retired"
            draft.problems.add(draft.at("replaces"), f"replaces: unknown tag {old!r}{hint}")
        elif statuses[old] not in ENDED:
            message = f"replaces: {old!r} is {statuses[old]}; set its status to retired or offline"
            draft.problems.add(draft.at("replaces"), message)
        elif heir is not draft:
            message = f"replaces: {old!r} is replaced by {heir.name!r} already"
            draft.problems.add(draft.at("replaces"), message)
        elif objects[old] != draft.keys.object:
            message = f"replaces: {old!r} is a tag of {objects[old]}, not of {draft.keys.object}"
            draft.problems.add(draft.at("replaces"), message)
        elif old == draft.name:
            draft.problems.add(draft.at("replaces"), f"replaces: {old!r} cannot replace itself")
