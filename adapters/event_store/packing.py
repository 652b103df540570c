"""PostgreSQL's binary format for arrays of records, written directly: a group goes to the server as a few values.

psycopg would look at every field of every record in Python. Here a field is packed once, when its event is encoded
(while the group before is being committed), and a group is a join of bytes. A field is its type's number, its length
and its value; a null has the length -1.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from struct import Struct
from typing import Any, ClassVar, Final
from uuid import UUID

from psycopg import AsyncConnection, Connection, pq
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.rows import tuple_row

from adapters.sql_files import load_sql

_SMALL = Struct("!iii").pack
_BIG = Struct("!iiq").pack
_LENGTH = Struct("!i").pack
_HEAD = Struct("!iiIii").pack
_NO_ITEMS = Struct("!iiI").pack


def _oid(number: int) -> bytes:
    return _LENGTH(number)


_NULL = _LENGTH(-1)
_BOOL, _BYTEA, _BIGINT, _INT = 16, 17, 20, 23
_TEXT, _DATE, _INSTANT, _UUID = 25, 1082, 1184, 2950
_TEXT_OID, _BYTEA_OID, _UUID_HEAD = _oid(_TEXT), _oid(_BYTEA), _oid(_UUID) + _LENGTH(16)
NULL_TEXT, NULL_BYTES, NULL_UUID = _oid(_TEXT) + _NULL, _oid(_BYTEA) + _NULL, _oid(_UUID) + _NULL
NULL_INT, NULL_INSTANT, NULL_DATE = _oid(_INT) + _NULL, _oid(_INSTANT) + _NULL, _oid(_DATE) + _NULL
_BOOLS = {flag: _oid(_BOOL) + _LENGTH(1) + bytes([flag]) for flag in (False, True)}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY_0 = date(2000, 1, 1).toordinal()


def pack_text(value: str | None) -> bytes:
    """A text; PostgreSQL takes no NUL character: ValueError, before anything is sent."""
    if value is None:
        return NULL_TEXT
    data = value.encode()
    if b"\0" in data:
        raise ValueError(f"{value!r} contains a NUL character, which cannot be stored")
    return _TEXT_OID + _LENGTH(len(data)) + data


def pack_bytes(value: bytes) -> bytes:
    """Raw bytes."""
    return _BYTEA_OID + _LENGTH(len(value)) + value


def pack_uuid_bytes(value: bytes) -> bytes:
    """A UUID by its 16 bytes."""
    return _UUID_HEAD + value


def pack_uuid(value: UUID) -> bytes:
    """A UUID."""
    return _UUID_HEAD + value.bytes


def pack_int(value: int) -> bytes:
    """A 32-bit integer."""
    return _SMALL(_INT, 4, value)


def pack_bigint(value: int) -> bytes:
    """A 64-bit integer."""
    return _BIG(_BIGINT, 8, value)


def pack_bool(value: bool) -> bytes:
    """A truth value."""
    return _BOOLS[value]


def pack_instant(value: datetime) -> bytes:
    """An aware instant, to the microsecond."""
    since = value - _EPOCH  # integers throughout: a float's seconds would lose microseconds
    return _BIG(_INSTANT, 8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def pack_date(value: date) -> bytes:
    """A date."""
    return _SMALL(_DATE, 4, value.toordinal() - _DAY_0)


class PackedRecords:
    """An array of records of one composite type of migration 0001, as bytes."""

    __slots__ = ("count", "items")
    kind: ClassVar[str]
    fields: ClassVar[int]

    def __init__(self, saves: Iterable[Sequence[bytes]]) -> None:
        """The records of some saves (a sequence each); the save's number, from 1, becomes each record's first field."""
        head = _LENGTH(self.fields)
        parts: list[bytes] = []
        for number, records in enumerate(saves, 1):
            start = head + pack_int(number)
            for record in records:
                parts += (_LENGTH(len(start) + len(record)), start, record)
        self.count = len(parts) // 3
        self.items = b"".join(parts)

    def __len__(self) -> int:
        return self.count


class NewWrites(PackedRecords):
    """What saves expect of their streams."""

    kind, fields = "new_write", 6


class NewEvents(PackedRecords):
    """Events to store."""

    kind, fields = "new_event", 22


class NewClaims(PackedRecords):
    """Names to take or to give back."""

    kind, fields = "new_claim", 5


class NewAnswers(PackedRecords):
    """Answers to keep."""

    kind, fields = "new_answer", 8


_KINDS: Final[tuple[type[PackedRecords], ...]] = (NewWrites, NewEvents, NewClaims, NewAnswers)
_TYPE_NUMBERS: Final = load_sql("adapters.event_store")["record_types"].encode()


def _register(context: AdaptContext, rows: Iterable[tuple[Any, ...]]) -> None:
    numbers = {name: (oid, array_oid) for name, oid, array_oid in rows}
    for kind in _KINDS:
        if kind.kind not in numbers:
            raise RuntimeError(f"the database has no type {kind.kind}: its schema is not up to date (adapters.migrate)")
        context.adapters.register_dumper(kind, _dumper(*numbers[kind.kind]))


async def register_records(connection: AsyncConnection[Any]) -> None:
    """Teach a connection to send packed records; their types' numbers are the database's own."""
    cursor = await connection.execute(_TYPE_NUMBERS)
    _register(connection, await cursor.fetchall())


def register_records_sync(connection: Connection[Any]) -> None:
    """Do the same for a blocking connection."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        _register(connection, cursor.execute(_TYPE_NUMBERS).fetchall())


def _dumper(number: int, array_number: int) -> type[Dumper]:
    class RecordsDumper(Dumper):
        format = pq.Format.BINARY
        oid = array_number

        def dump(self, obj: PackedRecords) -> bytes:
            # dimensions, may have nulls, element type; then size and lower bound of the only dimension
            return _HEAD(1, 0, number, obj.count, 1) + obj.items if obj.count else _NO_ITEMS(0, 0, number)

    return RecordsDumper
