"""The five topics: made by us with their settings, never by the broker's auto-create, never changed behind its back.

Their partition count is part of the contract: adding partitions would break the order within an aggregate.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError, for_code

from adapters.kafka.settings import KafkaSettings, common
from domain.facts import PARTITIONS
from projections.ports.feed import Partition

READY_WITHIN = 30
"""Seconds until every partition of a new topic has to have a leader."""

_NO_ERROR = 0


class BrokerAway(Exception):
    """No broker answers."""

    def __init__(self, settings: KafkaSettings, why: object) -> None:
        servers = ", ".join(settings.bootstrap_servers)
        super().__init__(f"no Kafka broker answers at {servers} ({why}); start one, or see KAFKA_BOOTSTRAP_SERVERS")


class TopicsDiffer(Exception):
    """A topic exists with other settings than ours; nothing was changed."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(
            "; ".join(differences)
            + ". Nothing was changed. Alter the topic's settings by hand, or choose another topic prefix and run "
            "`ledgerline topics rebuild`: everything is published again from the event store"
        )
        self.differences = tuple(differences)


@dataclass(frozen=True, slots=True)
class Created:
    """Full names: what was made now, and what was there as it should be."""

    made: tuple[str, ...]
    found: tuple[str, ...]


def wanted_configs(settings: KafkaSettings) -> Mapping[str, str]:
    """Kept for ever and never compacted: each record is a fact, not a state."""
    return MappingProxyType(
        {
            "cleanup.policy": "delete",
            "retention.ms": "-1",
            "retention.bytes": "-1",
            "min.insync.replicas": str(settings.min_insync),
            "unclean.leader.election.enable": "false",
        }
    )


def partitions() -> tuple[Partition, ...]:
    """All partitions of the five topics."""
    return tuple(Partition(topic, number) for topic, count in PARTITIONS.items() for number in range(count))


@contextmanager
def _admin(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    try:
        client = KafkaAdminClient(**common(settings))
    except KafkaError as error:
        raise BrokerAway(settings, error) from error
    try:
        yield client
    except KafkaTimeoutError as error:
        raise BrokerAway(settings, error) from error
    finally:
        client.close()


def create_topics(settings: KafkaSettings) -> Created:
    """Make the topics that are missing and check the others; safe to call by several processes at once.

    Raises TopicsDiffer (nothing changed), BrokerAway, or the broker's own error, such as too few brokers for the
    replication asked for.
    """
    with _admin(settings) as admin:
        names = {settings.topic(short): count for short, count in PARTITIONS.items()}
        existing = {t["name"] for t in admin.describe_topics(list(names)) if t["error_code"] == _NO_ERROR}
        differences = _differences(admin, settings, {n: c for n, c in names.items() if n in existing})
        if differences:
            raise TopicsDiffer(differences)
        missing = {name: count for name, count in names.items() if name not in existing}
        made: list[str] = []
        if missing:
            answer = admin.create_topics(
                {
                    name: {
                        "num_partitions": count,
                        "replication_factor": settings.replication,
                        "configs": dict(wanted_configs(settings)),
                    }
                    for name, count in missing.items()
                },
                raise_errors=False,
            )
            for topic in answer["topics"]:
                error = for_code(topic["error_code"])
                if topic["error_code"] == _NO_ERROR:
                    made.append(topic["name"])
                elif error is not TopicAlreadyExistsError:  # another process was quicker: as good
                    raise error(f"topic {topic['name']} can't be created: {topic['error_message']}")
            admin.wait_for_topics(list(names), timeout_ms=READY_WITHIN * 1000)
        return Created(tuple(sorted(made)), tuple(sorted(set(names) - set(made))))


def _differences(admin: KafkaAdminClient, settings: KafkaSettings, names: Mapping[str, int]) -> list[str]:
    if not names:
        return []
    wanted = wanted_configs(settings)
    found: list[str] = []
    resources = [ConfigResource(ConfigResourceType.TOPIC, n, configs=dict.fromkeys(wanted)) for n in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    for topic in admin.describe_topics(list(names)):
        name = topic["name"]
        count, replicas = len(topic["partitions"]), len(topic["partitions"][0]["replica_nodes"])
        if count != names[name]:
            found.append(f"topic {name} has {count} partitions and must have {names[name]}")
        if replicas != settings.replication:
            found.append(f"topic {name} has {replicas} replicas and should have {settings.replication}")
        for option, value in wanted.items():
            actual = configs[name][option]["value"]
            if actual != value:
                found.append(f"topic {name} has {option}={actual} and should have {value}")
    return found


def end_offsets(settings: KafkaSettings) -> Mapping[Partition, int]:
    """For each partition the offset that its next record will get. Raises BrokerAway, or the broker's error."""
    asked = {TopicPartition(settings.topic(p.topic), p.number): OffsetSpec.LATEST for p in partitions()}
    with _admin(settings) as admin:
        answer = admin.list_partition_offsets(asked)
    return {Partition(settings.short(tp.topic), tp.partition): end.offset for tp, end in answer.items()}


def delete_topics(settings: KafkaSettings) -> None:
    """Remove the topics and all that is in them. The event store still has everything."""
    with _admin(settings) as admin:
        admin.delete_topics([settings.topic(short) for short in PARTITIONS], raise_errors=False)
