"""Many contracts generated in one operation, which a test works off itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from adapters.bulk import StoredTargets
from adapters.operations import StoredOperations
from commands.billing_contract.bill import bill_many
from commands.billing_contract.billing_desk import Asked, Billed
from commands.billing_contract.bulk_generate import BulkGenerateHandler
from commands.billing_contract.bulk_request import (
    BULK_GENERATE,
    BulkDesk,
    BulkWanted,
    Named,
    Options,
    request_bulk_generation,
)
from commands.operations.work import Work
from commands.origin import Origin
from commands.ports.operations import Item, Operation
from domain.customer_invoice.events import CustomerInvoiceCreated
from services.working import passes
from tests.support.agreements import Agreements
from tests.support.origins import origin
from tests.support.yard import Signals

NOW: Final = datetime(2026, 3, 15, 12, tzinfo=UTC)


@dataclass
class BulkOffice:
    """A desk, and a worker that works when told to. Contracts in `odd` raise; `after` follows each part billed."""

    agreed: Agreements
    operations: StoredOperations
    targets: StoredTargets
    signals: Signals = field(default_factory=Signals)
    unforeseen: list[Exception] = field(default_factory=list)
    odd: dict[UUID, Exception] = field(default_factory=dict)
    billed: list[list[UUID]] = field(default_factory=list)
    after: Callable[[], Awaitable[None]] | None = None
    slow: set[UUID] = field(default_factory=set)
    """Contracts that wait for the gate before they are billed."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    given_up: list[list[UUID]] = field(default_factory=list)
    """Parts that were ended while they waited."""
    busy: int = 0
    """Times that every contract is changed by others all the time."""

    @property
    def desk(self) -> BulkDesk:
        """The ports."""
        return BulkDesk(self.agreed.billing, self.bill, self.operations, self.targets)

    async def bill(self, origin: Origin, asked: Sequence[Asked], **more: Any) -> Sequence[Billed]:
        """As it is billed, but for what the test wants otherwise."""
        self.billed.append([one.contract for one in asked])
        for one in asked:
            if one.contract in self.odd:
                raise self.odd[one.contract]
        if self.busy:
            self.busy -= 1
            return [Billed(one.contract, "", "failed", reason="It was changed.", code="busy") for one in asked]
        if any(one.contract in self.slow for one in asked):
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.given_up.append([one.contract for one in asked])
                raise
        done = await bill_many(self.agreed.billing, origin, asked, **more)
        if self.after is not None:
            await self.after()
        return done

    async def ask(self, *items: UUID | str | Named, of: int = 0, dry_run: bool = False, **options: Any) -> Operation:
        """The operation, queued."""
        named = [one if isinstance(one, Named) else Named(str(one)) for one in items]
        wanted = BulkWanted(named, Options(**options), of, dry_run)
        return (await request_bulk_generation(self.desk, origin(NOW), wanted)).outcome

    async def work(self, lease: float = 15.0) -> Operation:
        """Work off the oldest operation."""
        claimed = await self.operations.claim("tester", [BULK_GENERATE], lease, NOW)
        assert claimed is not None
        work = Work(claimed.operation, claimed.hold, self.operations, self.signals, lambda: NOW, "UTC")
        ended = await BulkGenerateHandler(self.desk, passes, self.unforeseen.append)(work)
        await self.operations.end(claimed.hold, ended.status, ended.message, NOW)
        found = await self.operations.get(claimed.operation.id)
        assert found is not None
        return found

    async def results(self, operation: Operation) -> Mapping[str, Item]:
        """By contract."""
        return {one.name: one for one in await self.operations.items(operation.id)}

    async def generated(self, *items: UUID | str | Named, **options: Any) -> Mapping[str, Item]:
        """Asked for and worked off."""
        operation = await self.ask(*items, **options)
        await self.work()
        return await self.results(operation)

    async def made(self) -> int:
        """How many invoices of contracts there are."""
        found = await self.agreed.shop.desk.store.read(after=0, limit=10_000, types=("customer-invoice.created",))
        return sum(isinstance(one.fact, CustomerInvoiceCreated) and one.fact.contract is not None for one in found)
