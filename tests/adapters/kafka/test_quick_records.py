"""The quick way to read records gives what the library's own way gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from adapters.kafka.quick_records import QuickBatch, QuickPartition, QuickRecords, UnreadHeaders, read_quickly

LZ4, PLAIN = 3, 0

headers = st.lists(st.tuples(st.text(max_size=150), st.none() | st.binary(max_size=300)), max_size=30)
records = st.tuples(
    st.integers(0, 2**41), st.none() | st.binary(max_size=100), st.none() | st.binary(max_size=1000), headers
)


def batch(codec: int, made: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10**9,
    )
    for offset, (timestamp, key, value, pairs) in enumerate(made):
        builder.append(offset, timestamp, key, value, pairs)
    return bytes(builder.build())


def read(kind: type[DefaultRecordBatch], data: bytes) -> list[object]:
    return [
        (r.offset, r.timestamp, r.timestamp_type, r.key, r.value, list(r.headers), r.size_in_bytes)
        for r in kind(bytearray(data))
    ]


@given(st.sampled_from([PLAIN, LZ4]), st.lists(records, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_it_reads_any_records_as_the_library_does(codec: int, made: list):
    data = batch(codec, made)
    assert read(QuickBatch, data) == read(DefaultRecordBatch, data)


def test_headers_can_be_read_again_and_by_name():
    [record] = QuickBatch(bytearray(batch(LZ4, [(1, b"k", b"v", [("a", b"1"), ("b", b"2"), ("a", b"3")])])))
    assert list(record.headers) == list(record.headers) == [("a", b"1"), ("b", b"2"), ("a", b"3")]
    assert dict(record.headers) == {"a": b"3", "b": b"2"}
    assert len(record.headers) == 3


@pytest.mark.parametrize("cut", range(1, 37, 3))
def test_a_batch_that_ends_in_the_middle_is_corrupt(cut: int):
    data = batch(PLAIN, [(1, b"key", b"value", [("name", b"text"), ("other", b"text")])])
    with pytest.raises(CorruptRecordError):
        read(QuickBatch, data[:-cut])


def test_headers_that_do_not_end_with_their_record_are_corrupt():
    data = bytearray(batch(PLAIN, [(1, b"key", b"value", [("name", b"text")])]))
    data[data.index(b"text") - 1] -= 2  # the value's length, one less
    with pytest.raises(CorruptRecordError, match="do not end where the record does"):
        read(QuickBatch, bytes(data))


def test_a_fetch_of_several_batches_is_read_to_its_end():
    data = b"".join(batch(codec, [(1, b"k", b"v", [("a", b"1")])] * 3) for codec in (PLAIN, LZ4))
    quick, plain = (kind(data + data[:40]) for kind in (QuickRecords, MemoryRecords))
    for _ in range(2):
        assert [list(r.headers) for r in quick.next_batch()] == [list(r.headers) for r in plain.next_batch()]
    assert quick.next_batch() is plain.next_batch() is None
    assert quick.has_next() is plain.has_next() is False


def test_one_consumer_reads_so_and_no_other():
    quick, other = (KafkaConsumer(bootstrap_servers="127.0.0.1:1", api_version=(2, 6)) for _ in range(2))
    read_quickly(quick)
    data = batch(PLAIN, [(1, b"k", b"v", [("a", b"1")])])
    for consumer, kind in ((quick, UnreadHeaders), (other, list)):
        partition = consumer._fetcher.PartitionRecords(0, TopicPartition("t", 0), MemoryRecords(data))
        [record] = partition.record_iterator
        assert type(record.headers) is kind
        assert list(record.headers) == [("a", b"1")]
        consumer.close(autocommit=False)
    assert Fetcher.PartitionRecords is not QuickPartition
