"""The five topics as any downstream system reads them: a plain Kafka client, no code of ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kafka import KafkaConsumer, TopicPartition

TOPICS = ("provider-invoice", "billing-contract", "customer-invoice", "reference-data", "operations")


@dataclass(frozen=True, slots=True)
class Taken:
    """A record: its topic and partition, its headers as text, its value."""

    topic: str
    partition: int
    key: str
    headers: dict[str, str]
    value: bytes

    @property
    def subject(self) -> str:
        return self.headers["ce_subject"]

    @property
    def version(self) -> int:
        return int(self.headers["ce_streamversion"])


def read_topics(bootstrap_servers: str, prefix: str = "ledgerline") -> list[Taken]:
    """All that the topics hold now, partition by partition, each in its order."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers.split(","), auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        partitions = [
            TopicPartition(name, number)
            for name in (f"{prefix}.{topic}" for topic in TOPICS)
            for number in sorted(consumer.partitions_for_topic(name) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found: list[Taken] = []
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for partition, records in consumer.poll(timeout_ms=500).items():
                found += [_taken(partition, record) for record in records]
    finally:
        consumer.close()
    return found


def once_each(records: Iterable[Taken]) -> dict[str, list[Taken]]:
    """What a consumer applies, by subject: it skips what is not above its own version, and misses none."""
    applied: dict[str, list[Taken]] = {}
    for record in records:
        have = applied.setdefault(record.subject, [])
        if record.version <= len(have):
            assert record.headers["ce_id"] == have[record.version - 1].headers["ce_id"], "a repeat is the same event"
            continue
        assert record.version == len(have) + 1, f"{record.subject}: {len(have)} is followed by {record.version}"
        have.append(record)
    return applied


def assert_chained(events: Sequence[Taken]) -> None:
    """Each event of a stream carries the hash of the one before."""
    for before, after in pairwise(events):
        assert after.headers["ce_previoushash"] == before.headers["ce_hash"], after.subject


def _taken(partition: TopicPartition, record: object) -> Taken:
    headers = {name: value.decode() for name, value in record.headers}  # type: ignore[attr-defined]
    key, value = record.key, record.value  # type: ignore[attr-defined]
    return Taken(partition.topic, partition.partition, key.decode(), headers, value)
