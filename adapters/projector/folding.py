"""A batch folded in memory: which rows, stream versions and parked events it leaves behind. Touches no database."""

from collections.abc import Iterable, Mapping

from adapters.projector.lane import MissingVersion
from adapters.projector.memory import Memory
from adapters.projector.parked import Parked, reason_of
from adapters.projector.plan import Work
from adapters.projector.rows import Row
from projections.ports.feed import FeedRecord, Partition


class Folding:
    """Folds events into rows, starting from what memory holds; memory itself is not changed."""

    def __init__(self, memory: Memory) -> None:
        self.rows: dict[str, dict[str, Row]] = {t: {} for t in memory.rows}
        self.versions: dict[str, int] = {}
        self.parked: list[Parked] = []
        self.waiting = set(memory.waiting)
        self._memory = memory
        self._rebuilt_to = {m: p for m, p in memory.rebuilt_to.items() if p}

    def fresh(self, records: Iterable[FeedRecord]) -> Mapping[int, bool]:
        """The new ones, by identity of the record. Repeats are not in it; MissingVersion when one is missing."""
        known, versions = self._memory.versions, self.versions
        fresh: dict[int, bool] = {}
        for record in records:
            subject, version = record.subject, record.stream_version
            at = versions.get(subject) or known.get(subject, 0)
            if version == at + 1:
                versions[subject] = version
                fresh[id(record)] = True
            elif version > at:
                raise MissingVersion(subject, at + 1, version, Partition(record.topic, record.partition))
        return fresh

    def fold(self, work: Work) -> None:
        """Apply one step, or park its event: it can't be applied, or an earlier one of its stream is parked."""
        record = work.record
        if self._rebuilt_to and record.position <= self._rebuilt_to.get(work.model, 0):
            return
        if self.waiting and (work.model, record.subject) in self.waiting:
            self.park(work.model, record, None)
            return
        table, key = work.step.table, work.key
        rows = self.rows[table]
        if work.problem is not None:
            self.park(work.model, record, reason_of(work.problem))
            return
        try:
            row = rows.get(key) or self._memory.rows[table].get(key)
            rows[key] = work.step.fold(row, work.fact, record)
        except Exception as problem:  # noqa: BLE001 -- whatever is wrong with it, it is parked with the reason
            self.park(work.model, record, reason_of(problem))

    def park(self, model: str, record: FeedRecord, reason: str | None) -> None:
        """Put an event aside for one read model; later ones of its stream wait behind it."""
        self.parked.append(Parked(model, record, reason))
        self.waiting.add((model, record.subject))
