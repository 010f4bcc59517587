"""Which rules may be asked of a part of the map: those that are declared here, and no others.

ADR 23 says of each what it reads, and why the region covers that. Where anything else is in force,
nights look at everything: a rule that nobody has thought through costs time, and no wrong person.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

from identity.rulings import Rulings
from model.engines import Engine, Rows
from model.identity_policy import DisagreeRule, IdentifierKind, IdentityPolicy
from model.node_ids import node_id

RULED = "node_id bigint, ruling bigint"
_NAMES = "person_names"  # many; who bears others is told without reading all (Since.renamed)
# What each other frame of rulings says of a node, as one text: what nights are compared by.
_SAID = {
    "refused": f"select {node_id('token')} as node_id, 'refused' as said from refused",
    "facts": "select node_id, concat_ws('|', 'fact', rule, scope, value) as said from facts",
    "joins": """
        select node_id, concat('join ', other_node_id) as said from joins
        union all select other_node_id, concat('join ', node_id) from joins
    """,
    "pins": "select node_id, concat('pin ', one_id) as said from pins",
    # Who has a name is looked at on every night (identity.touched); who had one, by this.
    "named": f"select {node_id('token')} as node_id, concat_ws('|', name, named_on) as said "
    "from named",
}
# What of the policy a night may obey that looks at a part; its changes make a full build.
_LOCAL: dict[type, frozenset[str]] = {
    IdentityPolicy: frozenset({
        "kinds", "invalid", "never_merge", "disagree", "components", "golden", "gate", "location",
        "places",
    }),
    IdentifierKind: frozenset({
        "rank", "normalise", "scope", "pii", "region", "aliases", "max_sightings", "max_peers",
        "window", "reissued_after", "strength", "location",
    }),
    DisagreeRule: frozenset({"kinds", "names"}),
}  # fmt: skip


def is_local(policy: IdentityPolicy) -> bool:
    """Whether all that the policy asks for is declared here."""
    return all(map(_is_declared, (policy, policy.disagree, *policy.kinds.values())))


def ruled(engine: Engine, rulings: Rulings) -> Rows | None:
    """What all rulings but names say, one row per node and saying (RULED): a night looks at the
    nodes of which they say otherwise than on the night before.

    None where a frame has been added to Rulings that is not told here: then no night can be
    compared with the one before.
    """
    names = (each.name for each in fields(rulings) if each.name != _NAMES)
    frames = {name: getattr(rulings, name) for name in names}
    if frames.keys() - _SAID.keys():
        return None
    given = {name: frame for name, frame in frames.items() if frame is not None}
    said = " union all ".join(f"select * from ({_SAID[name]}) {name}_said" for name in given)
    return engine.rows(
        "ruled", f"select distinct node_id, {node_id('md5(said)')} as ruling from ({said}) sayings",
        **given,
    )  # fmt: skip


def _is_declared(rule: Any) -> bool:
    declared = next(names for each, names in _LOCAL.items() if isinstance(rule, each))
    return all(
        each.name in declared or getattr(rule, each.name) == _usual(each) for each in fields(rule)
    )


def _usual(each: Field[Any]) -> Any:
    """A field's value where the file does not say it."""
    return each.default_factory() if each.default_factory is not MISSING else each.default
