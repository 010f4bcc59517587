"""From a value that a person writes to its token, its nodes and the persons who hold it.

The published night answers, in this process: no Spark session is opened for a question.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa

from identity.normalise import judged, tidy
from identity.refused import refusing_list
from jobs.definitions import Definitions
from lake.published import published_table
from lake.readers import published_rows
from lake.views import PublishedNight
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.errors import UsageError, did_you_mean
from model.fixed_tables import HUBS, NODES, ONE_IDS, VAULT_IDENTIFIERS
from model.identity_policy import IdentityPolicy
from model.local_engine import LocalEngine
from model.sql_text import is_one_of
from privacy.masks import masked
from privacy.tokens import TokenKey, token_of, unseal_of

_KIND = re.compile(r"([a-z][a-z0-9_]*)(?:@([^:]*))?:(.*)", re.DOTALL)
_MASKS = ("phone", "email")  # normalisers whose values have a mask of that name


@dataclass(frozen=True)
class Wanted:
    """An identifier as a person writes it, the value as its kind spells it. `scope` None: any."""

    kind: str
    scope: str | None
    value: str = field(repr=False)


@dataclass(frozen=True)
class FoundNode:
    """A node of the published night: who holds it (None: nobody), and why it is a hub, if it is."""

    node_id: int
    one_id: int | None
    hub_reason: str | None
    first_date: date
    last_date: date


@dataclass(frozen=True)
class FoundIdentifier:
    """An identifier of one scope that somebody was once seen with.

    `nodes`, by their first day: none where no sighting that counts holds it, several where it was
    re-issued. `refusing_list` names the `invalid` list it is on, if any.
    """

    kind: str
    scope: str
    token: str
    refusing_list: str | None
    nodes: tuple[FoundNode, ...] = ()

    @property
    def one_ids(self) -> tuple[int, ...]:
        """The persons who hold it, each once."""
        return tuple(sorted({node.one_id for node in self.nodes if node.one_id is not None}))


def wanted(word: str, policy: IdentityPolicy) -> Wanted:
    """What `kind:value` or `kind@scope:value` names; UsageError where it is none, never with the
    value in it."""
    match = _KIND.fullmatch(word.strip())
    known = list(policy.kinds)
    if match is None:
        raise UsageError(f"expected kind:value; the kinds are {', '.join(sorted(known))}")
    kind, scope, value = match.groups()
    if kind not in policy.kinds:
        raise UsageError(f"unknown kind of identifier{did_you_mean(kind, known)}")
    spelling, reason = _read(value, kind, policy)
    if spelling is None:
        raise UsageError(f"this is no {kind}: {reason} (docs/reason-codes.md says more)")
    return Wanted(kind, scope, spelling)


def wanted_of_any_kind(word: str, policy: IdentityPolicy) -> tuple[Wanted, ...]:
    """What a word may name: `kind:value` where it begins with a kind, else a value of every kind
    that can read it."""
    match = _KIND.fullmatch(word.strip())
    if match and match[1] in policy.kinds:
        return (wanted(word, policy),)
    read = ((kind, _read(word, kind, policy)[0]) for kind in policy.kinds)
    return tuple(Wanted(kind, None, value) for kind, value in read if value is not None)


def _read(value: str, kind: str, policy: IdentityPolicy) -> tuple[str | None, str]:
    text = tidy(value)
    if not text:
        return None, "it is empty"
    spelling, reason = judged(text, policy.kinds[kind])
    return spelling, reason or ""


@dataclass(frozen=True)
class PublishedIdentifiers:
    """The identifiers of a published night, as `published_identifiers` opens them."""

    engine: Engine
    definitions: Definitions
    night: PublishedNight
    key: TokenKey

    def find(self, asked: Collection[Wanted]) -> Mapping[Wanted, tuple[FoundIdentifier, ...]]:
        """What the night knows of each: one for every scope in which somebody was seen with it, by
        scope; none where nobody ever was. UsageError where a scope is none of the kind's."""
        scopes = self._scopes()
        candidates = {each: self._candidates(each, scopes.get(each.kind, set())) for each in asked}
        tokens = {one.token for found in candidates.values() for one in found}
        nodes = self.nodes_of(tokens)
        seen = nodes.keys() | self._seen(tokens - nodes.keys()).keys()
        return {
            each: tuple(
                replace(one, nodes=tuple(nodes.get(one.token, ())))
                for one in found if one.token in seen
            )
            for each, found in candidates.items()
        }  # fmt: skip

    def _candidates(self, each: Wanted, scopes: set[str]) -> list[FoundIdentifier]:
        """What it is in each of its kind's scopes, or in its own."""
        if each.scope is not None and each.scope not in scopes:
            hint = did_you_mean(each.scope, sorted(scopes))
            raise UsageError(f"no {each.kind} has this scope{hint}")
        listed = refusing_list(each.value, each.kind, self.definitions.policy)
        return [
            FoundIdentifier(
                each.kind, scope, token_of(self.key, each.kind, scope, each.value), listed
            )
            for scope in sorted(scopes if each.scope is None else [each.scope])
        ]

    def holders(self, one_ids: Collection[int]) -> Mapping[int, bool]:
        """Of numbers that were ever given: whether somebody bears them on the night."""
        rows = self.engine.rows(
            "holders",
            f"""
            with own as (select h.* from history h semi join numbers n on n.one_id = h.one_id)
            select o.one_id, bool_or(l.one_id is not null) as lives
            from (select distinct one_id from own
                where coalesce(valid_to > valid_from, true)) o
            left join (select distinct one_id from ({self._at(ONE_IDS, "own")}) held) l
                on l.one_id = o.one_id
            group by o.one_id
            """,
            history=self._rows(ONE_IDS),
            numbers=self.engine.of(pa.table({"one_id": pa.array(sorted(one_ids), pa.int64())})),
        )  # fmt: skip
        return {row["one_id"]: row["lives"] for row in self.engine.arrow(rows).to_pylist()}

    def nodes_of(self, tokens: Iterable[str]) -> Mapping[str, list[FoundNode]]:
        """The nodes of each token, by their first day."""
        rows = self.engine.rows(
            "nodes_of_tokens",
            f"""
            select n.token, n.node_id, m.one_id, h.reason as hub_reason, n.first_date, n.last_date
            from ({self._at(NODES, "nodes")}) n
            left join ({self._at(ONE_IDS, "one_ids")}) m on m.node_id = n.node_id
            left join ({self._at(HUBS, "hubs")}) h on h.node_id = n.node_id
            where {is_one_of("n.token", tokens)}
            """,
            nodes=self._rows(NODES), one_ids=self._rows(ONE_IDS), hubs=self._rows(HUBS),
        )  # fmt: skip
        found = defaultdict(list)
        for row in self.engine.arrow(rows).to_pylist():
            found[row.pop("token")].append(FoundNode(**row))
        for nodes in found.values():
            nodes.sort(key=lambda node: (node.first_date, node.node_id))
        return found

    def shown(self, tokens: Collection[str]) -> Mapping[str, str]:
        """What people may see of the values of tokens: masked, unless the kind's pii is low."""
        kinds = self.definitions.policy.kinds
        shown = {}
        for token, (kind, value) in self.plain(tokens).items():
            rules = kinds.get(kind)
            is_low = rules is not None and rules.pii != "high"
            mask = rules.normalise if rules and rules.normalise in _MASKS else "hidden"
            shown[token] = value if is_low else masked(mask, value)
        return shown

    def plain(self, tokens: Collection[str]) -> Mapping[str, tuple[str, str]]:
        """Kind and value of tokens, unmasked: whoever shows a value has it audited."""
        sealed = self._seen(tokens)
        return {token: (kind, unseal_of(self.key, seal)) for token, (kind, seal) in sealed.items()}

    def holding(self, contract: TableContract) -> Rows:
        """The rows of a table as readers of the night see them."""
        sql = self._at(contract, "these")
        return self.engine.rows(contract.name, sql, these=self._rows(contract))

    def _scopes(self) -> Mapping[str, set[str]]:
        """The scopes of every kind: those of identifiers ever seen, and those of the channels."""
        scopes = defaultdict(set)
        for channel in self.definitions.channels:
            for dataset in channel.datasets:
                for slot in dataset.slots:
                    scopes[slot.kind].add(slot.scope)
        known = "select distinct kind, scope from vault"
        rows = self.engine.rows("known_scopes", known, vault=self._rows(VAULT_IDENTIFIERS))
        for row in self.engine.arrow(rows).to_pylist():
            scopes[row["kind"]].add(row["scope"])
        return scopes

    def _seen(self, tokens: Iterable[str]) -> Mapping[str, tuple[str, bytes]]:
        """Kind and sealed value of those tokens that somebody was ever seen with."""
        rows = self.engine.rows(
            "seen_tokens",
            f"""
            select token, kind, sealed from ({self._at(VAULT_IDENTIFIERS, "vault")}) v
            where {is_one_of("token", tokens)}
            """,
            vault=self._rows(VAULT_IDENTIFIERS),
        )  # fmt: skip
        found = self.engine.arrow(rows).to_pylist()
        return {row["token"]: (row["kind"], row["sealed"]) for row in found}

    def _rows(self, contract: TableContract) -> Rows:
        root = self.definitions.project.lake_root
        return published_table(self.engine, root, self.night, contract)

    def _at(self, contract: TableContract, source: str) -> str:
        return published_rows(contract, source, self.night.business_date)


@contextmanager
def published_identifiers(
    definitions: Definitions, night: PublishedNight, key: TokenKey
) -> Iterator[PublishedIdentifiers]:
    """The identifiers of a published night, to be asked for; closed at the end."""
    with LocalEngine() as engine:
        yield PublishedIdentifiers(engine, definitions, night, key)


def nobody_has(found: Sequence[FoundIdentifier]) -> str:
    """Why none of these identifiers, of which there may be none, belongs to a person."""
    listed = next((each.refusing_list for each in found if each.refusing_list), None)
    hub = next((node.hub_reason for each in found for node in each.nodes if node.hub_reason), None)
    if not found:
        return "nobody was ever seen with this identifier"
    if listed:
        return f"this identifier names nobody: it is on the list {listed} of conf/identity.yml"
    if hub:
        return f"this identifier is a hub ({hub}), which joins nobody"
    if any(each.nodes for each in found):
        return "this identifier belongs to nobody: a rule keeps it from every person"
    return (
        "no row that counts shows this identifier: it is blocked, its channel is in shadow, or its "
        "rows were taken back"
    )
