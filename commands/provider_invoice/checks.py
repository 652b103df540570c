"""How an attempt ends: both checks, the resolution fixed, an offer for each customer, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from commands.origin import Origin
from commands.ports.event_store import Rows, Save, Write
from commands.ports.line_store import Missing, PutFindings, ResolutionRequest, Tallied, UseResolution
from commands.provider_invoice.change import outcome_after, state_after
from commands.provider_invoice.desk import InvoiceDesk, Loaded, Outcome, load, provider_of, unwritten
from commands.provider_invoice.difference import difference_of
from domain.fact import Fact
from domain.identity import usage_offer_stream
from domain.provider_invoice import conclude
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.conclude import Resolved
from domain.provider_invoice.events import Activated
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected
from domain.usage_offer.events import UsageOffered

_ANYTHING = Resolved(customers=(), excluded_rows=0, digest="")


@dataclass(frozen=True, slots=True)
class Concluded:
    """What ends an attempt: facts of the invoice, of its offers, and the rows that belong to them."""

    loaded: Loaded
    facts: list[Fact]
    offers: tuple[Write, ...] = ()
    rows: tuple[Rows, ...] = field(default=())

    def save(self, origin: Origin, *more: Rows) -> Save:
        """All of it as one save."""
        writes = (Write(self.loaded.history, tuple(self.facts)), *self.offers)
        return Save(origin=origin, writes=writes, rows=(*self.rows, *more))

    @property
    def outcome(self) -> Outcome:
        """The invoice afterwards."""
        return outcome_after(self.loaded, self.facts)


async def conclude_attempt(
    desk: InvoiceDesk,
    origin: Origin,
    loaded: Loaded,
    *,
    begun: Sequence[Fact] = (),
    override: Override | None = None,
    retry: bool = False,
) -> Concluded:
    """Run both checks over the stored lines, `begun` being decided already, and decide how the attempt ends.

    `retry` is another try of an attempt in error. Nothing is stored but the resolution, which counts once it is used.
    """
    await expect_original(desk, loaded.state)
    facts = list(begun)
    invoice = state_after(loaded.state, facts)
    if invoice.adjusts is not None:
        difference = await difference_of(desk, origin, loaded.id, invoice)
        facts += difference
        invoice = state_after(invoice, difference)
    probe = conclude.conclude(
        invoice, _ANYTHING, override=override, limit=desk.override_limit, retry=retry
    )  # what the checksum says, whatever the references
    resolution, missing = await _resolve(desk, origin, loaded, invoice)
    if missing is not None:
        ended = conclude.conclude(invoice, missing.summary, override=override, limit=desk.override_limit, retry=retry)
        return Concluded(loaded, [*facts, *ended], rows=(_findings(loaded, invoice, missing),))
    nothing_missing = _findings(loaded, invoice, None)
    if not any(isinstance(fact, Activated) for fact in probe):
        return Concluded(loaded, [*facts, *probe], rows=(nothing_missing,))
    days = await desk.reference.billed_from(await desk.lines.customers_of(resolution))
    tallied = await desk.lines.finish_resolution(resolution, days)
    ended = conclude.conclude(invoice, _resolved(tallied), override=override, limit=desk.override_limit, retry=retry)
    use = UseResolution(loaded.id, invoice.attempt, resolution)
    return Concluded(loaded, [*facts, *ended], _offers(loaded, invoice, tallied), rows=(nothing_missing, use))


async def expect_original(desk: InvoiceDesk, invoice: ProviderInvoice) -> None:
    """An adjustment counts only beside what it adjusts."""
    if invoice.adjusts is None:
        return
    original = await load(desk, invoice.adjusts)
    if original.state.status != "active":
        raise Rejected(
            "original-not-active",
            f"{invoice.number} adjusts {invoice.adjusts_number}, which is {original.state.status}: "
            "sync or activate that one instead.",
        )


async def _resolve(
    desk: InvoiceDesk, origin: Origin, loaded: Loaded, invoice: ProviderInvoice
) -> tuple[int, Missing | None]:
    provider = await provider_of(desk, invoice.provider)
    return await desk.lines.begin_resolution(
        ResolutionRequest(
            provider=invoice.provider,
            provider_invoice=loaded.id,
            attempt=invoice.attempt,
            populations=invoice.populations,
            unassigned_customer=provider.body.unassigned_customer,
            pass_on=provider.body.pass_on,
            at=origin.now,
            lines=invoice.rows,
        )
    )


def _findings(loaded: Loaded, invoice: ProviderInvoice, missing: Missing | None) -> PutFindings:
    return PutFindings(loaded.id, invoice.attempt, missing.findings if missing else ())


def _resolved(tallied: Tallied) -> Resolved:
    return Resolved(
        customers=tuple(offer.totals for offer in tallied.offers),
        excluded_rows=tallied.excluded_rows,
        excluded_cost=tallied.excluded_cost,
        digest=tallied.digest,
    )


def _offers(loaded: Loaded, invoice: ProviderInvoice, tallied: Tallied) -> tuple[Write, ...]:
    return tuple(
        Write(
            unwritten(usage_offer_stream(loaded.id, invoice.attempt, offer.customer)),
            (
                UsageOffered(
                    provider_invoice=loaded.id,
                    provider=invoice.provider,
                    invoice_number=invoice.number,
                    attempt=invoice.attempt,
                    customer=offer.customer,
                    currency=invoice.header.currency,
                    lines=offer.lines,
                    cost=offer.cost,
                    digest=offer.digest,
                    excluded=offer.excluded,
                ),
            ),
            record_key=loaded.id,
        )
        for offer in tallied.offers
    )
