"""Kafka for tests and benchmarks: fixtures, and `python -m tests.support.kafka_broker` for use outside pytest.

The module run as a program starts a node of its own, prints its bootstrap address on one line, and removes the node
on SIGTERM or Ctrl-C.
"""

import logging
import os
import signal
import sys
import uuid
from collections.abc import Iterator

import pytest

from tests.support.kafka.cluster import KafkaCluster, admin, running_cluster
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka.shared import shared_broker, single_node

__all__ = ["Kafka", "KafkaCluster", "KafkaUnavailable", "running_cluster", "shared_broker", "single_node"]


class Kafka:
    """The shared broker, seen by one test: its address, and names that no other test has."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.prefix = f"t{uuid.uuid4().hex[:12]}"

    def name(self, what: str) -> str:
        """Return a name for a topic, group or client of this test alone."""
        return f"{self.prefix}.{what}"

    def create_topic(self, what: str, partitions: int = 1) -> str:
        """Make a topic of this test's own; return its full name once it can be used."""
        topic = self.name(what)
        with admin(self.bootstrap_servers) as client:
            options = {"num_partitions": partitions, "replication_factor": 1}
            client.create_topics({topic: options}, wait_for_metadata=True)
        return topic


def _unavailable(why: KafkaUnavailable) -> None:
    """Leave the test out; in CI, where none may be left out, fail."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise why
    pytest.skip(f"no Kafka broker: {why}")


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str | KafkaUnavailable]:
    """The shared broker's address, or why there is none; started when the first test asks."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # every refused connection is an error to it
    broker = shared_broker()
    try:
        address = broker.__enter__()
    except KafkaUnavailable as why:
        yield why
        return
    yield address
    broker.__exit__(None, None, None)


@pytest.fixture
def kafka(kafka_address: str | KafkaUnavailable) -> Kafka:
    """A real broker, shared by all tests: use names made by `kafka.name` only."""
    if isinstance(kafka_address, KafkaUnavailable):
        _unavailable(kafka_address)
    return Kafka(str(kafka_address))


@pytest.fixture
def kafka_cluster() -> Iterator[KafkaCluster]:
    """Three nodes of this test's own, to kill and start; a test with it takes ten seconds and more."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        cluster = running_cluster(3)
        started = cluster.__enter__()
    except KafkaUnavailable as why:
        _unavailable(why)
        raise
    yield started
    cluster.__exit__(None, None, None)


def main() -> None:
    """Run a node until told to end."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        with single_node() as address:
            print(address, flush=True)  # noqa: T201 - this is what it is for
            while True:
                signal.pause()
    except KafkaUnavailable as why:
        sys.exit(f"no Kafka broker: {why}")


if __name__ == "__main__":
    main()
