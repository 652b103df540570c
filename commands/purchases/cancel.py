"""Take a wrong purchase back while no locked or final invoice holds it."""

from decimal import Decimal
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.ports.purchases import Move, Place, Stored
from domain.customer_invoice.events import PostedSource
from domain.customer_invoice.purchases import remove_purchases
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.provider_invoice.lifecycle import expect_reason
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange


async def cancel(desk: BillingDesk, origin: Origin, purchase: UUID, reason: str) -> Done[Stored]:
    """It is on no invoice any more and never will be. Twice is once. Rejected `invoice-locked`, `invoice-final`,
    `purchase-missing`; a negative purchase that names it corrects what is final.
    """
    why = expect_reason(reason)

    async def decide() -> Decided[Stored]:
        stored = await find(desk, purchase)
        if stored.place.state == "cancelled":
            return Decided(None, stored)
        move = Move([stored.seq], stored.place.state, stored.place.destination, Place("cancelled", None, why))
        if stored.place.state != "invoiced" or stored.place.destination is None or stored.batch is None:
            return Decided(Save(origin=origin, writes=(), rows=(move,)), stored)
        history = await desk.store.load(Stream("customer-invoice", stored.place.destination))
        invoice = fold(history.facts)
        if invoice is None:
            raise TypeError(f"purchase {purchase} is on an invoice that is not there")
        facts = remove_purchases(
            invoice,
            PostedSource(batch=stored.batch, ranges=(LineRange(first=stored.seq, last=stored.seq),)),
            lines=1,
            cost=stored.purchase.cost or Decimal(0),
            currency=stored.purchase.currency or invoice.currency,
            reason=why,
        )
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),), rows=(move,)), stored)

    done = await settle(desk.store, origin, decide)
    return Done(await find(desk, purchase), done.position)


async def find(desk: BillingDesk, purchase: UUID) -> Stored:
    """The purchase; Rejected `purchase-missing`."""
    stored = (await desk.purchases.find([purchase])).get(purchase)
    if stored is None:
        raise Rejected("purchase-missing", f"There is no purchase {purchase}.", kind="missing")
    return stored
