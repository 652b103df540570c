"""Watermarks of one partition that reading has not reached yet."""

from collections import deque

MOST = 256
"""Marks kept. When more are pending, reading is far behind and the steps are as fine as anybody needs."""


class PendingMarks:
    """Keeps marks (position, end offset) until reading has passed them.

    With a steady stream the latest end is nearly always a little ahead of what was read: only who remembers the
    earlier ones ever gets to say that the partition is complete up to one.
    """

    __slots__ = ("_pending", "_reached")

    def __init__(self) -> None:
        self._pending: deque[tuple[int, int]] = deque()
        self._reached: tuple[int, int] | None = None

    def add(self, position: int, end: int) -> None:
        """All up to `position` lies below `end`; neither is ever smaller than in the call before."""
        if self._pending and self._pending[-1][1] == end:
            self._pending[-1] = (position, end)
        elif len(self._pending) < MOST:
            self._pending.append((position, end))

    def reached(self, offset: int) -> tuple[int, int] | None:
        """The last mark at or below an offset that reading has come to; None when there was none yet."""
        while self._pending and self._pending[0][1] <= offset:
            self._reached = self._pending.popleft()
        return self._reached
