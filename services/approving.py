"""Invoices that need no person's word are approved once they are ready: a loop of the worker.

Those are invoices whose approval process is automatic, and those of contracts that say so.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.rules import Rules
from commands.origin import Origin
from domain.customer_invoice.approval_events import ApprovalRequested
from domain.customer_invoice.process import AUTOMATIC
from domain.identity import Stream, id_for
from domain.rejected import Rejected
from projections.invoice_list.queries import InvoiceFilter
from projections.invoice_list.rows import InvoiceRow
from services.mailing import service_origin
from services.wiring import Parts

APPROVE_SECONDS: Final = 10.0
MOST: Final = 10_000
"""Invoices looked at in one turn, of contracts that say so and of all."""


async def approve_automatically(parts: Parts) -> int:
    """Approve what is ready and follows an automatic process or bills an automatic contract, empty ones apart; how many
    were approved. Where such a contract's invoice needs more than one click, its approval is requested, once.

    Whether an invoice may be approved is decided by its own stream, not by the list that it was found in.
    """
    rules = await parts.invoicing.rulebook.rules()
    contracts = await parts.read_models.billing_contracts.automatic()
    processes = any(process.automatic for process in rules.processes.values())
    if not processes and not contracts:
        return 0
    origin = replace(service_origin(parts, "worker"), actor=AUTOMATIC)
    ready = InvoiceFilter(view="ready_to_approve", empty=False)
    today, listed = parts.business_date(origin.now), parts.read_models.invoice_list
    found: dict[str, InvoiceRow] = {}
    for wanted in [ready] * processes + [replace(ready, contracts=contracts)] * bool(contracts):  # each has its turn
        found |= {row.id: row for row in await listed.rows(wanted, today, origin.now, MOST)}
    rows = list(found.values())
    approvable, requestable = await _sorted_out(parts, rules, contracts, rows)
    for one in await _not_requested(parts, requestable):
        await _request(parts, origin, one)
    return sum(one.changed for one in await approve_many(parts.invoicing, origin, approvable))


async def _sorted_out(
    parts: Parts, rules: Rules, contracts: frozenset[str], rows: Sequence[InvoiceRow]
) -> tuple[list[UUID], list[UUID]]:
    """Those to approve, and those of contracts to request the approval of."""
    customers = await parts.reference.customers(sorted({row.customer for row in rows}))
    approvable, requestable = [], []
    for row in rows:
        process = rules.process_of(customers[row.customer]) if row.customer in customers else None
        if process is None:
            continue
        if process.automatic or (row.contract in contracts and process.one_click):
            approvable.append(UUID(row.id))
        elif row.contract in contracts:
            requestable.append(UUID(row.id))
    return approvable, requestable


async def _not_requested(parts: Parts, invoices: Sequence[UUID]) -> list[UUID]:
    """What somebody has rejected or withdrawn is left to people."""
    if not invoices:
        return []
    found = await parts.store.load_many([Stream("customer-invoice", one) for one in invoices])
    return [
        stream.id
        for stream, history in found.items()
        if not any(isinstance(fact, ApprovalRequested) for fact in history.facts)
    ]


async def _request(parts: Parts, origin: Origin, invoice: UUID) -> None:
    """One that can't be requested now is looked at again in the next turn."""
    command = id_for("command", "request-approval", str(invoice))
    try:
        await request_approval(parts.invoicing, replace(origin, command_id=command), invoice)
    except Rejected:
        return
