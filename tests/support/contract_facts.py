"""Ready-made facts of a billing contract and its schedule entries, for tests of read models."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.billing_contract import entry_events as x
from domain.billing_contract import events as e
from domain.billing_contract.entry import entry_stream, ref_of
from domain.billing_contract.parts import CustomerShare, LineTerms, MilestoneTerms, SubscriptionTerms, Terms
from domain.billing_contract.schedule import Entry
from domain.customer_invoice.events import PostedSource
from domain.identity import Stream, billing_contract_stream, contract_invoice_stream, reference_stream

STARTS = date(2026, 1, 1)
SEATS = SubscriptionTerms(quantity=Decimal(10), price=Decimal(3))


def cycle(month: int = 1) -> Entry:
    """The shared cycle of a month of 2026, billed two days after it."""
    last = date.fromordinal(date(2026, month + 1, 1).toordinal() - 1)
    return Entry(date(2026, month + 1, 2), "cycle", None, date(2026, month, 1), last)


class ContractFacts:
    """Facts of one contract."""

    def __init__(self, number: str = "K-1", *customers: str) -> None:
        self.number = number
        self.customers = customers or ("c-1",)
        self.stream = billing_contract_stream(number)

    def terms(self, **more: object) -> Terms:
        part = Decimal(100) / len(self.customers)
        shares = tuple(
            CustomerShare(customer=c, customer_id=reference_stream("customer", c).id, percent=part)
            for c in self.customers
        )
        usual = {"name": f"Contract {self.number}", "customers": shares, "currency": "EUR", "starts": STARTS}
        return Terms(**{**usual, "frequency": "monthly", "time_zone": "UTC", **more})

    def signed(self, **more: object) -> e.ContractSigned:
        return e.ContractSigned(contract=self.number, terms=self.terms(**more), recorded_on=STARTS)

    def amended(self, **more: object) -> e.ContractAmended:
        return e.ContractAmended(contract=self.number, terms=self.terms(**more), before=self.terms())

    def ended(self, ends: date) -> e.ContractEnded:
        return e.ContractEnded(contract=self.number, ends=ends)

    def line(self, code: str = "seats", terms: LineTerms = SEATS) -> e.LineAdded:
        return e.LineAdded(contract=self.number, line=code, name=code, starts=STARTS, terms=terms)

    def quantity(self, code: str = "seats") -> e.QuantityChanged:
        return e.QuantityChanged(contract=self.number, line=code, day=STARTS, quantity=Decimal(11))

    def price(self, code: str = "seats") -> e.PriceChanged:
        return e.PriceChanged(contract=self.number, line=code, day=STARTS, price=Decimal(4))

    def milestone(self, name: str = "M2") -> e.MilestoneAdded:
        terms = MilestoneTerms(name=name, day=date(2026, 3, 1), amount=Decimal(100))
        return e.MilestoneAdded(contract=self.number, line="build", milestone=terms)

    def line_ended(self, code: str = "seats") -> e.LineEnded:
        return e.LineEnded(contract=self.number, line=code, ends=date(2026, 6, 1))

    def ready(self, milestone: str | None = None, transaction: str | None = None) -> e.MarkedReady:
        return e.MarkedReady(contract=self.number, line="build", milestone=milestone, transaction=transaction)

    def unready(self, milestone: str) -> e.UnmarkedReady:
        return e.UnmarkedReady(contract=self.number, line="build", milestone=milestone)

    def entry(self, entry: Entry) -> Stream:
        return entry_stream(self.number, entry)

    def made(self, customer: str, number: int = 1) -> x.InvoiceMade:
        day = date(2026, 2, 2)
        invoice = contract_invoice_stream(self.number, customer, day, number).id
        return x.InvoiceMade(
            invoice=invoice,
            reference=f"{self.number}/{day}/{number}",
            customer=customer,
            customer_id=reference_stream("customer", customer).id,
        )

    def invoiced(self, entry: Entry, *made: x.InvoiceMade) -> x.EntryInvoiced:
        billed = tuple(
            x.BilledPart(
                invoice=one.invoice, customer=one.customer, line="seats", cycle=entry.first, amount=Decimal("30.00")
            )
            for one in made
        )
        return x.EntryInvoiced(
            contract=self.number,
            ref=ref_of(self.number, entry),
            day=entry.run_date,
            cause="run",
            invoices=made,
            billed=billed,
        )

    def replaced(self, entry: Entry, old: x.InvoiceMade, new: x.InvoiceMade) -> x.EntryReplaced:
        return x.EntryReplaced(
            contract=self.number,
            ref=ref_of(self.number, entry),
            invoice=old.invoice,
            reference=old.reference,
            customer=old.customer,
            by=new.invoice,
            by_reference=new.reference,
            day=entry.run_date,
            takes_over=True,
        )

    def rebilled(self, entry: Entry, made: x.InvoiceMade, amount: str = "40.00") -> x.EntryRebilled:
        part = x.BilledPart(
            invoice=made.invoice, customer=made.customer, line="seats", cycle=entry.first, amount=Decimal(amount)
        )
        return x.EntryRebilled(
            contract=self.number,
            ref=ref_of(self.number, entry),
            invoice=made.invoice,
            reference=made.reference,
            customer=made.customer,
            billed=(part,),
        )

    def empty(self, entry: Entry) -> x.EntryEmpty:
        return x.EntryEmpty(contract=self.number, ref=ref_of(self.number, entry), day=entry.run_date, cause="run")

    def cancelled(self, entry: Entry) -> x.EntryCancelled:
        return x.EntryCancelled(contract=self.number, ref=ref_of(self.number, entry), reason="no longer agreed")

    def reactivated(self, entry: Entry, made: x.InvoiceMade) -> x.EntryReactivated:
        return x.EntryReactivated(
            contract=self.number,
            ref=ref_of(self.number, entry),
            invoice=made.invoice,
            reference=made.reference,
            customer=made.customer,
            day=date(2026, 2, 5),
            reason="wrong",
        )

    def skipped(self, entry: Entry, line: str = "build") -> x.LineSkipped:
        return x.LineSkipped(
            contract=self.number,
            ref=ref_of(self.number, entry),
            skipped=line,
            day=entry.run_date,
            code="no-milestone",
            reason="It has none.",
        )

    def received(self, entry: Entry, lines: int = 3) -> x.UsageReceived:
        return x.UsageReceived(
            contract=self.number,
            ref=ref_of(self.number, entry),
            usage_line="usage",
            invoice=self.made("c-1").invoice,
            reference=self.made("c-1").reference,
            customer="c-1",
            customer_id=reference_stream("customer", "c-1").id,
            source=PostedSource(batch=UUID(int=7)),
            lines=lines,
            cost=Decimal(5),
            currency="EUR",
            digest="d",
        )
