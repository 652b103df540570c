"""A customer invoice is closed: final, never sent, its purchases written off, the customer kept as it is then."""

from collections.abc import Sequence
from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, change, load
from commands.customer_invoice.request_approval import snapshot_of
from commands.handling import Done
from commands.origin import Origin
from commands.ports.event_store import Rows
from domain.customer_invoice import lifecycle
from domain.provider_invoice.lifecycle import expect_reason


async def close(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """By a member of any group of the process, on a settled invoice whose period is past. Twice changes nothing."""
    why = expect_reason(reason)
    customer = (await load(desk, origin, invoice)).state.customer
    name = (await desk.billing.reference.customer_names([customer])).get(customer)
    return await change(
        desk,
        origin,
        invoice,
        lambda loaded: lifecycle.close(
            loaded.state,
            why,
            person=origin.actor,
            process=loaded.setting.process,
            groups=loaded.setting.groups,
            today=loaded.setting.today,
            snapshot=snapshot_of(loaded, name),
        ),
        expected=expected,
        answer=answer,
        rows=rows,
    )
