"""An event goes into a record and comes out the same."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka import cloudevents
from adapters.kafka.cloudevents import REQUIRED, NotOurs, Origin
from projections.ports.feed import FeedRecord

text = st.text(min_size=1, max_size=30)
EARLIEST, LATEST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2200-01-01")
instants = st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.just(UTC))
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
records = st.builds(
    FeedRecord,
    topic=st.sampled_from(["provider-invoice", "operations"]),
    partition=st.integers(0, 11),
    offset=st.integers(0, 2**63 - 1),
    position=st.integers(1, 2**63 - 1),
    subject=st.uuids().map(lambda u: f"provider-invoice/{u}"),
    stream_version=st.integers(1, 1000),
    record_key=st.uuids(),
    type=st.just("provider-invoice.activated"),
    schema_version=st.integers(1, 40),
    data=st.binary(max_size=100),
    occurred_at=instants,
    recorded_at=instants,
    business_date=st.dates(),
    zone=st.sampled_from(["UTC", "Europe/Amsterdam"]),
    actor=text,
    agent=st.none() | text,
    commit_id=st.integers(1, 2**63 - 1),
    commit_size=st.integers(1, 100_000),
    command_id=st.uuids(),
    correlation_id=text,
    causation_id=st.none() | text,
    hash=hashes,
    previous_hash=hashes,
    event_id=st.uuids(),
    traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)

EVENT = FeedRecord(
    topic="provider-invoice",
    partition=3,
    offset=17,
    position=42,
    subject="provider-invoice/00000000-0000-0000-0000-000000000001",
    stream_version=2,
    record_key=UUID(int=1),
    type="provider-invoice.activated",
    schema_version=1,
    data=b'{"a":1}',
    occurred_at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 1, 12, 30, 1, 5, tzinfo=UTC),
    business_date=date(2026, 3, 1),
    zone="UTC",
    actor="operator-1",
    agent=None,
    commit_id=41,
    commit_size=2,
    command_id=UUID(int=2),
    correlation_id="request-1",
    causation_id=None,
    hash="ab" * 32,
    previous_hash="00" * 32,
    event_id=UUID(int=3),
    traceparent=None,
)


def parsed(record: FeedRecord, headers: cloudevents.Headers, value: bytes | None) -> FeedRecord:
    return cloudevents.parse(
        topic=record.topic, partition=record.partition, offset=record.offset, headers=dict(headers), value=value
    )


@given(records)
def test_what_goes_in_comes_out(record: FeedRecord):
    assert parsed(record, cloudevents.headers(record, Origin()), record.data) == record


def test_headers_are_the_documented_ones_in_cloudevents_binary_mode():
    headers = dict(cloudevents.headers(EVENT, Origin(source="urn:shop", schemas="https://shop.test/v1/schemas")))
    assert set(headers) == set(REQUIRED)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"] == b"urn:shop"
    assert headers["ce_sequence"] == b"00000000000000000042"
    assert headers["ce_streamversion"] == b"2"
    assert headers["ce_dataschema"] == b"https://shop.test/v1/schemas/provider-invoice.activated/1"
    assert headers["ce_time"] == b"2026-03-01T12:30:00.000000Z"
    assert headers["ce_commitid"] == b"41"
    assert headers["content-type"] == b"application/json"


def test_optional_headers_are_there_only_where_there_is_something_to_say():
    full = EVENT._replace(agent="key-1", causation_id="event-1", traceparent="00-a-b-01")
    extra = set(dict(cloudevents.headers(full, Origin()))) - set(dict(cloudevents.headers(EVENT, Origin())))
    assert extra == {"ce_agent", "ce_causationid", "traceparent"}


@pytest.mark.parametrize("name", [n for n in REQUIRED if n not in {"ce_specversion", "ce_source", "content-type"}])
def test_a_record_without_a_header_that_readers_need_is_refused_and_named(name: str):
    headers = [(n, v) for n, v in cloudevents.headers(EVENT, Origin()) if n != name]
    with pytest.raises(NotOurs, match=rf"provider-invoice\[3\]@17 lacks the header '{name}'"):
        parsed(EVENT, headers, EVENT.data)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ce_sequence", b"many"), ("ce_id", b"no-uuid"), ("ce_time", b"yesterday"), ("ce_actor", b"\xff\xfe")],
)
def test_a_header_that_cannot_be_read_is_refused(name: str, value: bytes):
    headers = [(n, value if n == name else v) for n, v in cloudevents.headers(EVENT, Origin())]
    with pytest.raises(NotOurs, match=r"provider-invoice\[3\]@17 can't be read"):
        parsed(EVENT, headers, EVENT.data)


def test_a_record_without_a_value_is_refused():
    with pytest.raises(NotOurs, match="has no value"):
        parsed(EVENT, cloudevents.headers(EVENT, Origin()), None)


def test_unknown_headers_are_passed_over():
    headers = [*cloudevents.headers(EVENT, Origin()), ("ce_later", b"1")]
    assert parsed(EVENT, headers, EVENT.data) == EVENT
