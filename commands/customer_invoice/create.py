"""An ad hoc customer invoice begins."""

from dataclasses import dataclass
from datetime import date

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, there
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.ports.reference import PresentCustomer
from domain.customer_invoice.lifecycle import create_ad_hoc
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import ad_hoc_invoice_stream, reference_stream
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class AdHoc:
    """What an ad hoc invoice begins with; `period_to` defaults to `period_from`, `currency` to the customer's."""

    customer: str
    reference: str
    invoice_date: date
    period_from: date
    currency: str | None = None
    period_to: date | None = None


async def create(desk: InvoicingDesk, origin: Origin, wanted: AdHoc, *, answer: Answering = None) -> Done[Outcome]:
    """`pending`. The same one again changes nothing; Rejected `reference-taken`, `unknown-customer`."""
    stream = ad_hoc_invoice_stream(wanted.reference)

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(stream)
        before = fold(history.facts)
        facts = create_ad_hoc(
            before,
            customer=wanted.customer,
            customer_id=reference_stream("customer", wanted.customer).id,
            reference=wanted.reference,
            invoice_date=wanted.invoice_date,
            period_from=wanted.period_from,
            period_to=wanted.period_to or wanted.period_from,
            currency=wanted.currency or await _currency(desk, wanted, before),
        )
        if facts:
            await _customer(desk, wanted.customer)
        state = there(stream.id, fold([*history.facts, *facts]))
        settings = await desk.rulebook.settings([state.customer], origin.now, origin.zone)
        outcome = Outcome(stream.id, history.version + len(facts), state, settings[state.customer], changed=bool(facts))
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),)) if facts else None, outcome)

    return await settle(desk.store, origin, decide, answer)


async def _currency(desk: InvoicingDesk, wanted: AdHoc, before: CustomerInvoice | None) -> str:
    """The customer's; of one that is there already its own, so that a repeat is one whatever became of the customer."""
    if before is not None and before.status != "deleted" and before.customer == wanted.customer:
        return before.currency
    return (await _customer(desk, wanted.customer)).currency


async def _customer(desk: InvoicingDesk, code: str) -> PresentCustomer:
    customer = (await desk.billing.reference.customers([code])).get(code)
    if customer is None or not customer.in_force:
        raise Rejected("unknown-customer", f"There is no customer {code[:64]}: create it first.", kind="invalid")
    return customer
