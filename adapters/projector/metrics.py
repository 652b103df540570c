"""What a projector tells Prometheus: how far each read model is behind, and what the process did."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.projector.rows import SQL
from adapters.projector.runner import Tally


class ProjectorMetrics(Collector):
    """Asks the database when it is scraped, on a connection of its own; without the database those are left out."""

    def __init__(
        self,
        registry: CollectorRegistry,
        connect: "Callable[[], psycopg.Connection[Any]]",
        tally: Tally,
        lane: str,
    ) -> None:
        self._connect = connect
        self._tally = tally
        self._lane = lane
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        yield CounterMetricFamily("ledgerline_projector_events", "Events applied", value=self._tally.events)
        yield CounterMetricFamily("ledgerline_projector_batches", "Batches applied", value=self._tally.batches)
        yield CounterMetricFamily(
            "ledgerline_projector_dropped_batches", "Batches of a former owner", value=self._tally.dropped
        )
        yield GaugeMetricFamily(
            "ledgerline_projector_partitions", "Partitions owned by this process", value=len(self._tally.owned)
        )
        try:
            with self._connect() as connection:
                lags = connection.execute(SQL["lag"], {"lane": self._lane}).fetchall()
        except psycopg.Error:
            return
        position = _gauge("position", "Everything up to this position is in the rows")
        behind = _gauge("lag_events", "Positions recorded and not in the rows (gaps count)")
        seconds = _gauge("lag_seconds", "Age of the oldest event that is not in the rows")
        parked = _gauge("parked_streams", "Streams that wait behind an event that can't be applied")
        for name, at, head, age, streams in lags:
            position.add_metric([name], at)
            behind.add_metric([name], max(head - at, 0))
            seconds.add_metric([name], max(age, 0.0))
            parked.add_metric([name], streams)
        yield from (position, behind, seconds, parked)


def _gauge(what: str, help_: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ledgerline_read_model_{what}", help_, labels=["read_model"])
