"""Saves for the tests of the record: small facts on streams named by a code."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from commands.origin import Origin
from commands.ports.event_store import Answer, Claim, EventStore, History, IdempotencyKey, Save, Write
from domain.fact import Fact
from domain.identity import Stream, reference_stream
from domain.reference.events import ProductRetired

NOW = datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)


def product(code: str) -> Stream:
    return reference_stream("product", code)


def fact(note: str, code: str = "P-1") -> Fact:
    return ProductRetired(code=code, version=1, reason=note)


def notes(history: History) -> list[str | None]:
    return [f.reason for f in history.facts if isinstance(f, ProductRetired)]


def origin(command_id: UUID | None = None, **changes: object) -> Origin:
    values: dict[str, object] = {
        "command_id": command_id or uuid4(),
        "actor": "key/test",
        "now": NOW,
        "business_date": date(2026, 2, 3),
        "zone": "Europe/Berlin",
        "correlation_id": "request-1",
        **changes,
    }
    return Origin(**values)  # type: ignore[arg-type]  # names and types are the caller's


def save(*writes: Write, claims: tuple[Claim, ...] = (), answer: Answer | None = None) -> Save:
    return Save(origin(), writes, claims=claims, answer=answer)


def answer(key: str, digest: str = "d", status: int = 201, *, forever: bool = False) -> Answer:
    return Answer(
        IdempotencyKey("key/test POST /products", key, digest, forever), status, {"id": key}, {"Location": f"/{key}"}
    )


async def write(store: EventStore, code: str, *texts: str) -> Write:
    """Facts to follow what is stored now."""
    return Write(await store.load(product(code)), tuple(fact(text, code) for text in texts))


async def appended(store: EventStore, code: str, *texts: str) -> int:
    """Append facts; the position of the last one."""
    return (await store.append(save(await write(store, code, *texts)))).position
