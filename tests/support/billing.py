"""Ready-made facts for tests of read models: a provider invoice, its offers, a customer invoice, reference data."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.customer_invoice import approval_events as a
from domain.customer_invoice import calculation_events as k
from domain.customer_invoice import events as c
from domain.fact import Fact
from domain.identity import Stream, id_for, provider_invoice_stream, reference_stream, usage_offer_stream
from domain.provider_invoice import events as p
from domain.provider_invoice.parts import Header, KindSum, LineSums, Totals
from domain.reference import bodies as b
from domain.reference import events as r
from domain.usage_offer import events as u

HEADER = Header(
    invoice_date=date(2026, 2, 28),
    period_from=date(2026, 2, 1),
    period_to=date(2026, 2, 28),
    currency="EUR",
    total=Decimal("100.00"),
)
SUMS = LineSums(licence=KindSum(count=2, amount=Decimal("40.5")), usage=KindSum(count=3, amount=Decimal("59.5")))


class ProviderInvoiceFacts:
    """Facts of one provider invoice."""

    def __init__(self, number: str = "F-1", provider: str = "acme", header: Header = HEADER) -> None:
        self.provider = provider
        self.number = number
        self.header = header
        self.stream = provider_invoice_stream(provider, number)

    def _names(self, attempt: int) -> dict[str, object]:
        return {"provider": self.provider, "invoice_number": self.number, "attempt": attempt}

    def started(self, attempt: int = 1, source: str = "automatic", **more: object) -> p.PopulationStarted:
        return p.PopulationStarted(**self._names(attempt), source=source, header=self.header, **more)

    def populated(self, attempt: int = 1, part: str = "a", *, complete: bool = True) -> p.LinesPopulated:
        return p.LinesPopulated(
            **self._names(attempt), part=part, population=1, chunk=1, first_line=1, last_line=5, sums=SUMS,
            currencies=("EUR",), digest="d", complete=complete,
        )  # fmt: skip

    def removed(self, attempt: int = 1, part: str = "a") -> p.PartRemoved:
        return p.PartRemoved(**self._names(attempt), part=part, rows=5)

    def unresolved(self, attempt: int = 1) -> p.ReferencesUnresolved:
        return p.ReferencesUnresolved(
            **self._names(attempt), missing=2, lines=3, amount=Decimal(7), currency="EUR", biggest=(),
            message="2 references on 3 lines over 7 EUR could not be resolved.",
        )  # fmt: skip

    def checksum_failed(self, attempt: int = 1, difference: str = "0.30") -> p.ChecksumFailed:
        return p.ChecksumFailed(
            **self._names(attempt), totals=self.totals(), difference=Decimal(difference),
            can_be_overridden=abs(Decimal(difference)) < Decimal("0.50"), message=f"The lines differ by {difference}.",
        )  # fmt: skip

    def overridden(self, attempt: int = 1, difference: str = "0.30") -> p.ChecksumOverridden:
        return p.ChecksumOverridden(
            **self._names(attempt), totals=self.totals(), difference=Decimal(difference), reason="rounding"
        )

    def failed(self, code: str = "file-unreadable", attempt: int = 1) -> p.ImportFailed:
        return p.ImportFailed(**self._names(attempt), code=code, message=f"The import failed: {code}.")

    def retried(self, attempt: int = 1, tries: int = 2) -> p.ImportRetried:
        return p.ImportRetried(
            **self._names(attempt), tries=tries, reasons=("unresolved_references",), messages=("1 reference left.",),
            missing=1,
        )  # fmt: skip

    def activated(self, attempt: int = 1, difference: str = "0") -> p.Activated:
        return p.Activated(
            **self._names(attempt), header=self.header, totals=self.totals(), checksum_difference=Decimal(difference),
            rows=5, excluded_rows=1, customer_count=1, customers=(), resolution="r",
        )  # fmt: skip

    def changed(self, total: str = "120.00", revision: str = "2") -> p.ChangeReported:
        return p.ChangeReported(
            **self._names(1), imported_revision="1", imported_total=self.header.total, revision=revision,
            total=Decimal(total), currency="EUR", message=f"imported 100.00 EUR, provider now reports {total} EUR",
        )  # fmt: skip

    def acknowledged(self) -> p.ChangeAcknowledged:
        return p.ChangeAcknowledged(**self._names(1), revision="2", total=Decimal("120.00"))

    def withdrawn(self) -> p.ChangeWithdrawn:
        return p.ChangeWithdrawn(**self._names(1), revision="1", total=Decimal("100.00"))

    def adjusted(self) -> p.Adjusted:
        return p.Adjusted(
            **self._names(1), adjustment=id_for("provider-invoice", self.provider, f"{self.number}~r2"),
            adjustment_number=f"{self.number}~r2", revision="2", total=Decimal("20.00"),
        )  # fmt: skip

    def reopened(self) -> p.ChangeReopened:
        adjusted, changed = self.adjusted(), self.changed()
        return p.ChangeReopened(
            **changed.model_dump(), adjustment=adjusted.adjustment, adjustment_number=adjusted.adjustment_number
        )

    def deactivated(self) -> p.Deactivated:
        return p.Deactivated(**self._names(1), reason="wrong file", withdrawn_lines=3)

    def deleted(self, attempt: int = 1) -> p.Deleted:
        return p.Deleted(**self._names(attempt), reason="a double", withdrawn_lines=0)

    def totals(self) -> Totals:
        return Totals.of(self.header, SUMS)


class OfferFacts:
    """Facts of one usage offer."""

    def __init__(self, invoice: ProviderInvoiceFacts, customer: str = "c-1", attempt: int = 1) -> None:
        self.invoice = invoice
        self.stream = usage_offer_stream(invoice.stream.id, attempt, customer)
        self._names = {
            "provider_invoice": invoice.stream.id,
            "provider": invoice.provider,
            "invoice_number": invoice.number,
            "attempt": attempt,
            "customer": customer,
            "currency": "EUR",
        }

    def offered(self, lines: int = 10, cost: str = "50.125") -> u.UsageOffered:
        excluded = (u.ExcludedLines(reason="licence", lines=2, cost=Decimal("40.5")),)
        return u.UsageOffered(**self._names, lines=lines, cost=Decimal(cost), digest="d", excluded=excluded)

    def invoiced(
        self, destination: UUID, lines: int = 4, cost: str = "20", kind: str = "customer-invoice"
    ) -> u.LinesInvoiced:
        return u.LinesInvoiced(
            **self._names, destination=destination, destination_kind=kind, destination_name="R-1", ranges=(),
            lines=lines, cost=Decimal(cost), digest="d",
        )  # fmt: skip

    def released(self, destination: UUID, lines: int = 1, cost: str = "5") -> u.LinesReleased:
        return u.LinesReleased(
            **self._names, customer_invoice=destination, customer_invoice_name="R-1", ranges=(), lines=lines,
            cost=Decimal(cost), reason="wrong",
        )  # fmt: skip

    def reoffered(self, lines: int = 1, cost: str = "5") -> u.LinesReoffered:
        return u.LinesReoffered(**self._names, ranges=(), lines=lines, cost=Decimal(cost), reason="right")

    def withdrawn(self, lines: int = 7, cost: str = "35.125") -> u.UsageWithdrawn:
        return u.UsageWithdrawn(**self._names, lines=lines, cost=Decimal(cost))


class CustomerInvoiceFacts:
    """Facts of one customer invoice."""

    def __init__(self, reference: str = "R-1", customer: str = "c-1") -> None:
        self.stream = Stream("customer-invoice", id_for("customer-invoice", reference))
        self.customer = customer
        self._names = {"customer": customer, "reference": reference}
        self._source = c.PurchaseSource(
            offer=id_for("x", "offer"), provider_invoice=id_for("x", "invoice"), provider="acme",
            invoice_number="F-1", attempt=1, ranges=(u.LineRange(first=1, last=5),),
        )  # fmt: skip

    def created(
        self, period_from: date = date(2026, 2, 1), period_to: date = date(2026, 2, 28), kind: str = "periodical"
    ) -> c.CustomerInvoiceCreated:
        return c.CustomerInvoiceCreated(
            **self._names, customer_id=id_for("customer", self.customer), invoice_type=kind, invoice_date=period_to,
            period_from=period_from, period_to=period_to, currency="EUR",
        )  # fmt: skip

    def added(self, lines: int = 5, cost: str = "12.345") -> c.PurchasesAdded:
        return c.PurchasesAdded(
            **self._names, source=self._source, lines=lines, cost=Decimal(cost), currency="EUR", digest="d"
        )

    def removed(self, lines: int = 1, cost: str = "2.345") -> c.PurchasesRemoved:
        return c.PurchasesRemoved(
            **self._names, source=self._source, lines=lines, cost=Decimal(cost), currency="EUR", reason="released"
        )

    def changed(self) -> c.CustomerInvoiceChanged:
        return c.CustomerInvoiceChanged(**self._names, cause="price")

    def recomputed(self) -> c.ContractItemsRecomputed:
        return c.ContractItemsRecomputed(**self._names, version=2, items=())

    def closed(self, snapshot: a.CustomerSnapshot | None = None) -> c.CustomerInvoiceClosed:
        return c.CustomerInvoiceClosed(
            **self._names, reason="written off", lines=4, cost=Decimal(10), snapshot=snapshot
        )

    def deleted(self) -> c.CustomerInvoiceDeleted:
        return c.CustomerInvoiceDeleted(**self._names, reason="a double")

    def superseded(self, by: UUID) -> c.CustomerInvoiceSuperseded:
        return c.CustomerInvoiceSuperseded(**self._names, by=by, by_reference="R-2", reason="billed anew")

    def restored(self, deleted: UUID) -> c.CustomerInvoiceRestored:
        return c.CustomerInvoiceRestored(**self._names, deleted=deleted, deleted_reference="R-2", reason="wrong")

    def calculated(self, through: int = 2, revenue: str = "15.00", items: int = 2) -> k.Calculated:
        return k.Calculated(
            **self._names, calculation=1, through=through, reference_position=0, currency="EUR", items=(),
            item_count=items, revenue_total=Decimal(revenue), cost_total=Decimal("12.35"), inputs=(), digest="d",
        )  # fmt: skip

    def calculation_failed(self, tries: int = 1) -> k.CalculationFailed:
        return k.CalculationFailed(
            **self._names, calculation=1, through=2, reference_position=0, code="no-price", message="P1 has no price.",
            product="P1", tries=tries,
        )  # fmt: skip

    def requested(self, *groups: str | None, four_eyes: bool = False, by: str = "person:ann") -> a.ApprovalRequested:
        return a.ApprovalRequested(
            **self._names, process="two", process_version=1, four_eyes=four_eyes, requested_by=by,
            steps=tuple(a.ApprovalStep(group=group) for group in groups or ("finance",)), snapshot=self.snapshot(),
            revenue_total=Decimal("15.00"), cost_total=Decimal("12.35"), currency="EUR", item_count=2,
        )  # fmt: skip

    def step_approved(self, by: str, step: int = 1, *, complete: bool = True) -> a.StepApproved:
        return a.StepApproved(
            **self._names, step=step, group="finance", approver=by, approvals=1, needed=1, complete=complete
        )

    def step_rejected(self, to_step: int) -> a.StepRejected:
        return a.StepRejected(
            **self._names, step=to_step + 1, group="finance", rejecter="person:bob", comment="no", to_step=to_step
        )

    def reopened(self) -> a.Reopened:
        return a.Reopened(**self._names, cause="rejected")

    def approved(self, number: str = "INV-2026-000001", revenue: str = "15.00") -> a.Approved:
        return a.Approved(
            **self._names, number=number, series="default", series_year=2026, sequence=1, invoice_date=date(2026, 2, 28),
            approval_date=date(2026, 3, 2), approved_by="person:bob", period_from=date(2026, 2, 1),
            period_to=date(2026, 2, 28), currency="EUR", revenue_total=Decimal(revenue), cost_total=Decimal("12.35"),
            item_count=2, items_digest="d", snapshot=self.snapshot(),
        )  # fmt: skip

    def commented(self, number: int = 1) -> c.CustomerInvoiceCommented:
        return c.CustomerInvoiceCommented(**self._names, number=number, author="person:ann", comment="please look")

    def snapshot(self) -> a.CustomerSnapshot:
        return a.CustomerSnapshot(code=self.customer, version=1, name="As requested", cluster="north")


def customer_saved(code: str, version: int = 1, name: str = "Example", **more: object) -> tuple[Stream, Fact]:
    """A customer, as a stream and its fact."""
    body = b.CustomerBody(code=code, name=name, **more)
    return reference_stream("customer", code), r.CustomerSaved(code=code, version=version, body=body)


def cluster_saved(code: str, parent: str | None = None) -> tuple[Stream, Fact]:
    """A cluster, as a stream and its fact."""
    body = b.ClusterBody(code=code, name=code, parent=parent)
    return reference_stream("cluster", code), r.ClusterSaved(code=code, version=1, body=body)
