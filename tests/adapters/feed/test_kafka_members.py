"""Members of a Kafka group that come and go while events are written."""

import threading

import pytest

from adapters.feed import kafka_feed
from adapters.feed.kafka_feed import KafkaFeed
from adapters.feed.kafka_group import GroupMember
from adapters.feed.store_source import connect_to
from adapters.kafka.settings import KafkaSettings
from domain.facts import PARTITIONS
from projections.ports.feed import Partition
from tests.support.feeding import Member, Positions, Written, in_order, running_relay
from tests.support.waiting import eventually


class Working:
    """A member on a thread of its own."""

    def __init__(self, url: str, settings: KafkaSettings, positions: Positions) -> None:
        self.feed = KafkaFeed(settings, f"{settings.prefix}.readers", connect_to(url))
        self.member = Member(self.feed, positions)
        self.failed: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                self.member.step()
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failed.append(error)
        finally:
            self.feed.close()

    def leave(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self.failed


def test_three_members_come_and_go_and_each_event_is_applied_once(topics: KafkaSettings, database: str):
    written, positions = Written(database), Positions()
    with running_relay(database, topics):
        working = [Working(database, topics, positions)]
        partitions = set(working[0].feed.partitions())

        def settled() -> bool:
            owned = [p for w in working for p in w.member.owned]
            return len(owned) == len(set(owned)) == len(partitions) and all(w.member.owned for w in working)

        def complete() -> bool:
            return positions.position(working[0].feed) >= len(written.records)

        for change in ("join", "join", "leave", "join", "leave", "leave"):
            written.write(200)
            if change == "join":
                working.append(Working(database, topics, positions))
            else:
                working.pop(0).leave()
            written.write(200)
            eventually(settled, within=60, what=f"partitions spread over {len(working)} after a {change}")
        eventually(complete, within=60, what="everything applied")
        for each in working:
            each.leave()
    assert in_order(positions.applied) == in_order(written.records)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in positions.versions().values())


def test_a_rebalance_that_the_client_lost_sight_of_is_joined_again(topics: KafkaSettings):
    member = GroupMember(topics, f"{topics.prefix}.readers", list(PARTITIONS))
    owned: set[Partition] = set()

    def joined() -> bool:
        member.poll(0.05, 10)
        for assigned, partition in member.rebalanced():
            (owned.add if assigned else owned.discard)(partition)
        return len(owned) == sum(PARTITIONS.values())

    try:
        eventually(joined, every=0)
        owned.clear()
        member._consumer._coordinator.rejoining = True  # as it is left behind by the client's own mistake
        eventually(joined, every=0)
    finally:
        member.close()


def test_a_client_in_long_trouble_is_replaced(topics: KafkaSettings, database: str, monkeypatch: pytest.MonkeyPatch):
    written, positions = Written(database), Positions()
    feed = KafkaFeed(topics, f"{topics.prefix}.readers", connect_to(database))
    reader = Member(feed, positions)
    with running_relay(database, topics):
        written.write(20)
        reader.until_position(20)
        monkeypatch.setattr(kafka_feed, "REJOIN_AFTER", -1.0)
        client = feed._member._consumer
        feed._trouble("whatever it is, it does not pass", 0)
        monkeypatch.undo()
        assert reader.owned == set()
        written.write(20)
        reader.until_position(40)
        assert feed._member._consumer is not client
    assert in_order(positions.applied) == in_order(written.records)
    assert feed.problem() is None
    feed.close()
