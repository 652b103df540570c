"""A customer invoice is put up for approval: locked, by the process in force now."""

from collections.abc import Sequence
from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Loaded, Outcome, load
from commands.customer_invoice.settling import settled_one
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Rows
from domain.customer_invoice import approval
from domain.customer_invoice.approval_events import CustomerSnapshot


async def request_approval(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """First takes in what waits, calculates it, and stores all of it together. Twice changes nothing.

    Rejected as the approval's decision says, and `invoice-error` when what waits can't be calculated.
    """

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        loaded = await settled_one(desk, origin, loaded)
        names = await desk.billing.reference.customer_names([loaded.state.customer])
        facts = tuple(
            approval.request(
                loaded.state,
                loaded.setting.process,
                loaded.setting.groups,
                requester=origin.actor,
                snapshot=snapshot_of(loaded, names.get(loaded.state.customer)),
                today=loaded.setting.today,
            )
        )
        save = loaded.save(origin, facts, rows) if facts else None
        return Decided(save, loaded.after(facts))

    return await settle(desk.store, origin, decide, answer)


def snapshot_of(loaded: Loaded, name: str | None) -> CustomerSnapshot:
    """The customer as it is now; a customer that nobody has saved is shown by its code."""
    customer, code = loaded.setting.customer, loaded.state.customer
    if customer is None:
        return CustomerSnapshot(code=code, version=0, name=name or code)
    return CustomerSnapshot(code=code, version=customer.version, name=name or code, cluster=customer.cluster)
