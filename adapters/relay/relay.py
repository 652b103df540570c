"""The relay: reads the record in order, publishes it in batches, remembers what is acknowledged. Never skips.

One is active (an advisory lock on its own connection); others wait and take over. It keeps trying for ever: with the
broker away commands go on, and the topics catch up afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event
from typing import Any

import psycopg
import structlog

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import create_topics, end_offsets
from adapters.relay.metrics import RelayMetrics
from adapters.relay.progress import Progress, ProgressStore
from adapters.relay.publisher import Publisher
from adapters.relay.source import Source
from projections.ports.feed import FeedRecord

BATCH = 500
"""Events read at once, and published at once while they are small."""
BATCH_BYTES = 4 * 1024 * 1024
"""Bound of what is on its way to the broker."""
POLL = 0.02
"""Seconds between two looks at the store when no notification came: a notification is a hint only."""
LOOK_AROUND = 1.0
"""Seconds between two looks at the lock's connection and for a wanted rebuild, while nothing comes."""
BACK_OFF = (0.05, 5.0)
"""Seconds before the first try again and, doubled each time, at most."""

_log = structlog.get_logger(__name__)


class TopicsLost(Exception):
    """The broker has fewer records than it acknowledged."""


class _StartOver(Exception):
    """The stored progress is not what we thought: load it again."""


class Relay:
    """Runs in one thread until `stop` is set; then ends after the batch that is on its way.

    `connect` opens the connection that holds the lock (autocommit). `problem` says in a sentence why nothing moves;
    None while all is well or another relay is the active one.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        source: Source,
        settings: KafkaSettings,
        metrics: RelayMetrics,
        stop: Event,
    ) -> None:
        self._connect = connect
        self._source = source
        self._settings = settings
        self._metrics = metrics
        self._stop = stop
        self._publisher = Publisher(settings)
        self.problem: str | None = "starting"
        self.active = False
        self.turns = 0
        """Grows while the relay's thread lives, also while it only tries again."""

    def run(self) -> None:
        """Relay until told to stop."""
        pause = BACK_OFF[0]
        while not self._stop.is_set():
            before = self._metrics.published
            try:
                with self._connect() as connection:
                    self._hold(ProgressStore(connection, self._settings.prefix))
            except _StartOver:
                _log.info("relay_progress_changed_elsewhere")
            except Exception as error:  # noqa: BLE001 - whatever it is: say so and try again, for nothing may be skipped
                self.problem = f"{type(error).__name__}: {error}"
                pause = BACK_OFF[0] if self._metrics.published > before else min(pause * 2, BACK_OFF[1])
                _log.warning("relay_tries_again", why=self.problem, after_seconds=pause)
                self._look_at_head()
                self._stop.wait(pause)
            self.active = False
            self.turns += 1
        self._publisher.close()
        self._source.close()

    def _hold(self, store: ProgressStore) -> None:
        store.make_row()
        while not store.take_lock():
            self.problem = None
            self.turns += 1
            if self._stop.wait(LOOK_AROUND / 5):
                return
        self.active = True
        progress = self._begin(store)
        _log.info("relay_active", position=progress.position, generation=progress.generation)
        self.problem = None
        quiet = 0.0
        while not self._stop.is_set():
            before = progress
            progress = self._drain(store, progress)
            quiet = 0.0 if progress is not before else quiet + POLL
            if quiet >= LOOK_AROUND:
                quiet = 0.0
                if not store.load().same_place(progress):
                    raise _StartOver
            self.turns += 1
            self._source.wait(POLL)

    def _begin(self, store: ProgressStore) -> Progress:
        """Topics are there, hold what they should, and a rebuild that was asked for is begun."""
        create_topics(self._settings)
        progress = store.load()
        if progress.wanted > progress.generation:
            starts = end_offsets(self._settings)
            store.begin_generation(progress.wanted, starts)
            progress = store.load()
            _log.info("topics_rebuild_begun", generation=progress.generation)
        self._check(progress)
        self._metrics.generation.set(progress.generation)
        return progress

    def _check(self, progress: Progress) -> None:
        now = end_offsets(self._settings)
        for partition, end in progress.ends.items():
            if now[partition] < end:
                raise TopicsLost(
                    f"topic {self._settings.topic(partition.topic)} ends at {now[partition]} in partition "
                    f"{partition.number}, though everything below {end} was acknowledged: the broker lost records. "
                    "Commands go on; run `ledgerline topics rebuild` to publish everything again"
                )

    def _drain(self, store: ProgressStore, progress: Progress) -> Progress:
        """Publish all there is."""
        records = self._source.read(progress.position, BATCH)
        while records and not self._stop.is_set():
            for batch in batches(records):
                self._metrics.saw_head(records[-1].position)
                self._metrics.waiting_since(batch[0].recorded_at.timestamp())
                sent = self._publisher.send(batch)
                if batch[-1] is records[-1]:  # read on while the broker works
                    records = self._source.read(batch[-1].position, BATCH)
                ends = self._publisher.wait(sent)
                progress = self._advance(store, progress, batch, ends)
            self.turns += 1
        if not records:
            self._metrics.waiting_since(None)
        return progress

    def _advance(
        self, store: ProgressStore, progress: Progress, batch: Sequence[FeedRecord], ends: dict[Any, int]
    ) -> Progress:
        merged = {**progress.ends, **{p: max(end, progress.ends.get(p, 0)) for p, end in ends.items()}}
        position = batch[-1].position
        if not store.advance(progress, position, merged):
            raise _StartOver
        self._metrics.advanced(position, len(batch))
        return replace(progress, position=position, ends=merged)

    def _look_at_head(self) -> None:
        """The lag shows also while nothing moves."""
        with suppress(psycopg.Error):
            self._metrics.saw_head(self._source.head())


def batches(records: Sequence[FeedRecord]) -> Iterator[Sequence[FeedRecord]]:
    """Cut by bytes; every piece has at least one event."""
    start, size = 0, 0
    for number, record in enumerate(records):
        size += len(record.data)
        if size > BATCH_BYTES and number > start:
            yield records[start:number]
            start, size = number, len(record.data)
    if start < len(records):
        yield records[start:]
