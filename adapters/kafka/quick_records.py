"""Reads records with many headers several times as fast as kafka-python 3.0.12 does by itself.

A CloudEvent has two dozen headers, and the library decodes each of them, three varints a header, then adds up their
sizes for a field that nobody reads: two thirds of the time of reading a topic. Here a batch's records are cut out and
their headers left as they are until somebody asks. `read_quickly` has one consumer read so, and no other; what
it sees is the same, but for `serialized_header_size`. The library is pinned; tests compare both on any record, and hold
that the consumer's fetcher is still built so.
"""

from collections.abc import Iterator
from typing import Any

from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import ControlRecord, DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint

_WITH_HEADERS = 2
"""The batch format that records have headers since."""


class UnreadHeaders:
    """A record's headers, decoded when they are asked for: as pairs, like the library's list, or as a mapping.

    False, though not empty: so the library does not add up their sizes.
    """

    __slots__ = ("_buffer", "_count", "_end", "_pos")

    def __init__(self, buffer: bytes, pos: int, end: int, count: int) -> None:
        self._buffer = buffer
        self._pos = pos
        self._end = end
        self._count = count

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        return iter(self._pairs())

    def _pairs(self) -> list[tuple[str, bytes | None]]:
        buffer, pos = self._buffer, self._pos
        pairs: list[tuple[str, bytes | None]] = []
        for _ in range(self._count):
            # Lengths are zigzag varints: one byte, its last bit clear, up to 63; else it takes the library's way.
            size = buffer[pos]
            if size & 0x81:
                size, at = decode_varint(buffer, pos)
            else:
                size, at = size >> 1, pos + 1
            if size < 0:
                raise CorruptRecordError("a record's header has no name")
            pos = at + size
            name = buffer[at:pos].decode()
            size = buffer[pos]
            if size & 0x81:
                size, at = decode_varint(buffer, pos)
            else:
                size, at = size >> 1, pos + 1
            if size < 0:
                pairs.append((name, None))
                pos = at
            else:
                pos = at + size
                pairs.append((name, buffer[at:pos]))
        if pos != self._end:
            raise CorruptRecordError("a record's headers do not end where the record does")
        return pairs


class QuickBatch(DefaultRecordBatch):  # type: ignore[misc]  # kafka-python has no types
    """A batch whose records are cut out without reading their headers."""

    _buffer: Any
    _pos: int

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, bytes):
            self._buffer = bytes(self._buffer)  # slices of it are what records hand out

    def _read_msg(self, decode_varint: Any = decode_varint) -> Any:  # noqa: ANN401 - kafka-python has no types
        buffer = self._buffer
        size, begin = decode_varint(buffer, self._pos)
        end = begin + size
        if end > len(buffer):
            raise CorruptRecordError("a record ends behind its batch")
        delay, pos = decode_varint(buffer, begin + 1)  # behind the attributes, which are not used
        late = self.timestamp_type == self.LOG_APPEND_TIME
        timestamp = self.max_timestamp if late else self.first_timestamp + delay
        delta, pos = decode_varint(buffer, pos)
        size_of_key, pos = decode_varint(buffer, pos)
        key = None
        if size_of_key >= 0:
            key = buffer[pos : pos + size_of_key]
            pos += size_of_key
        size_of_value, pos = decode_varint(buffer, pos)
        value = None
        if size_of_value >= 0:
            value = buffer[pos : pos + size_of_value]
            pos += size_of_value
        count, pos = decode_varint(buffer, pos)
        if count < 0 or pos > end:
            raise CorruptRecordError("a record's parts do not end where the record does")
        headers: UnreadHeaders | list[Any] = UnreadHeaders(buffer, pos, end, count) if count else []
        self._pos = end
        made = ControlRecord if self.is_control_batch else DefaultRecord
        return made(size, self.base_offset + delta, timestamp, self.timestamp_type, key, value, headers)


class QuickRecords(MemoryRecords):  # type: ignore[misc]  # kafka-python has no types
    """What a fetch brought of a partition, read batch by batch."""

    def next_batch(self) -> Any:  # noqa: ANN401 - kafka-python has no types
        """The next batch; None behind the last."""
        batch = self._next_slice
        if batch is None or len(batch) < self.MIN_SLICE or batch[self.MAGIC_OFFSET] < _WITH_HEADERS:
            return super().next_batch()
        self._cache_next()
        return QuickBatch(batch)


class QuickPartition(Fetcher.PartitionRecords):  # type: ignore[misc]  # kafka-python has no types
    """A partition's records as a fetcher hands them out."""

    def __init__(self, offset: int, partition: object, records: Any, **options: object) -> None:  # noqa: ANN401 - as above
        super().__init__(offset, partition, QuickRecords(records._buffer), **options)  # noqa: SLF001 - the bytes themselves


def read_quickly(consumer: Any) -> None:  # noqa: ANN401 - as above
    """Have this consumer's fetcher unpack records so."""
    consumer._fetcher.PartitionRecords = QuickPartition  # noqa: SLF001 - the class it makes them of; the version is pinned
