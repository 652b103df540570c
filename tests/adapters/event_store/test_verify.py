"""What tampering is found: each test changes the record behind the store's back."""

import psycopg
import pytest

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.verify import Verification, check, verify
from tests.adapters.event_store.samples import appended, save, write


@pytest.fixture
async def record(database: str) -> str:
    """Three streams: A with events 1, 2, 6; B with 3 and 4, of one save; C with 5."""
    async with await PostgresEventStore.open(database, Codec()) as store:
        await appended(store, "A", "one")
        await appended(store, "A", "two")
        await store.append(save(await write(store, "B", "x", "y")))
        await appended(store, "C", "z")
        await appended(store, "A", "three")
    return database


def tamper(url: str, *statements: str) -> Verification:
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # past the trigger that forbids it
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
    return check(url)


def whats(result: Verification) -> set[tuple[str, int]]:
    return {(finding.what, finding.position) for finding in result.findings}


def test_an_untouched_record_is_sound(record: str) -> None:
    result = check(record)
    assert result.findings == []
    assert (result.events, result.streams, result.position) == (6, 3, 6)
    assert (result.done, result.total) == (12, 12)
    assert len(result.anchor) == 64


def test_an_empty_record_is_sound(database: str) -> None:
    assert check(database) == Verification()


def test_progress_is_told(record: str) -> None:
    assert [v.done for v in verify(record)] == [6, 12]


def test_changing_events_is_refused(record: str) -> None:
    with psycopg.connect(record) as connection:
        for statement in (
            "UPDATE stored_events SET actor = 'x'",
            "DELETE FROM stored_events",
            "TRUNCATE stored_events",
            "DELETE FROM append_log",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"), connection.transaction():
                connection.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "state = set_byte(state, 10, get_byte(state, 10) # 1)",
        "state = state || ' '",
        "actor = 'somebody else'",
        "agent = 'key/other'",
        "occurred_at = occurred_at - interval '1 microsecond'",
        "business_date = business_date - 1",
        "zone = 'UTC'",
        "topic = 'product.saved'",
        "schema_version = 2",
        "command_id = gen_random_uuid()",
        "event_id = gen_random_uuid()",
        "correlation_id = 'other'",
        "causation_id = 'other'",
        "previous_hash = sha256('x')",
    ],
)
def test_any_change_of_an_event_is_found(record: str, change: str) -> None:
    result = tamper(record, f"UPDATE stored_events SET {change} WHERE notification_id = 2")
    assert ("hash", 2) in whats(result)
    first = next(finding for finding in result.findings if finding.what == "hash")
    assert first.version == 2
    assert first.subject is not None
    assert first.subject.startswith("product/")
    assert {position for _, position in whats(result)} <= {2, 6}


def test_a_change_with_a_new_hash_breaks_the_chain(record: str) -> None:
    result = tamper(record, "UPDATE stored_events SET hash = sha256('forged') WHERE notification_id = 2")
    assert {("hash", 2), ("chain", 6), ("log", 2)} <= whats(result)


def test_a_removed_event_is_found(record: str) -> None:
    result = tamper(record, "DELETE FROM stored_events WHERE notification_id = 2")
    assert {("version", 6), ("missing", 2)} <= whats(result)


def test_a_removed_event_in_the_middle_of_a_save_is_found(record: str) -> None:
    result = tamper(record, "DELETE FROM stored_events WHERE notification_id = 3")
    assert {("version", 4), ("missing", 4), ("log", 4)} <= whats(result)


def test_the_removed_end_of_a_stream_is_found(record: str) -> None:
    result = tamper(record, "DELETE FROM stored_events WHERE notification_id = 5")
    assert whats(result) == {("missing", 5)}


def test_the_removed_end_of_the_record_is_found(record: str) -> None:
    result = tamper(record, "DELETE FROM stored_events WHERE notification_id = 6")
    assert whats(result) == {("missing", 6)}


def test_two_events_that_changed_places_are_found(record: str) -> None:
    result = tamper(
        record,
        "UPDATE stored_events SET notification_id = -1 WHERE notification_id = 1",
        "UPDATE stored_events SET notification_id = 1 WHERE notification_id = 2",
        "UPDATE stored_events SET notification_id = 2 WHERE notification_id = -1",
    )
    assert {("log", 1), ("order", 1)} <= whats(result)


def test_events_of_two_streams_that_changed_places_are_found(record: str) -> None:
    result = tamper(
        record,
        "UPDATE stored_events SET notification_id = -5 WHERE notification_id = 5",
        "UPDATE stored_events SET notification_id = 5 WHERE notification_id = 6",
        "UPDATE stored_events SET notification_id = 6 WHERE notification_id = -5",
    )
    assert {("log", 5), ("log", 6)} <= whats(result)


def test_a_changed_time_of_recording_is_found(record: str) -> None:
    result = tamper(
        record, "UPDATE stored_events SET recorded_at = recorded_at - interval '1 day' WHERE notification_id = 5"
    )
    assert ("recorded_at", 5) in whats(result)


def test_an_added_event_is_found(record: str) -> None:
    result = tamper(
        record,
        "INSERT INTO stored_events SELECT (jsonb_populate_record(e, jsonb_build_object('notification_id', 7, "
        "'originator_version', 4, 'commit_id', 7))).* FROM stored_events e WHERE notification_id = 6",
    )
    assert {("added", 7), ("hash", 7), ("chain", 7)} <= whats(result)


def test_an_end_cut_off_with_its_log_is_found_by_what_was_noted(record: str) -> None:
    """From the inside nobody can tell; an anchor that was noted outside can."""
    before = check(record)
    cut = (
        "DELETE FROM stored_events WHERE notification_id >= 5",
        "DELETE FROM append_log WHERE position >= 5",
    )
    assert tamper(record, *cut).sound
    result = check(record, noted=(before.position, before.anchor))
    assert whats(result) == {("noted", 6)}


async def test_what_was_noted_holds_while_the_record_grows(record: str) -> None:
    before = check(record)
    async with await PostgresEventStore.open(record, Codec()) as store:
        await appended(store, "A", "four")
    assert check(record, noted=(before.position, before.anchor)).sound
    assert whats(check(record, noted=(before.position, "00" * 32))) == {("noted", 6)}
