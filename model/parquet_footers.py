"""The footer of a Parquet file, of which a few fields are changed and all others stay.

Fields are read by their numbers (parquet.thrift), whether this module knows what they mean or not,
and written back as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import SEEK_END
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TException, TType
from thrift.transport.TTransport import TMemoryBuffer

MAGIC = b"PAR1"
ROW_GROUPS = 4  # the number of their field
_END = 4 + len(MAGIC)  # the footer's length and the magic, behind it

_SCALARS = {
    TType.BOOL: "Bool", TType.BYTE: "Byte", TType.I16: "I16", TType.I32: "I32", TType.I64: "I64",
    TType.DOUBLE: "Double", TType.STRING: "Binary",
}  # fmt: skip


class Field(NamedTuple):
    """A value and its type as Thrift numbers them."""

    kind: int
    value: Any


class Listed(NamedTuple):
    """Values of one type."""

    kind: int
    values: list[Any]


Struct: TypeAlias = dict[int, Field]


@dataclass(frozen=True)
class Footer:
    """`told` is a file's FileMetaData, which begins at the byte `start`."""

    told: Struct
    start: int

    @property
    def row_groups(self) -> list[Struct]:
        """The file's RowGroup structs, in their order."""
        return list(self.told[ROW_GROUPS].value.values)


def footer_of(source: BinaryIO) -> Footer | None:
    """A file's footer; None where it is no Parquet file, its footer is encrypted, or has what
    Parquet's do not have."""
    size = source.seek(0, SEEK_END)
    source.seek(max(size - _END, 0))
    end = source.read()
    length = int.from_bytes(end[:4], "little")
    start = size - _END - length
    if not end.endswith(MAGIC) or start < len(MAGIC):
        return None
    source.seek(start)
    try:
        return Footer(_read(source.read(length)), start)
    except (TException, KeyError):
        return None


def footer_bytes(told: Struct) -> bytes:
    """The end of a file: what its footer tells, its length and the magic."""
    buffer = TMemoryBuffer()
    _write_value(TCompactProtocol(buffer), TType.STRUCT, told)
    written: bytes = buffer.getvalue()
    return written + len(written).to_bytes(4, "little") + MAGIC


def with_values(struct: Struct, values: Mapping[int, Any]) -> Struct:
    """The struct with other values of fields that it has; it has no others."""
    return {
        number: field._replace(value=values.get(number, field.value))
        for number, field in struct.items()
    }


def _read(footer: bytes) -> Struct:
    read: Struct = _read_value(TCompactProtocol(TMemoryBuffer(footer)), TType.STRUCT)
    return read


def _read_value(protocol: TCompactProtocol, kind: int) -> Any:
    if kind == TType.STRUCT:
        struct: Struct = {}
        protocol.readStructBegin()
        while (head := protocol.readFieldBegin())[1] != TType.STOP:
            struct[head[2]] = Field(head[1], _read_value(protocol, head[1]))
            protocol.readFieldEnd()
        protocol.readStructEnd()
        return struct
    if kind == TType.LIST:
        inner, size = protocol.readListBegin()
        listed = Listed(inner, [_read_value(protocol, inner) for _ in range(size)])
        protocol.readListEnd()
        return listed
    return getattr(protocol, f"read{_SCALARS[kind]}")()


def _write_value(protocol: TCompactProtocol, kind: int, value: Any) -> None:
    if kind == TType.STRUCT:
        protocol.writeStructBegin("")
        for number, field in value.items():
            protocol.writeFieldBegin("", field.kind, number)
            _write_value(protocol, field.kind, field.value)
            protocol.writeFieldEnd()
        protocol.writeFieldStop()
        protocol.writeStructEnd()
    elif kind == TType.LIST:
        protocol.writeListBegin(value.kind, len(value.values))
        for each in value.values:
            _write_value(protocol, value.kind, each)
        protocol.writeListEnd()
    else:
        getattr(protocol, f"write{_SCALARS[kind]}")(value)
