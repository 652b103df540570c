"""Keys as this process knows them, for a few seconds: an erasure elsewhere takes effect here when they are over."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

CACHE_SECONDS: Final = 5.0
"""How long a process may still use a key that another process has destroyed."""
CACHE_SIZE: Final = 10_000

K = TypeVar("K")
V = TypeVar("V")


class KeyCache(Generic[K, V]):
    """The most recently used entries, each for a short time; safe to use from several threads."""

    def __init__(self, seconds: float = CACHE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()
        self._cleared = 0

    def mark(self) -> int:
        """Remember this before reading what is to be put: what was read before an erasure must not come in after."""
        return self._cleared

    def get(self, key: K) -> V | None:
        """The entry, unless it is too old or not there."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry[0] <= self._clock():
                return None
            self._entries.move_to_end(key)
            return entry[1]

    def put(self, key: K, value: V, mark: int) -> None:
        """Keep an entry that was read after `mark`."""
        with self._lock:
            if mark != self._cleared:
                return
            self._entries[key] = (self._clock() + self._seconds, value)
            self._entries.move_to_end(key)
            while len(self._entries) > CACHE_SIZE:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything, and what others are just reading."""
        with self._lock:
            self._cleared += 1
            self._entries.clear()
