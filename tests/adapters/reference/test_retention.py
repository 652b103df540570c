from datetime import date
from uuid import uuid4

import pytest

from adapters.reference import ApprovedInvoices
from commands.ports.event_store import Save, Write
from commands.reference.erase import erase
from commands.reference.save import save
from domain.customer_invoice.approval_events import Approved, CustomerSnapshot
from domain.identity import Stream
from domain.reference.bodies import CustomerBody
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin
from tests.support.samples import sample

TODAY = date(2026, 3, 2)


async def approved(record, customer, number, day):
    snapshot = CustomerSnapshot(code=customer, version=1, name="Somebody")
    changes = {"number": number, "approval_date": day, "snapshot": snapshot, "customer": customer}
    fact = sample(Approved).model_copy(update=changes)
    history = await record.store.load(Stream("customer-invoice", uuid4()))
    await record.store.append(Save(origin(), (Write(history, (fact,)),)))


async def test_approved_invoices_are_kept_for_their_term(record):
    retention = ApprovedInvoices(record.pool, 10)
    assert await retention.needed_for("C", TODAY) == []
    await approved(record, "C", "INV-1", date(2016, 3, 2))
    await approved(record, "C", "INV-2", date(2016, 3, 3))
    await approved(record, "C", "INV-3", date(2026, 3, 1))
    await approved(record, "D", "INV-4", date(2026, 3, 1))
    assert await retention.needed_for("C", TODAY) == ["INV-3", "INV-2"]
    assert await ApprovedInvoices(record.pool, 1).needed_for("C", TODAY) == ["INV-3"]


async def test_a_customer_is_not_erased_while_the_law_needs_an_invoice(record):
    await save(record.desk, origin(), KINDS["customer"], CustomerBody(code="C", name="Somebody"))
    await approved(record, "C", "INV-1", date(2020, 1, 1))
    retention = ApprovedInvoices(record.pool, 10)
    with pytest.raises(Rejected, match="retention") as info:
        await erase(record.desk, MemoryKeyVault(), retention, origin(), "C", "asked for it")
    assert info.value.facts["invoices"] == ["INV-1"]
    later = ApprovedInvoices(record.pool, 5)
    done = await erase(record.desk, MemoryKeyVault(), later, origin(), "C", "asked for it")
    assert done.outcome.result == "erased"
