"""So many commands a second for each key: a token bucket in this process."""

from collections.abc import Callable
from math import ceil
from typing import Final

from services.api.problems import Problem

MAX_KEYS: Final = 10_000


class RateLimit:
    """`per_second` commands a key, as many at once at most; 0 switches it off. `clock` gives monotonic seconds."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> None:
        """Count one command; Problem 429 with `Retry-After` when the bucket is empty."""
        if self._rate <= 0:
            return
        now = self._clock()
        size = max(self._rate, 1.0)
        tokens, since = self._buckets.get(key, (size, now))
        tokens = min(size, tokens + (now - since) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            seconds = max(1, ceil((1 - tokens) / self._rate))
            raise Problem(
                429,
                "too-many-commands",
                f"This key may send {self._rate:g} commands a second: wait {seconds} s, or load many with one request.",
                headers={"Retry-After": str(seconds)},
            )
        if len(self._buckets) > MAX_KEYS:
            self._buckets.clear()
        self._buckets[key] = (tokens - 1, now)
