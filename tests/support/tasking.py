"""A deployment whose invoices are mailed and charged: real parts, a real mail server, a real HTTPS endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.tasks import secure_client
from commands.customer_invoice.tasks import TaskDesk, ask_by_hand, do_due
from commands.ports.event_store import Save, Write
from commands.reference.save import save
from domain.customer_invoice.calculation_events import Calculated, ItemValue
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.customer_invoice.task_events import TaskName
from domain.customer_invoice.task_state import Task
from domain.customer_invoice.tasks import TASKS, armed
from domain.fact import Fact
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.settings import Settings, load_settings
from services.tasking import make_desk
from services.wiring import Parts, open_parts
from tests.support.customer_invoices import approved_fact, calculated, created
from tests.support.https_server import Endpoint
from tests.support.origins import NOW, origin
from tests.support.smtp_server import MailServer

ITEM = ItemValue(
    id="1",
    kind="price",
    product="P1",
    rule="R1",
    rule_version=1,
    quantity=Decimal("2.50"),
    unit="h",
    amount=Decimal(120),
)


@dataclass(slots=True)
class Office:
    """What a worker does, step by step. `now` is the time of every step."""

    parts: Parts
    desk: TaskDesk
    now: datetime = NOW

    async def customer(self, *emails: str, code: str = "C1") -> None:
        """A customer with these addresses."""
        await self.save("customer", code=code, name="Customer one", emails=list(emails))

    async def save(self, kind: str, **body: Any) -> None:
        """A piece of reference data."""
        await save(self.parts.desk, origin(self.now), KINDS[kind], parse(KINDS[kind], body))

    async def invoice(
        self, *tasks: TaskName, reference: str = "R-1", customer: str = "C1", approve: bool = True
    ) -> UUID:
        """An invoice that a run made, with these tasks armed."""
        stream = ad_hoc_invoice_stream(reference)
        names = {"reference": reference, "customer": customer}
        totals = calculated(**names).model_dump() | {"items": (ITEM,), "item_count": 1}
        facts = [created(**names), *armed(stream.id, **names, tasks=tasks, by="run"), Calculated(**totals)]
        await self.append(stream.id, *facts)
        if approve:
            await self.append(stream.id, approved_fact(**names, number=f"INV-{reference}"))
        return stream.id

    async def append(self, invoice: UUID, *facts: Fact) -> None:
        """Facts that no command of this test makes."""
        history = await self.parts.store.load(Stream("customer-invoice", invoice))
        await self.parts.store.append(Save(origin(self.now), (Write(history, facts),)))

    async def turn(self, *names: TaskName) -> list[str]:
        """Read the feed and do what is due; how each ended."""
        await self.desk.due.note()
        ended: list[str] = []
        for name in names or TASKS:
            await do_due(self.desk, name, lambda: origin(self.now), 8, told=ended.append)
        return ended

    async def by_hand(self, invoice: UUID, name: TaskName, *, again: bool = False) -> bool:
        """Ask for it; whether anything changed."""
        done = await ask_by_hand(self.parts.invoicing, self.desk.due, origin(self.now), invoice, name, again=again)
        return done.outcome.changed

    async def state(self, invoice: UUID) -> CustomerInvoice:
        """As it is."""
        state = fold((await self.parts.store.load(Stream("customer-invoice", invoice))).facts)
        assert state is not None
        return state

    async def task(self, invoice: UUID, name: TaskName = "charge") -> Task:
        """One of its tasks."""
        return (await self.state(invoice)).tasks[name]

    async def told(self, invoice: UUID) -> list[str]:
        """The types of its facts about tasks, in order."""
        facts = (await self.parts.store.load(Stream("customer-invoice", invoice))).facts
        return [fact.type.removeprefix("customer-invoice.task-") for fact in facts if ".task-" in fact.type]

    def later(self, **more: float) -> None:
        """Time passes."""
        self.now += timedelta(**more)


def task_settings(folder: Path, endpoint: Endpoint, mail: MailServer | None = None, **more: Any) -> Settings:
    """Both tasks are asked of one endpoint."""
    given = {
        "data": folder / "data",
        "charge_url": endpoint.url,
        "charge_secret": "whsec-charge",
        "sync_url": endpoint.url,
        "sync_secret": "whsec-sync",
        "task_ca_file": endpoint.ca_file,
        "mail_from": "billing@example.test",
        "smtp_url": mail.url if mail else None,
    }
    return load_settings(**{k: v for k, v in {**given, **more}.items() if v is not None})


@asynccontextmanager
async def open_office(database: str, settings: Settings) -> AsyncIterator[Office]:
    """On a migrated database."""
    async with (
        open_parts(settings, database_url=database) as parts,
        secure_client(settings.task_ca_file, "test", 8) as client,
    ):
        yield Office(parts, make_desk(parts, client))
