"""The names of a tag's columns: the one place they are made, from windows and parts given."""

from __future__ import annotations

from collections.abc import Sequence

from model.dates import Window
from tags.definitions import Tag, TagColumn

RESERVED = ("business_date", "one_id")
RFM_PARTS = ("", "recency", "frequency", "monetary")


def name_columns(
    tag: str, windows: Sequence[Window], is_list: bool, parts: Sequence[str] = ("",)
) -> tuple[TagColumn, ...]:
    """`<tag>`, then `_<window>` where `over` is a list, then `_<part>` for all parts but the first.

    The first part is always written as "": it has no suffix of its own. Types are not known yet.
    """
    return tuple(
        TagColumn(
            "_".join(filter(None, (tag, window.suffix if is_list and window else "", part))),
            window,
            part,
        )
        for window in windows or (None,)
        for part in parts
    )


def tag_columns(tag: Tag) -> tuple[str, ...]:
    """The columns a tag has in the wide table, in their order."""
    return tuple(column.name for column in tag.columns)
