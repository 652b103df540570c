"""The record read again from its first event: counted, folded, exported."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from adapters.event_store import Codec
from adapters.event_store.reader import EventReader
from adapters.event_store.rows import StoredRow
from adapters.key_vault import PostgresKeyVault, master_key_in
from domain.customer_invoice import state as customer_invoice
from domain.fact import Fact
from domain.identity import Stream
from domain.provider_invoice import state as provider_invoice
from domain.usage_offer import state as usage_offer
from services.settings import Settings

BATCH: Final = 2_000
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Replayed:
    """Events by type, aggregates by (kind, status)."""

    events: Counter[str] = field(default_factory=Counter)
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    position: int = 0

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "position": self.position,
            "events": dict(sorted(self.events.items())),
            "aggregates": [{"kind": k, "status": s, "count": n} for (k, s), n in sorted(self.states.items())],
        }


def replay_record(url: str, settings: Settings, progress: Progress | None = None) -> Replayed:
    """Decode and fold every event; UnreadableEvent when one is no longer understood."""
    found = Replayed()
    states: dict[str, Any] = {}
    with reading(url, settings) as (reader, codec):
        for row in all_rows(reader, progress=progress):
            found.events[row.type] += 1
            found.position = row.position
            fact = codec.decode(row.type, row.schema_version, row.data)
            states[row.subject] = folded(row.stream.kind, states.get(row.subject), fact)
    for subject, state in states.items():
        found.states[(Stream.parse(subject).kind, status_of(state))] += 1
    return found


def replay_stream(url: str, settings: Settings, subject: str) -> list[dict[str, Any]]:
    """One stream's events with the state after each; empty when there is none."""
    try:
        stream = Stream.parse(subject)
    except ValueError:
        return []
    shown, state = [], None
    with reading(url, settings) as (reader, codec):
        for row in reader.history(stream, limit=100_000):
            state = folded(stream.kind, state, codec.decode(row.type, row.schema_version, row.data))
            shown.append(
                {
                    "version": row.version,
                    "type": row.type,
                    "recorded": row.recorded_at.isoformat(timespec="milliseconds"),
                    "actor": row.actor if row.agent is None else f"{row.actor} (by {row.agent})",
                    "state": status_of(state),
                    "hash": row.hash.hex()[:16],
                }
            )
    return shown


def export_events(url: str, to: Path, *, after: int = 0, progress: Progress | None = None) -> tuple[int, int]:
    """Write NDJSON; how many events, and the last position. The file appears when it is whole."""
    count, position = 0, after
    part = to.with_name(to.name + ".part")
    with EventReader(url) as reader, part.open("wb") as out:
        for row in all_rows(reader, after=after, progress=progress):
            out.write(_line(row))
            count, position = count + 1, row.position
    part.replace(to)
    return count, position


def all_rows(reader: EventReader, *, after: int = 0, progress: Progress | None = None) -> Iterator[StoredRow]:
    """Stored events up to the head as it is now, in order."""
    head = reader.head()
    while after < head:
        rows = reader.read(after, BATCH, upto=head)
        if not rows:
            return
        yield from rows
        after = rows[-1].position
        if progress is not None:
            progress(after, head)


def folded(kind: str, state: Any, fact: Fact) -> Any:  # noqa: ANN401 -- one of the aggregates' states
    """The state of a stream after a fact; for kinds without one of their own, the fact itself."""
    match kind:
        case "provider-invoice":
            return provider_invoice.evolve(state, fact)
        case "usage-offer":
            return usage_offer.evolve(state, fact)
        case "customer-invoice":
            return customer_invoice.evolve(state, fact)
        case _:
            return fact


def status_of(state: Any) -> str:  # noqa: ANN401 -- one of the aggregates' states
    """One word for a state."""
    if isinstance(state, usage_offer.UsageOffer):
        return "withdrawn" if state.withdrawn else "open"
    if isinstance(state, Fact):
        return state.type.rpartition(".")[2]
    return str(getattr(state, "status", "unknown"))


class reading:  # noqa: N801 -- a context manager, used as a word
    """A reader and a codec over the deployment's keys."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._vault = PostgresKeyVault.open(url, master_key_in(settings.keys_folder))
        self._reader = EventReader(url)

    def __enter__(self) -> tuple[EventReader, Codec]:
        return self._reader, Codec(self._vault)

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._vault.close()


def _line(row: StoredRow) -> bytes:
    envelope = {
        "position": row.position,
        "subject": row.subject,
        "version": row.version,
        "event_id": str(row.event_id),
        "type": row.type,
        "schema_version": row.schema_version,
        "occurred_at": row.occurred_at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "business_date": row.business_date.isoformat(),
        "zone": row.zone,
        "actor": row.actor,
        "agent": row.agent,
        "command_id": str(row.command_id),
        "correlation_id": row.correlation_id,
        "causation_id": row.causation_id,
        "previous_hash": (row.previous_hash or b"\0" * 32).hex(),
        "hash": row.hash.hex(),
    }
    head = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    return head[:-1].encode() + b',"data":' + row.data + b"}\n"
