"""The hash of a definition: changes exactly when the values it gives may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from model.strict_yaml import YamlMap
from tags.definitions import Source, Tag
from tags.drafts import Draft

# Words about a tag that leave its values as they are.
_ABOUT = frozenset({
    "title", "title_en", "description", "owner", "status", "unit", "purposes", "observed", "every",
    "checks", "synonyms", "examples", "replaces", "table", "keep",
})


def definition_hash(draft: Draft, sources: Iterable[Source], needed: Iterable[Tag]) -> str:
    """SHA-256 over what decides a tag's values: its keys, its named sources, the tags it needs."""
    parts = {
        "keys": {key: _plain(v) for key, v in draft.node.items() if key not in _ABOUT},
        "sources": sorted(repr((source.name, source.condition)) for source in sources),
        "needs": {tag.name: tag.definition_hash for tag in needed},
    }
    return _digest(parts)


def book_hash(tags: Iterable[Tag]) -> str:
    """One hash over the definitions of several tags."""
    return _digest({tag.name: tag.definition_hash for tag in tags})


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Mappings as lists of pairs: the order of values and branches counts."""
    if isinstance(value, YamlMap):
        return [[key, _plain(item)] for key, item in value.items()]
    return [_plain(item) for item in value] if isinstance(value, list) else value
