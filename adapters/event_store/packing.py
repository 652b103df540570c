"""PostgreSQL's binary array format, written directly: a group of events goes to the server as one array a column.

psycopg would look at each item of each array in Python; here every value is packed once, when its event is encoded
(that is while the group before is being committed), and a group's column is a join of bytes. Values are packed as
length + bytes, as the format wants them; a null is the length -1.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from struct import Struct
from typing import ClassVar
from uuid import UUID

from psycopg import pq
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper

NULL = b"\xff\xff\xff\xff"
_LENGTH = Struct("!i").pack
_INT = Struct("!ii").pack
_BIG = Struct("!iq").pack
_HEAD = Struct("!iiIii").pack
_UUID_LENGTH = _LENGTH(16)
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_POSTGRES_DAY_0 = date(2000, 1, 1).toordinal()
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"


def pack_text(value: str | None) -> bytes:
    """A text; PostgreSQL takes no NUL character: ValueError, before anything is sent."""
    if value is None:
        return NULL
    data = value.encode()
    if b"\0" in data:
        raise ValueError(f"{value!r} contains a NUL character, which cannot be stored")
    return _LENGTH(len(data)) + data


def pack_bytes(value: bytes | None) -> bytes:
    """Raw bytes."""
    return NULL if value is None else _LENGTH(len(value)) + value


def pack_uuid(value: UUID | None) -> bytes:
    """A UUID."""
    return NULL if value is None else _UUID_LENGTH + value.bytes


def pack_int(value: int | None) -> bytes:
    """A 32-bit integer."""
    return NULL if value is None else _INT(4, value)


def pack_bigint(value: int | None) -> bytes:
    """A 64-bit integer."""
    return NULL if value is None else _BIG(8, value)


def pack_bool(value: bool) -> bytes:
    """A truth value."""
    return _TRUE if value else _FALSE


def pack_instant(value: datetime | None) -> bytes:
    """An aware instant, to the microsecond."""
    if value is None:
        return NULL
    since = value - _POSTGRES_EPOCH
    return _BIG(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def pack_date(value: date | None) -> bytes:
    """A date."""
    return NULL if value is None else _INT(4, value.toordinal() - _POSTGRES_DAY_0)


class PackedArray:
    """A one-dimensional array as bytes; its subclasses say of what."""

    __slots__ = ("data",)
    element_oid: ClassVar[int]
    array_oid: ClassVar[int]

    def __init__(self, items: Sequence[bytes]) -> None:
        """One packed value an item."""
        self.data = self._pack(len(items), b"".join(items))

    @classmethod
    def of(cls, count: int, items: bytes) -> "PackedArray":
        """An array of `count` packed values that were joined before."""
        array = cls.__new__(cls)
        array.data = cls._pack(count, items)
        return array

    @classmethod
    def _pack(cls, count: int, items: bytes) -> bytes:
        # dimensions, may have nulls, element type, then size and lower bound of the only dimension
        return _HEAD(1, 1, cls.element_oid, count, 1) + items if count else _HEAD(0, 0, cls.element_oid, 0, 0)[:12]


class TextArray(PackedArray):
    """text[]."""

    element_oid, array_oid = 25, 1009


class ByteaArray(PackedArray):
    """bytea[]."""

    element_oid, array_oid = 17, 1001


class UuidArray(PackedArray):
    """uuid[]."""

    element_oid, array_oid = 2950, 2951


class IntArray(PackedArray):
    """integer[]."""

    element_oid, array_oid = 23, 1007


class BigintArray(PackedArray):
    """bigint[]."""

    element_oid, array_oid = 20, 1016


class BoolArray(PackedArray):
    """boolean[]."""

    element_oid, array_oid = 16, 1000


class InstantArray(PackedArray):
    """timestamptz[]."""

    element_oid, array_oid = 1184, 1185


class DateArray(PackedArray):
    """date[]."""

    element_oid, array_oid = 1082, 1182


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: PackedArray) -> bytes:
        return obj.data


_ARRAYS: tuple[type[PackedArray], ...] = (
    TextArray,
    ByteaArray,
    UuidArray,
    IntArray,
    BigintArray,
    BoolArray,
    InstantArray,
    DateArray,
)


def register_arrays(context: AdaptContext) -> None:
    """Teach a connection to send packed arrays."""
    for array in _ARRAYS:
        dumper = type(f"{array.__name__}Dumper", (_ArrayDumper,), {"oid": array.array_oid})
        context.adapters.register_dumper(array, dumper)
