"""conf/identity.yml as frozen values: kinds of identifiers, rules that join or keep apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from phonenumbers import SUPPORTED_REGIONS

from model.contracts import Pii
from model.dates import Duration
from model.errors import NOWHERE, Location, Problem, Problems, did_you_mean
from model.identity_gate import IdentityGate
from model.match_rules import MatchRule, misfits
from model.reading import read
from model.strict_yaml import YamlMap

Normaliser = Literal[
    "text", "phone", "email", "cn_id_card", "device", "idfa", "imei", "oaid", "openid", "unionid"
]
NO_REGION = "ZZ"
PHONES_ARE_REISSUED_AFTER = Duration(90)
ComponentsEngine = Literal["graphframes", "local", "auto"]
Prefer = Literal["trusted", "latest", "frequent"]


@dataclass(frozen=True)
class IdentifierKind:
    """One kind of identifier; rank 1 is strongest.

    `scope`: global (default), channel or app, or a name given where a channel maps a field.
    `region`: whose numbers are written without a country code, as ISO 3166; ZZ: nobody's (phone).
    `aliases`: whether every e-mail address is a mailbox of its own (apart), or those are one that
    their provider takes for one (provider), or also all that differ behind a + only (tags).
    `max_sightings` and `max_peers` None: no limit. `window`: only sightings whose days come within
    it of each other join. `reissued_after`: days of silence after which an identifier may be
    somebody else's, where the two sides contradict each other; None: never, but for phones 90.
    `strength: weak` kinds attach, never merge.
    """

    rank: int
    normalise: Normaliser
    scope: str = "global"
    pii: Pii = "high"
    region: str = "CN"
    aliases: Literal["apart", "provider", "tags"] = "apart"
    max_sightings: int | None = None
    max_peers: int | None = None
    window: Duration | None = None
    reissued_after: Duration | None = None
    strength: Literal["strong", "weak"] = "strong"
    location: Location = NOWHERE

    @property
    def silence(self) -> Duration | None:
        """How long an identifier that was re-issued was silent, at the least."""
        usual = PHONES_ARE_REISSUED_AFTER if self.normalise == "phone" else None
        return self.reissued_after or usual


@dataclass(frozen=True)
class DisagreeRule:
    """A weaker identifier beside two different values of one of `kinds` is a hub.

    `names`: so is one beside names that cannot be one person's.
    """

    kinds: tuple[str, ...] = ()
    names: bool = False


@dataclass(frozen=True)
class ComponentsPolicy:
    """Which engine computes connected components, and up to how many links the local one may.

    Up to a fifth as many live sightings, the other steps of identity run in this process too.
    """

    full_build: ComponentsEngine = "graphframes"
    night: ComponentsEngine = "auto"
    local_edges: int = 20_000_000


@dataclass(frozen=True)
class ColumnSurvivorship:
    """How one column of the golden profile chooses among the accounts' values."""

    prefer: Prefer


@dataclass(frozen=True)
class GoldenPolicy:
    """Survivorship: first `prefer`, then `then`, unless a column says otherwise."""

    prefer: Prefer = "trusted"
    then: Prefer = "latest"
    per_column: Mapping[str, ColumnSurvivorship] = field(default_factory=dict)


@dataclass(frozen=True)
class IdentityPolicy:
    """The whole of conf/identity.yml.

    `never_merge` holds kinds of which one person may have at most one value, and composites: lists
    of golden columns whose values, where all are present, are one such value together. `invalid`
    lists well-formed values (with * as wildcard) that name nobody, by kind or for `any`. `places`
    tells where each key of the file stands. `not_computed` says what has no effect yet.
    """

    kinds: Mapping[str, IdentifierKind]
    invalid: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never_merge: tuple[str | tuple[str, ...], ...] = ()
    disagree: DisagreeRule = DisagreeRule()
    components: ComponentsPolicy = ComponentsPolicy()
    match: tuple[MatchRule, ...] = ()
    golden: GoldenPolicy = GoldenPolicy()
    gate: IdentityGate | None = None
    location: Location = NOWHERE
    places: Mapping[str, Location] = field(default_factory=dict, metadata={"key": None})

    def rank(self, kind: str) -> int:
        """Rank of a kind; 1 is strongest."""
        return self.kinds[kind].rank

    @property
    def weak_kinds(self) -> tuple[str, ...]:
        """Kinds that attach but never merge, strongest first."""
        weak = (name for name, kind in self.kinds.items() if kind.strength == "weak")
        return tuple(sorted(weak, key=self.rank))

    @property
    def never_merge_kinds(self) -> tuple[str, ...]:
        """Kinds of which one person has at most one value (of one scope)."""
        return tuple(entry for entry in self.never_merge if isinstance(entry, str))

    @property
    def never_merge_composites(self) -> tuple[tuple[str, ...], ...]:
        """Golden columns whose values, where all are present, are together one person's only."""
        return tuple(entry for entry in self.never_merge if not isinstance(entry, str))

    def not_computed(self) -> tuple[Problem, ...]:
        """What the file asks for and no stage computes yet, by place: nothing is dropped silently.

        Whoever builds one of these takes its line away.
        """
        told = [(rule.location, f"match {rule.name}: joins nobody yet") for rule in self.match]
        return tuple(sorted(Problem(*each) for each in told))


def read_identity_policy(
    node: YamlMap, problems: Problems, golden: Collection[str] = ()
) -> IdentityPolicy:
    """The policy; what is wrong with it goes to `problems`, and its kinds alone come back.

    `golden` are the columns of the model's golden tables: never-merge composites name them.
    """
    places = {key: node.at(key) for key in node}
    policy = read(IdentityPolicy, node, problems, places=places)
    if policy is None:
        return IdentityPolicy(kinds=_named_kinds(node))
    known = list(policy.kinds)
    named = {
        "never_merge": policy.never_merge_kinds,
        "disagree": policy.disagree.kinds,
        "invalid": tuple(kind for kind in policy.invalid if kind != "any"),
    }
    for key, kinds in named.items():
        for kind in kinds:
            if kind not in policy.kinds:
                problems.add(node.at(key), f"unknown kind {kind!r}{did_you_mean(kind, known)}")
    for columns in policy.never_merge_composites:
        for told in _misfits_of_composite(columns, golden):
            problems.add(node.at("never_merge"), f"never_merge [{', '.join(columns)}]: {told}")
    _ranks_differ(policy, problems)
    for name, rules in policy.kinds.items():
        for told in _misfits(rules):
            problems.add(rules.location, f"{name}: {told}")
    problems.found += misfits(policy.match)
    return policy


def _named_kinds(node: YamlMap) -> dict[str, IdentifierKind]:
    """The kinds of a file that something is wrong with, or stand-ins: who names one is not to be
    told that there is none."""
    kinds = node.get("kinds")
    named = kinds if isinstance(kinds, YamlMap) else {}
    return {
        name: (read(IdentifierKind, rules, Problems()) if isinstance(rules, YamlMap) else None)
        or IdentifierKind(rank=0, normalise="text")
        for name, rules in named.items()
    }


def _misfits_of_composite(columns: tuple[str, ...], golden: Collection[str]) -> Iterator[str]:
    """What is wrong with the columns of a never-merge composite."""
    if len(columns) <= 1 or len(set(columns)) < len(columns):
        yield "a composite is two different columns or more"
    for column in dict.fromkeys(columns):
        if column not in golden:
            hint = did_you_mean(column, sorted(golden))
            yield f"unknown column {column!r}; composites name columns of a golden table{hint}"


def _misfits(kind: IdentifierKind) -> Iterator[str]:
    """What of a kind does not go with how it is normalised."""
    if kind.region not in (*SUPPORTED_REGIONS, NO_REGION):
        hint = did_you_mean(kind.region, sorted(SUPPORTED_REGIONS))
        yield f"unknown region {kind.region!r}; expected two letters such as CN, or ZZ{hint}"
    if kind.aliases != "apart" and kind.normalise != "email":
        yield f"aliases are of e-mail addresses; this one is normalised as {kind.normalise}"
    if kind.normalise == "openid" and kind.scope == "global":
        yield "an OpenID counts within one app: add `scope: app`; across apps there is the UnionID"


def _ranks_differ(policy: IdentityPolicy, problems: Problems) -> None:
    seen: dict[int, str] = {}
    for name, kind in policy.kinds.items():
        if kind.rank in seen:
            problems.add(kind.location, f"{name} has the rank of {seen[kind.rank]}; ranks differ")
        seen[kind.rank] = name
