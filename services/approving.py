"""Invoices whose approval process is automatic are approved once they are ready: a loop of the worker."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from commands.customer_invoice.approve_many import approve_many
from domain.customer_invoice.process import AUTOMATIC
from projections.invoice_list.queries import InvoiceFilter
from projections.paging import MAX_LIMIT, PageRequest
from services.mailing import service_origin
from services.wiring import Parts

APPROVE_SECONDS: Final = 10.0


async def approve_automatically(parts: Parts) -> int:
    """Approve what is ready and follows an automatic process, empty ones apart; how many were approved.

    Whether an invoice may be approved is decided by its own stream, not by the list that it was found in.
    """
    rules = await parts.invoicing.rulebook.rules()
    if not any(process.automatic for process in rules.processes.values()):
        return 0
    origin = replace(service_origin(parts, "worker"), actor=AUTOMATIC)
    wanted = InvoiceFilter(view="ready_to_approve", empty=False)
    approved, cursor = 0, None
    while True:
        page = await parts.read_models.invoice_list.page(
            wanted, PageRequest(MAX_LIMIT, cursor, count=False), parts.business_date(origin.now)
        )
        customers = await parts.reference.customers(sorted({item.row.customer for item in page.items}))
        ready = [
            UUID(item.row.id) for item in page.items if rules.process_of(customers.get(item.row.customer)).automatic
        ]
        done = await approve_many(parts.invoicing, origin, ready)
        approved += sum(one.changed for one in done)
        cursor = page.next_cursor
        if cursor is None:
            return approved
