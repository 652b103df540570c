"""The stream of one sync: that it began, which lists could not be fetched, how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, get_args

from commands.operations.once import write_once
from commands.operations.work import Work
from commands.ports.event_store import EventStore
from commands.ports.operations import Item
from domain.fact import Fact
from domain.identity import Stream, provider_invoice_stream
from domain.operations import events as o

MAX_RESULTS: Final = 500
MAX_DETAIL: Final = 300
"""So that the fact with all results stays below 256 KiB."""
_OUTCOMES: Final = frozenset(get_args(o.SyncResult.model_fields["outcome"].annotation))


def sync_stream(work: Work) -> Stream:
    """One sync an operation, of the same id."""
    return Stream("provider-sync", work.operation.id)


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """Writes the facts of a sync; each once, however often its worker was lost."""

    store: EventStore
    work: Work
    day: date
    provider: str | None
    manual: bool
    invoice_number: str | None = None

    async def started(self) -> None:
        """It began."""
        await self._once(o.ProviderSyncStarted(**self._names(), invoice_number=self.invoice_number), per_provider=False)

    async def list_failed(self, provider: str, message: str) -> None:
        """A provider's list could not be fetched."""
        names = {**self._names(), "provider": provider}
        await self._once(o.ProviderListFailed(**names, message=message[:2000]), per_provider=True)

    async def ended(self, items: Iterable[Item]) -> o.ProviderSyncEnded:
        """It ended, with what it did."""
        all_items = list(items)
        count = {outcome: sum(item.outcome == outcome for item in all_items) for outcome in _OUTCOMES}
        happened = [item for item in all_items if item.outcome in _OUTCOMES - {"unchanged"}]
        fact = o.ProviderSyncEnded(
            **self._names(),
            imported=count["imported"],
            failed=count["failed"] + count["refused"],
            changed=count["changed"] + count["change_withdrawn"],
            unchanged=count["unchanged"],
            results=tuple(_result(item) for item in happened[:MAX_RESULTS]),
        )
        await self._once(fact, per_provider=False)
        return fact

    def _names(self) -> dict[str, Any]:
        return {"sync": self.work.operation.id, "day": self.day, "provider": self.provider, "manual": self.manual}

    async def _once(self, fact: o.SyncFact, *, per_provider: bool) -> None:
        origin = self.work.origin("sync", fact.type, fact.provider or "")
        stream = sync_stream(self.work)
        await write_once(self.store, origin, stream, fact, lambda other: _alike(fact, other, per_provider=per_provider))


def _alike(fact: o.SyncFact, other: Fact, *, per_provider: bool) -> bool:
    return (
        isinstance(other, o.SyncFact)
        and other.type == fact.type
        and (not per_provider or other.provider == fact.provider)
    )


def _result(item: Item) -> o.SyncResult:
    provider, _, number = item.name.partition("/")
    return o.SyncResult.model_validate(
        {
            "provider": provider,
            "invoice_number": number,
            "provider_invoice": provider_invoice_stream(provider, number).id,
            "outcome": item.outcome,
            "detail": item.detail[:MAX_DETAIL] if item.detail else None,
        }
    )
