"""What a projector knows between batches: rows, stream versions, what is parked. Forgotten on any doubt."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from adapters.projector.plan import Plan
from adapters.projector.rows import SQL, Connection, Row, TableRows

MAX_ROWS = 50_000
"""Rows of a table in memory; above it the half that came first is forgotten."""

MAX_STREAMS = 200_000


class Memory:
    """Valid as long as this process owns the partitions and nobody else wrote, which every batch checks."""

    def __init__(self, lane: str, tables: Mapping[str, TableRows]) -> None:
        self._lane = lane
        self._tables = tables
        self.rows: dict[str, dict[str, Row]] = {t: {} for t in tables}
        self.versions: dict[str, int] = {}
        self.waiting: frozenset[tuple[str, str]] = frozenset()
        """(read model, subject) of which an event is parked."""
        self.rebuilt_to: Mapping[str, int] = {}
        """By read model: the position up to which a rebuild put everything into the rows."""
        self._changes: int | None = None

    def forget(self) -> None:
        """Know nothing any more: after a failed transaction, or when partitions came or went."""
        for rows in self.rows.values():
            rows.clear()
        self.versions.clear()
        self._changes = None

    def load(self, connection: Connection, plan: Plan, subjects: set[str]) -> "Loading":
        """Ask, within a pipeline, for what a plan needs and is not known; `Loading.finish` takes the answers in."""
        versions = None
        missing = list(subjects.difference(self.versions))
        if missing:
            versions = connection.execute(SQL["load_streams"], (self._lane, missing), prepare=True)
        rows = []
        for table, keys in plan.keys.items():
            unknown = keys.difference(self.rows[table])
            if unknown:
                rows.append((table, self._tables[table].start_loading(connection, unknown)))
        return Loading(self, versions, rows)

    def keep(self, rows: Mapping[str, Mapping[str, Row]], versions: Mapping[str, int]) -> None:
        """Remember what was committed."""
        for table, changed in rows.items():
            known = self.rows[table]
            known.update(changed)
            if len(known) > MAX_ROWS:
                for key in list(known)[: len(known) // 2]:
                    del known[key]
        self.versions.update(versions)
        if len(self.versions) > MAX_STREAMS:
            self.versions.clear()

    def is_current(self, changes: int) -> bool:
        """Whether nobody touched rows from outside since this was learned."""
        return self._changes == changes

    def learn(self, connection: Connection, changes: int) -> None:
        """Start afresh after somebody did."""
        self.forget()
        self.waiting = frozenset(connection.execute(SQL["parked_subjects"], (self._lane,)).fetchall())
        self.rebuilt_to = dict(connection.execute(SQL["rebuilt_to"]).fetchall())
        self._changes = changes


class Loading:
    """Answers that are under way."""

    def __init__(
        self,
        memory: Memory,
        versions: psycopg.Cursor[Any] | None,
        rows: Sequence[tuple[str, psycopg.Cursor[Any]]],
    ) -> None:
        self._memory = memory
        self._versions = versions
        self._rows = rows

    def finish(self) -> None:
        """Take the answers into memory."""
        if self._versions is not None:
            self._memory.versions.update(self._versions.fetchall())
        for table, cursor in self._rows:
            self._memory.rows[table].update((row[0], row) for row in cursor.fetchall())
