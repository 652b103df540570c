"""An automatic provider's yard: files and a manifest in a folder, synced by operations that a test works off itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.imports import ManifestConnections, StoredImports
from adapters.operations import StoredOperations
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.source import AllowedPlaces, FileSources
from commands.operations.work import Work
from commands.ports.operations import Item, Operation
from commands.sync.desk import SyncDesk
from commands.sync.request import PROVIDER_SYNC, request_daily_sync, request_sync
from commands.sync.run import SyncHandler
from domain.identity import Stream, provider_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.state import ProviderInvoice, fold
from services.working import passes
from tests.support.origins import NOW, origin
from tests.support.provider_invoices import NUMBER, PROVIDER, types
from tests.support.shop import Shop, open_shop

DAY = date(2026, 3, 2)
COLUMNS = ("kind", "customer", "product", "charge_from", "quantity", "amount", "currency")


@dataclass(slots=True)
class Signals:
    """What a worker is told, by a test."""

    cancelled: bool = False
    draining: bool = False


@dataclass(slots=True)
class Yard:
    """The provider ACME, its folder, and a worker that works when told to."""

    shop: Shop
    desk: SyncDesk
    folder: Path
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    unforeseen: list[Exception] = field(default_factory=list)
    now: datetime = NOW

    def file(self, name: str, lines: Sequence[dict[str, str]]) -> str:
        """A CSV of lines."""
        rows = [",".join(line.get(c, "") for c in COLUMNS) for line in lines]
        (self.folder / name).write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
        return name

    def entry(self, number: str = NUMBER, total: str | None = None, **more: Any) -> None:
        """Offer an invoice over its file NUMBER.csv."""
        listed = {
            "number": number,
            "date": "2026-03-01",
            "period_from": "2026-02-01",
            "period_to": "2026-02-28",
            "currency": "EUR",
            "total": total,
            "revision": "1",
            "files": [{"path": f"{number}.csv", "format": "ledgerline"}],
            **self.entries.get(number, {}),
            **({"total": total} if total is not None else {}),
            **more,
        }
        self.entries[number] = listed
        self.publish()

    def offer(self, amounts: Sequence[str] = ("60", "40"), number: str = NUMBER, **more: Any) -> None:
        """An invoice over lines of c-1 with these amounts, and its file."""
        self.file(f"{number}.csv", [csv_line(amount) for amount in amounts])
        total = more.pop("total", f"{sum(map(Decimal, amounts)):.2f}")
        self.entry(number, total, **more)

    def publish(self) -> None:
        """Write the manifest."""
        (self.folder / "manifest.json").write_text(json.dumps({"invoices": list(self.entries.values())}))

    async def ask(self, number: str | None = NUMBER, override: Override | None = None) -> Operation:
        """A sync by hand."""
        return (await request_sync(self.desk, origin(), PROVIDER, invoice_number=number, override=override)).outcome

    async def work(self, signals: Signals | None = None, *, lease: float = 15.0) -> Operation | None:
        """Work off the oldest operation; None when there is none."""
        operations = self.desk.operations
        claimed = await operations.claim("tester", [PROVIDER_SYNC], lease, self.now)
        if claimed is None:
            return None
        work = Work(claimed.operation, claimed.hold, operations, signals or Signals(), lambda: self.now, "UTC")
        ended = await SyncHandler(self.desk, self.unforeseen.append)(work)
        await operations.end(claimed.hold, ended.status, ended.message, self.now)
        return await operations.get(claimed.operation.id)

    async def sync(self, number: str | None = NUMBER, override: Override | None = None) -> list[Item]:
        """A sync by hand, worked off; its results."""
        operation = await self.ask(number, override)
        await self.work()
        return list(await self.desk.operations.items(operation.id))

    async def daily(self, day: date = DAY) -> tuple[Operation, list[Item]]:
        """The daily sync, worked off; the operation and its results."""
        operation = await request_daily_sync(self.desk, origin(), day)
        await self.work()
        ended = await self.desk.operations.get(operation.id)
        assert ended is not None
        return ended, list(await self.desk.operations.items(operation.id))

    async def state(self, number: str = NUMBER) -> ProviderInvoice:
        """The invoice."""
        state = fold(await self.shop.facts(provider_invoice_stream(PROVIDER, number)))
        assert state is not None
        return state

    async def types(self, number: str = NUMBER) -> list[str]:
        """Short types of its facts."""
        return types(await self.shop.facts(provider_invoice_stream(PROVIDER, number)))

    async def sync_facts(self, operation: UUID) -> list[Any]:
        """Facts of the sync itself."""
        return await self.shop.facts(Stream("provider-sync", operation))

    async def lines(self) -> list[tuple[int, Decimal]]:
        """Number and amount of all stored lines."""
        async with self.shop.pool.connection() as connection:
            rows = await connection.execute("SELECT number, amount FROM provider_line ORDER BY population, number")
            return list(await rows.fetchall())


def csv_line(amount: str = "10", customer: str = "c-1", **more: str) -> dict[str, str]:
    """A row of a file: usage of p-1."""
    fields = {"kind": "usage", "product": "p-1", "charge_from": "2026-02-03", "quantity": "1", "currency": "EUR"}
    return {**fields, "customer": customer, "amount": amount, **more}


def outcomes(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Names without the provider, and outcomes."""
    return [(item.name.partition("/")[2], item.outcome) for item in items]


@asynccontextmanager
async def open_yard(database: str, folder: Path) -> AsyncIterator[Yard]:
    """ACME with an empty list; its files and the raw ones below the folder."""
    (folder / "acme").mkdir(exist_ok=True)
    async with open_shop(database, folder / "raw") as shop:
        yield await make_yard(shop, folder)


async def make_yard(shop: Shop, folder: Path, *, world: bool = True) -> Yard:
    """On a shop that is open."""
    place = folder / "acme"
    sources = FileSources(AllowedPlaces(roots=[place]), RawFileStore(folder / "raw"))
    desk = SyncDesk(
        invoices=shop.desk,
        operations=StoredOperations(shop.pool),
        imports=StoredImports(shop.pool),
        connections=ManifestConnections(sources, {}),
        passes=passes,
    )
    yard = Yard(shop, desk, place)
    if world:
        yard.publish()
        await shop.world(mode="automatic", connection={"manifest": str(place / "manifest.json")})
    return yard


async def both(*work: Any) -> list[Any]:
    """At the same time."""
    return list(await asyncio.gather(*work))
