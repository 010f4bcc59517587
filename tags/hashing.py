"""The hash of a definition: changes exactly when the values it gives may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from model.strict_yaml import YamlMap
from tags.definitions import Source, Tag
from tags.drafts import Draft

# Words about a tag that leave its values as they are.
_ABOUT = frozenset({
    "title", "title_en", "description", "owner", "status", "unit", "purposes", "observed", "every",
    "checks", "synonyms", "examples", "replaces", "table", "keep",
})


def own_definition(draft: Draft, sources: Iterable[Source]) -> str:
    """What a tag itself says of its values, as JSON: its keys and its named sources."""
    return _text({
        "keys": {key: _plain(v) for key, v in draft.node.items() if key not in _ABOUT},
        "sources": sorted(repr((source.name, source.condition)) for source in sources),
    })  # fmt: skip


def definition_hash(own: str, needs: Mapping[str, str]) -> str:
    """SHA-256 over what decides a tag's values: its own definition, and the hashes of the tags that
    it needs, by name."""
    return _digest({**json.loads(own), "needs": dict(needs)})


def book_hash(tags: Iterable[Tag]) -> str:
    """One hash over the definitions of several tags."""
    return _digest({tag.name: tag.definition_hash for tag in tags})


def _digest(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Mappings as lists of pairs: the order of values and branches counts."""
    if isinstance(value, YamlMap):
        return [[key, _plain(item)] for key, item in value.items()]
    return [_plain(item) for item in value] if isinstance(value, list) else value
