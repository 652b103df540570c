"""The record against the log of its appends: nothing missing, nothing added, no clock that went back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from adapters.event_store.rows import StoredRow


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `subject` and `version` name an event, where it is about one."""

    what: str
    detail: str
    position: int
    subject: str | None = None
    version: int | None = None


class LogCheck:
    """Takes events in order of position and compares them with the entries of the log, one for each append.

    `position` and `anchor` are those of the last entry passed. A fault is reported where it is, not again by all that
    follows it.
    """

    def __init__(
        self,
        entries: Iterator[tuple[Any, ...]],
        found: Callable[[Finding], None],
        noted: tuple[int, str] | None,
    ) -> None:
        self.position = 0
        self.anchor = b""
        self._entries = entries
        self._found = found
        self._noted = noted
        self._entry = next(entries, None)
        self._hashes: list[bytes] = []
        self._last = 0
        self._recorded_at: datetime | None = None
        self._counted = 0

    def event(self, row: StoredRow) -> None:
        """The next event."""
        while self._entry is not None and self._entry[0] < row.position:
            self._missing(self._entry)
        if row.position != self._last + 1:
            detail = f"the events from position {self._last + 1} to {row.position - 1} are missing"
            self._found(Finding("missing", detail, row.position))
        if self._recorded_at is not None and row.recorded_at < self._recorded_at:
            detail = f"recorded at {row.recorded_at}, before the event before it ({self._recorded_at})"
            self._found(Finding("recorded_at", detail, row.position, row.subject, row.version))
        self._last, self._recorded_at = row.position, row.recorded_at
        self._counted += 1
        self._hashes.append(row.hash or b"")
        if self._entry is not None and self._entry[0] == row.position:
            self._append_ended(self._entry, row.recorded_at)

    def end(self) -> None:
        """No more events."""
        while self._entry is not None:
            self._missing(self._entry)
        if self._hashes:
            self._found(Finding("added", "events follow the last append that was logged", self._last))
        if self._noted is not None:
            self._found(Finding("noted", f"no append ended at the noted position {self._noted[0]}", self._noted[0]))

    def _append_ended(self, entry: tuple[Any, ...], recorded_at: datetime) -> None:
        position, events, logged_at, anchor = entry
        mine = sha256(self.anchor + b"".join(self._hashes)).digest()
        self._hashes.clear()
        if mine != anchor:
            self._found(Finding("log", "the hashes of this append are not those that it stored", position))
        if self._counted != events:
            self._found(Finding("log", f"{self._counted} events up to here, {events} were stored", position))
        if logged_at != recorded_at:
            self._found(Finding("recorded_at", f"recorded at {recorded_at}, appended at {logged_at}", position))
        self._pass(position, events, anchor)

    def _missing(self, entry: tuple[Any, ...]) -> None:
        position, events, _, anchor = entry
        self._found(Finding("missing", f"an append ended at position {position}, whose event is not there", position))
        self._hashes.clear()
        self._last = max(self._last, position)
        self._pass(position, events, anchor)

    def _pass(self, position: int, events: int, anchor: bytes) -> None:
        self.position, self.anchor, self._counted = position, bytes(anchor), events
        self._entry = next(self._entries, None)
        if self._noted is not None and self._noted[0] == position:
            if self._noted[1] != self.anchor.hex():
                self._found(Finding("noted", "the record up to here is not the one that was noted", position))
            self._noted = None
