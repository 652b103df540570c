"""What every feed promises, on both adapters."""

import threading
from time import monotonic

from projections.ports.feed import PartitionBatch
from tests.adapters.feed.conftest import Feeds
from tests.support.feeding import Positions, as_read, in_order
from tests.support.waiting import eventually


def test_every_event_comes_once_in_order_and_as_it_was_stored(feeds: Feeds):
    feeds.written.write(120)
    reader = feeds.member()
    reader.until_position(120)
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in feeds.positions.versions().values())


def test_events_that_come_later_follow(feeds: Feeds):
    reader = feeds.member()
    for _ in range(3):
        feeds.written.write(10)
        reader.until_position(len(feeds.written.records))
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)


def test_a_new_reader_goes_on_where_the_last_one_stopped(feeds: Feeds):
    feeds.written.write(50)
    first = feeds.member()
    first.until_position(50)
    first.feed.close()
    feeds.written.write(30)
    second = feeds.member()
    second.until_position(80)
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)
    assert feeds.positions.refused == 0
    assert {record.position for batch in second.polled for record in batch.records} == set(range(51, 81))


def test_no_poll_brings_more_than_asked_for(feeds: Feeds):
    feeds.written.write(100)
    reader = feeds.member()
    sizes = []

    def read_all() -> bool:
        sizes.append(sum(len(batch.records) for batch in reader.step(max_records=7)))
        return feeds.positions.position(reader.feed) >= 100

    eventually(read_all, every=0)
    assert max(sizes) <= 7
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)


def test_batches_follow_each_other_without_a_hole(feeds: Feeds):
    feeds.written.write(100)
    reader = feeds.member()
    reader.until_position(100, max_records=9)
    at: dict[object, int] = {}
    for batch in reader.polled:
        assert batch.start == at.get(batch.partition, 0)
        assert all(batch.start <= record.offset < batch.next_offset for record in batch.records)
        assert all(record.topic == batch.partition.topic for record in batch.records)
        at[batch.partition] = batch.next_offset


def test_a_batch_that_was_sought_back_comes_again(feeds: Feeds):
    feeds.written.write(60)
    reader = feeds.member()
    positions = feeds.positions
    given_up = 0

    def give_up_on_every_other_batch() -> bool:
        nonlocal given_up
        for number, batch in enumerate(reader.feed.poll(0.05, 20)):
            if given_up < 5 and number % 2 == 0:
                given_up += 1
                reader.feed.seek(batch.partition, batch.start)
            else:
                positions.apply(batch)
        positions.note(reader.feed)
        return positions.position(reader.feed) >= 60

    eventually(give_up_on_every_other_batch, every=0)
    assert given_up == 5
    assert positions.refused == 0
    assert in_order(positions.applied) == in_order(feeds.written.records)


def test_a_watermark_is_never_ahead_of_what_was_given_out(feeds: Feeds):
    reader = feeds.member()
    stop = threading.Event()

    def keep_writing() -> None:
        while len(feeds.written.records) < 150:
            feeds.written.write(5)
        stop.set()

    writer = threading.Thread(target=keep_writing)
    writer.start()

    def check() -> bool:
        applied = {record.position for record in feeds.positions.applied}
        complete = feeds.positions.position(reader.feed)
        assert set(range(1, complete + 1)) <= applied, f"said to be complete up to {complete}"
        return stop.is_set() and complete == 150

    reader.until(check)
    writer.join()
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)


def test_partitions_in_which_nothing_happens_are_complete_too(feeds: Feeds):
    feeds.written.write(3)  # invoices only
    reader = feeds.member()
    reader.until_position(3)
    assert {p.topic for p in feeds.positions.partitions} == {p.topic for p in reader.feed.partitions()}
    assert min(standing.watermark for standing in feeds.positions.partitions.values()) == 3


def test_a_claim_that_fails_is_asked_for_again(feeds: Feeds):
    feeds.written.write(20)
    reader = feeds.member()
    reader.claim_fails = 2
    reader.until(lambda: reader.feed.problem() is not None and "can't be claimed" in str(reader.feed.problem()))
    reader.until_position(20)
    assert reader.feed.problem() is None
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)


def test_a_former_owner_changes_nothing(feeds: Feeds):
    feeds.written.write(30)
    reader = feeds.member()
    held: list[PartitionBatch] = []

    def hold() -> bool:
        held.extend(reader.feed.poll(0.05, 500))
        return bool(held)

    eventually(hold, every=0)
    for partition in reader.owned:
        feeds.positions.claim(partition, feeds.positions.partitions[partition].generation)
    before = list(feeds.positions.applied)
    assert not any(feeds.positions.apply(batch) for batch in held)
    assert feeds.positions.applied == before


def test_two_members_share_the_work_and_each_event_is_applied_once(feeds: Feeds):
    feeds.written.write(100)
    one, two = feeds.member(), feeds.member()

    def both(position: int) -> None:
        def look() -> bool:
            two.step()
            return feeds.positions.position(one.feed) >= position

        one.until(look)

    both(100)
    feeds.written.write(100)
    both(200)
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)
    assert not one.owned & two.owned
    one.feed.close()
    feeds.written.write(50)
    two.until_position(250)
    assert in_order(feeds.positions.applied) == in_order(feeds.written.records)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in feeds.positions.versions().values())


def test_only_the_topics_asked_for_are_read(feeds: Feeds):
    feeds.written.write(40)
    reader = feeds.member(["reference-data", "operations"], Positions())
    reader.until_position(40)
    wanted = [r for r in feeds.written.records if r.topic in {"reference-data", "operations"}]
    assert [as_read(r) for r in sorted(reader.positions.applied, key=lambda r: r.position)] == [
        as_read(r) for r in wanted
    ]


def test_nothing_there_is_an_answer_in_time(feeds: Feeds):
    reader = feeds.member()
    reader.until(lambda: len(reader.owned) == len(reader.feed.partitions()))
    began = monotonic()
    assert list(reader.feed.poll(0.2, 10)) == []
    assert monotonic() - began < 10
    assert reader.feed.problem() is None
