"""Invoices whose approval process is automatic are approved once they are ready: a loop of the worker."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from commands.customer_invoice.approve_many import approve_many
from domain.customer_invoice.process import AUTOMATIC
from projections.invoice_list.queries import InvoiceFilter
from services.mailing import service_origin
from services.wiring import Parts

APPROVE_SECONDS: Final = 10.0
MOST: Final = 10_000
"""Invoices looked at in one turn."""


async def approve_automatically(parts: Parts) -> int:
    """Approve what is ready and follows an automatic process, empty ones apart; how many were approved.

    Whether an invoice may be approved is decided by its own stream, not by the list that it was found in.
    """
    rules = await parts.invoicing.rulebook.rules()
    if not any(process.automatic for process in rules.processes.values()):
        return 0
    origin = replace(service_origin(parts, "worker"), actor=AUTOMATIC)
    wanted = InvoiceFilter(view="ready_to_approve", empty=False)
    today = parts.business_date(origin.now)
    rows = await parts.read_models.invoice_list.rows(wanted, today, origin.now, MOST)
    customers = await parts.reference.customers(sorted({row.customer for row in rows}))
    automatic = {code for code, customer in customers.items() if rules.process_of(customer).automatic}
    ready = [UUID(row.id) for row in rows if row.customer in automatic]
    return sum(one.changed for one in await approve_many(parts.invoicing, origin, ready))
