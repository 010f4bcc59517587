"""Which tags keep their last good values, because their own rows fail their checks or because they
are computed from such a tag."""

from __future__ import annotations

from collections.abc import Mapping

from tags.definitions import TagBook


def with_dependants(book: TagBook, failing: Mapping[str, str]) -> dict[str, str]:
    """Why tags are stale, by tag: those `failing`, each with its reason, and all computed tags that
    read a column of a stale one. Cost: one look at each tag."""
    owners, stale = book.owners, dict(failing)
    for tag in book.computed:  # in dependency order
        read = sorted({owners[column].name for column in tag.reads} & stale.keys())
        if read and tag.name not in stale:
            stale[tag.name] = f"computed from {', '.join(read)}, stale"
    return stale
