"""How we speak to Kafka: one frozen value, and the arguments of each kind of client.

What kafka-python 3.0.12 needs said explicitly is said here, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from adapters.kafka.cloudevents import Origin

MAX_REQUEST = 4 * 1024 * 1024
"""Bytes: an event is at most 256 KiB; topics take the broker's 1 MiB default a batch."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the broker is and what our topics are called.

    `security` holds kafka-python's own arguments for TLS and SASL (`security_protocol`, `ssl_cafile`, ...).
    `replication` and `min_insync`: 3 and 2 in production, 1 and 1 on a single node.
    `session_timeout`: seconds after which the partitions of a dead reader go to others.
    `connect_timeout`: seconds in which a first broker has to answer.
    """

    bootstrap_servers: tuple[str, ...]
    prefix: str = "ledgerline"
    replication: int = 1
    min_insync: int = 1
    client_id: str = "ledgerline"
    session_timeout: float = 10.0
    connect_timeout: float = 5.0
    origin: Origin = field(default_factory=Origin)
    security: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def topic(self, short: str) -> str:
        """The full name of a topic: `ledgerline.provider-invoice`."""
        return f"{self.prefix}.{short}"

    def short(self, topic: str) -> str:
        """The name without the prefix."""
        return topic[len(self.prefix) + 1 :]


def common(settings: KafkaSettings) -> dict[str, Any]:
    """What every client takes. Short back-offs: a broker that is back is used within a second."""
    # The library is several megabytes, and settings are read by every process, also where there is no Kafka.
    from adapters.kafka.failed_sockets import close_failed_sockets  # noqa: PLC0415

    close_failed_sockets()  # no client of ours is made without these arguments
    return {
        "bootstrap_servers": list(settings.bootstrap_servers),
        "client_id": settings.client_id,
        "reconnect_backoff_ms": 50,
        "reconnect_backoff_max_ms": 1000,
        "retry_backoff_ms": 50,
        "bootstrap_timeout_ms": int(settings.connect_timeout * 1000),
        "metadata_max_age_ms": 30_000,
        **settings.security,
    }


def producer(settings: KafkaSettings) -> dict[str, Any]:
    """The idempotent producer: `acks=1` or `retries=0` alone would turn it off with a mere warning.

    A record that is not acknowledged within `delivery_timeout_ms` fails its future; the relay then starts over
    from the acknowledged prefix with a new producer.
    """
    return {
        **common(settings),
        "enable_idempotence": True,
        "acks": "all",
        "compression_type": "lz4",
        "linger_ms": 0,
        "batch_size": 256 * 1024,
        "max_request_size": MAX_REQUEST,
        "max_in_flight_requests_per_connection": 5,
        "max_block_ms": 10_000,
        "request_timeout_ms": 10_000,
        "delivery_timeout_ms": 20_000,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }


def consumer(settings: KafkaSettings, group: str) -> dict[str, Any]:
    """A member of a group whose positions lie elsewhere: nothing is committed or reset behind its back."""
    session = int(settings.session_timeout * 1000)
    return {
        **common(settings),
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        "fetch_min_bytes": 1,
        "fetch_max_wait_ms": 500,
        "max_partition_fetch_bytes": 2 * 1024 * 1024,
        "max_poll_interval_ms": 300_000,
        "session_timeout_ms": session,
        "heartbeat_interval_ms": max(session // 6, 500),
        "request_timeout_ms": 30_000,
        "metrics_enabled": False,
    }
