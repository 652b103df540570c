"""The leak check: what an active attempt cost us, beside where all of it is, computed from two sides.

Left: the lines themselves, added up in the line store. Right: the offers, and what customer invoices say they hold.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from commands.ports.line_store import CustomerCost
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from commands.provider_invoice.offers import in_invoice, invoices_with, offers_of, waiting_offers
from domain.customer_invoice.state import CustomerInvoice
from domain.money import add, less
from domain.provider_invoice.events import Activated
from domain.usage_offer.events import Exclusion

_PAGE = 500


@dataclass(frozen=True, slots=True)
class CustomerUsage:
    """One customer's part of an attempt; exact costs in the invoice's currency. '' is "no customer": not resold."""

    customer: str
    cost: Decimal
    lines: int
    excluded: Mapping[Exclusion, Decimal] = field(default_factory=dict)
    offered: Decimal = Decimal(0)
    waiting: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)
    written_off: Decimal = Decimal(0)
    released: Decimal = Decimal(0)

    @property
    def placed(self) -> Decimal:
        """The right side: all that is accounted for."""
        places = (self.offered, self.waiting, self.invoiced, self.billed, self.written_off, self.released)
        return add(*self.excluded.values(), *places)

    @property
    def difference(self) -> Decimal:
        """Lost (positive) or invented (negative) cost; 0 when nothing leaks."""
        return less(self.cost, self.placed)


@dataclass(frozen=True, slots=True)
class UsageSums:
    """The leak check of one active invoice, by customer."""

    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    currency: str
    customers: tuple[CustomerUsage, ...]

    @property
    def leaks(self) -> tuple[CustomerUsage, ...]:
        """Customers whose sides differ."""
        return tuple(c for c in self.customers if c.difference)


async def usage_sums(desk: InvoiceDesk, invoice: UUID) -> UsageSums:
    """Both sides for each customer of the present attempt; no customers unless the invoice is active."""
    loaded = await load(desk, invoice)
    state = loaded.state
    customers: tuple[CustomerUsage, ...] = ()
    resolution = await desk.lines.resolution_of(invoice, state.attempt)
    if state.status == "active" and resolution is not None:
        left = {c.customer: c for c in await desk.lines.cost_by_customer(resolution, state.populations)}
        right = await _right(desk, loaded)
        customers = tuple(_both(code, left.get(code), right.get(code)) for code in sorted({*left, *right}))
    return UsageSums(invoice, state.provider, state.number, state.attempt, state.header.currency, customers)


async def leak_check(desk: InvoiceDesk) -> AsyncIterator[UsageSums]:
    """The sums of every active invoice, one after the other: those with `leaks` are a problem."""
    seen: set[UUID] = set()
    after = 0
    while page := await desk.store.read(after=after, limit=_PAGE, types=(Activated.type,)):
        for recorded in page:
            if recorded.stream.id not in seen:
                seen.add(recorded.stream.id)
                sums = await usage_sums(desk, recorded.stream.id)
                if sums.customers:
                    yield sums
        after = page[-1].position


async def _right(desk: InvoiceDesk, loaded: Loaded) -> dict[str, CustomerUsage]:
    offers = await offers_of(desk, loaded.id, loaded.state.attempt)
    held = await invoices_with(desk, [offer.state for offer in offers])
    waiting = await waiting_offers(desk, loaded.id)
    sides: dict[str, CustomerUsage] = {}
    for offer in offers:
        state = offer.state
        places: dict[str, Decimal] = defaultdict(Decimal)
        for destination, taken in state.taken.items():
            if taken.kind == "customer-invoice":
                place, cost = _place(held.get(destination), offer.history.stream.id)
            else:
                place, cost = "waiting", taken.tally.cost
            places[place] = add(places[place], cost)
        free = "waiting" if offer.history.stream.id in waiting else "offered"
        places[free] = add(places[free], state.free.cost)
        side = CustomerUsage(
            customer=state.customer,
            cost=Decimal(0),
            lines=0,
            excluded={e.reason: e.cost for e in state.excluded},
            released=state.released_tally.cost,
            **places,
        )
        before = sides.get(state.customer)
        sides[state.customer] = _together(before, side) if before else side
    nobody = _of_nobody(loaded)
    if nobody:
        sides[""] = CustomerUsage("", Decimal(0), 0, {"not_resold": nobody})
    return sides


def _together(one: CustomerUsage, other: CustomerUsage) -> CustomerUsage:
    """A customer's offers: what the activation offered, and what was included later. Only the first excludes any."""
    return replace(
        one,
        excluded={**one.excluded, **other.excluded},
        offered=add(one.offered, other.offered),
        waiting=add(one.waiting, other.waiting),
        invoiced=add(one.invoiced, other.invoiced),
        billed=add(one.billed, other.billed),
        written_off=add(one.written_off, other.written_off),
        released=add(one.released, other.released),
    )


def _place(invoice: CustomerInvoice | None, offer: UUID) -> tuple[str, Decimal]:
    """What the invoice itself says it holds of the offer; nothing for one that is not there: that is a leak."""
    if invoice is None:
        return "invoiced", Decimal(0)
    holding = invoice.holdings.get(offer)
    cost = holding.cost if holding else Decimal(0)
    return in_invoice(invoice), cost


def _both(code: str, left: CustomerCost | None, right: CustomerUsage | None) -> CustomerUsage:
    side = right or CustomerUsage(code, Decimal(0), 0)
    return replace(side, cost=left.cost, lines=left.lines) if left else side


def _of_nobody(loaded: Loaded) -> Decimal:
    for fact in reversed(loaded.history.facts):
        if isinstance(fact, Activated):
            return fact.excluded_cost
    return Decimal(0)
