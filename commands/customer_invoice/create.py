"""An ad hoc customer invoice begins."""

from dataclasses import dataclass
from datetime import date

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, there
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from domain.customer_invoice.lifecycle import create_ad_hoc
from domain.customer_invoice.state import fold
from domain.identity import ad_hoc_invoice_stream, reference_stream
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class AdHoc:
    """What an ad hoc invoice begins with; `period_to` defaults to `period_from`."""

    customer: str
    reference: str
    invoice_date: date
    period_from: date
    currency: str
    period_to: date | None = None


async def create(desk: InvoicingDesk, origin: Origin, wanted: AdHoc, *, answer: Answering = None) -> Done[Outcome]:
    """`pending`. The same one again changes nothing; Rejected `reference-taken`, `unknown-customer`."""
    stream = ad_hoc_invoice_stream(wanted.reference)

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(stream)
        facts = create_ad_hoc(
            fold(history.facts),
            customer=wanted.customer,
            customer_id=reference_stream("customer", wanted.customer).id,
            reference=wanted.reference,
            invoice_date=wanted.invoice_date,
            period_from=wanted.period_from,
            period_to=wanted.period_to or wanted.period_from,
            currency=wanted.currency,
        )
        if facts:
            await _expect_customer(desk, wanted.customer)
        state = there(stream.id, fold([*history.facts, *facts]))
        settings = await desk.rulebook.settings([state.customer], origin.now, origin.zone)
        outcome = Outcome(stream.id, history.version + len(facts), state, settings[state.customer], changed=bool(facts))
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),)) if facts else None, outcome)

    return await settle(desk.store, origin, decide, answer)


async def _expect_customer(desk: InvoicingDesk, code: str) -> None:
    customer = (await desk.billing.reference.customers([code])).get(code)
    if customer is None or not customer.in_force:
        raise Rejected("unknown-customer", f"There is no customer {code[:64]}: create it first.", kind="invalid")
