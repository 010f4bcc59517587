"""The parts that are read out of people's names and addresses, by what conf/model.yml calls them.

Plain functions of one tidy value (see identity.normalise), called once per distinct value inside
tasks. A part is told or null, never guessed; nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from identity.address_parts import AddressParts, address_parts
from identity.name_parts import NameParts, name_parts
from model.canonical import Part

READERS: Mapping[str, Callable[[str], NameParts | AddressParts]] = {
    "name": name_parts, "address": address_parts,
}  # fmt: skip
# Part → who reads it, and where in what it tells.
PARTS: Mapping[Part, tuple[str, int]] = {
    "family_name": ("name", NameParts._fields.index("family")),
    "given_name": ("name", NameParts._fields.index("given")),
    "street": ("address", AddressParts._fields.index("street")),
    "postcode": ("address", AddressParts._fields.index("postcode")),
}


def part_of(part: Part, text: str) -> str | None:
    """One part of a written name or address; None where it is not told."""
    reader, place = PARTS[part]
    return READERS[reader](text)[place]
