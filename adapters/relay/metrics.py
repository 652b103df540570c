"""What the relay tells Prometheus."""

from time import time

from prometheus_client import CollectorRegistry, Counter, Gauge


class RelayMetrics:
    """Lag in events and seconds, events sent, and whether the head moves. One for each registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.published = 0
        self._oldest: float | None = None
        self._position = 0
        self._head = 0
        head = Gauge("ledgerline_store_head_position", "Position of the last event stored", registry=registry)
        head.set_function(lambda: self._head)
        self.position = Gauge(
            "ledgerline_relay_position", "All events up to this position are acknowledged", registry=registry
        )
        self.generation = Gauge("ledgerline_relay_generation", "Times the topics were begun", registry=registry)
        self._sent = Counter("ledgerline_relay_events", "Events acknowledged, repeats included", registry=registry)
        lag = Gauge("ledgerline_relay_lag_seconds", "Age of the oldest event not acknowledged", registry=registry)
        lag.set_function(lambda: max(time() - self._oldest, 0.0) if self._oldest is not None else 0.0)
        behind = Gauge(
            "ledgerline_relay_lag_events", "Positions stored and not acknowledged (gaps count)", registry=registry
        )
        behind.set_function(lambda: max(self._head - self._position, 0))

    def saw_head(self, position: int) -> None:
        """The store's last position, as far as is known."""
        self._head = max(self._head, position)

    def waiting_since(self, timestamp: float | None) -> None:
        """When the oldest event not acknowledged was recorded; None: all are."""
        self._oldest = timestamp

    def advanced(self, position: int, events: int) -> None:
        """A batch is acknowledged."""
        self.published += events
        self._position = position
        self.position.set(position)
        self.saw_head(position)
        self._sent.inc(events)
