"""What a batch asks for: each event with the rows it changes, decoded once for all read models that take it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.ports.decoder import Decoder
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Step


@dataclass(slots=True)
class Work:
    """One step of one read model on one event. `problem`: it could not even be decoded."""

    record: FeedRecord
    model: str
    step: Step
    key: str
    fact: Any
    problem: Exception | None = None


@dataclass(slots=True)
class Plan:
    """The work of some records in order, and the rows it needs, by table."""

    work: list[Work] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=dict)


class Planner:
    """Finds the steps of each event by its type; what no read model takes is never decoded."""

    def __init__(self, models: Sequence[ReadModel], decoder: Decoder) -> None:
        self._decoder = decoder
        self._tables = [t.name for m in models for t in m.tables]
        takes: dict[str, list[tuple[str, Step]]] = {}
        for model in models:
            for type_, step in model.by_type.items():
                takes.setdefault(type_, []).append((model.name, step))
        self._takes: Mapping[str, Sequence[tuple[str, Step]]] = takes

    def plan(self, records: Iterable[FeedRecord]) -> Plan:
        """The work of these records; one that can't be decoded has its problem with it."""
        plan = Plan(keys={t: set() for t in self._tables})
        takes, keys, work = self._takes, plan.keys, plan.work
        for record in records:
            taken = takes.get(record.type)
            if taken is None:
                continue
            facts: dict[frozenset[str] | None, Any] = {}
            document: Any = None
            read: Any
            for model, step in taken:
                try:
                    if step.document:
                        document = document if document is not None else self._decoder.document(record)
                        read = document
                    else:
                        read = facts.get(step.reads)
                        if read is None:
                            read = facts[step.reads] = self._decoder.fact(record, step.reads)
                    key = step.key(read, record)
                except Exception as problem:  # noqa: BLE001 -- whatever is wrong with it, it is parked with the reason
                    work.append(Work(record, model, step, "", None, problem))
                    continue
                keys[step.table].add(key)
                work.append(Work(record, model, step, key, read))
        return plan
