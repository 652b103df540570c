"""Sends batches of events and knows that they arrived.

`flush()` returns normally though records failed, so every future is looked at. After any failure the producer is
thrown away: the next batch gets a new one, and its caller starts over from what is known to be acknowledged.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import structlog
from kafka import KafkaProducer

from adapters.kafka import cloudevents
from adapters.kafka.settings import KafkaSettings, producer
from adapters.kafka.topics import end_offsets
from projections.ports.feed import FeedRecord, Partition

_log = structlog.get_logger(__name__)

CLOSE_WITHIN = 2.0
"""Seconds for a producer that is thrown away."""


class NotPublished(Exception):
    """Not all of a batch is known to be acknowledged; some of it may have arrived. Send it again."""


class Sent:
    """A batch on its way."""

    def __init__(self, futures: Sequence[Any], deadline: float) -> None:
        self.futures = futures
        self.deadline = deadline


class Publisher:
    """One producer at a time. Not thread-safe. Made after a fork, never before."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._config = producer(settings)
        self._producer: Any = None

    def send(self, records: Sequence[FeedRecord]) -> Sent:
        """Hand a batch to the producer; `wait` tells whether it arrived. NotPublished when that failed already."""
        settings = self._settings
        deadline = monotonic() + (self._config["delivery_timeout_ms"] + self._config["request_timeout_ms"]) / 1000
        try:
            if self._producer is None:
                self._producer = KafkaProducer(**self._config)
            send = self._producer.send
            futures = [
                send(
                    settings.topic(record.topic),
                    value=record.data,
                    key=cloudevents.key(record),
                    headers=cloudevents.headers(record, settings.origin),
                )
                for record in records
            ]
        except Exception as error:  # besides its own errors it raises ValueError and others while topics are away
            self.discard()
            raise NotPublished(_words(error)) from error
        return Sent(futures, deadline)

    def wait(self, sent: Sent) -> dict[Partition, int]:
        """Wait until all are acknowledged; the offset after the last record, for each partition that got one."""
        ends: dict[Partition, int] = {}
        settings = self._settings
        unknown = False
        try:
            for future in sent.futures:
                done = future.get(timeout=max(sent.deadline - monotonic(), 0.001))
                partition = Partition(settings.short(done.topic), done.partition)
                unknown = unknown or done.offset < 0
                ends[partition] = max(ends.get(partition, 0), done.offset + 1)
            if unknown:
                # The broker knew the batch already (a retry of one whose answer was lost) and doesn't say where it
                # lies: the present end of the partition is surely behind it.
                now = end_offsets(settings)
                ends = {partition: now[partition] for partition in ends}
        except Exception as error:
            self.discard()
            raise NotPublished(_words(error)) from error
        return ends

    def discard(self) -> None:
        """Drop the producer. What it still has may arrive or not; never raises."""
        if self._producer is None:
            return
        try:
            self._producer.close(timeout=CLOSE_WITHIN)
        except Exception as error:  # noqa: BLE001 - it may raise and leave its thread behind; a new one takes over
            _log.warning("producer_did_not_close", why=_words(error))
        self._producer = None

    close = discard


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
