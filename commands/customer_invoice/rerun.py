"""Stored calculations run again, with the purchases and the reference data that they saw."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from commands.customer_invoice.pricing import CalculationDesk, Priced, price
from commands.ports.calculation import PastReference
from commands.ports.purchases import Purchases
from domain.customer_invoice.calculation_events import Calculated
from domain.customer_invoice.events import (
    CustomerInvoiceDeleted,
    CustomerInvoiceSuperseded,
    PostedSource,
    PurchasesAdded,
    PurchasesRemoved,
)
from domain.customer_invoice.holdings import rows_of
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.fact import Fact
from domain.identity import Stream
from domain.pricing.items import Calculation, Failure, digest

_PAGE: Final = 500
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rerun:
    """One calculation run again. `now`: the digest of what it comes to; None: it can't be told, `why` says why."""

    invoice: UUID
    reference: str
    calculation: int
    stored: str
    now: str | None
    why: str | None = None
    possible: bool = True
    """False: its purchases went on to another invoice, so what it saw is not there any more."""

    @property
    def sound(self) -> bool:
        """The same bytes."""
        return self.now == self.stored


@dataclass(frozen=True, slots=True)
class _Then:
    """An invoice as a calculation saw it. `left`: batches of posted purchases that were free to go on since."""

    seen: CustomerInvoice
    calculated: Calculated
    left: Mapping[UUID, PurchasesAdded] = field(default_factory=dict)


async def run_again(desk: CalculationDesk, past: PastReference, invoice: UUID, *, rows: bool = False) -> Priced | None:
    """The last calculation of an invoice, as it was; None: there is none. `rows`: see `price`."""
    then = _then((await desk.store.load(Stream("customer-invoice", invoice))).facts)
    if then is None:
        return None
    inputs = await past.pricing_inputs_at(then.calculated.reference_position, [then.seen.customer])
    return (await price(desk, {invoice: then.seen}, inputs, rows=rows))[invoice]


async def run_all_again(
    desk: CalculationDesk, past: PastReference, purchases: Purchases
) -> AsyncIterator[Sequence[Rerun]]:
    """Every calculation that was ever stored, some invoices at a time."""
    after = _FIRST
    while page := await past.calculated_invoices(after, _PAGE):
        after = page[-1]
        histories = await desk.store.load_many([Stream("customer-invoice", invoice) for invoice in page])
        at: dict[tuple[int, int], dict[UUID, _Then]] = defaultdict(dict)
        for stream, history in histories.items():
            seen: Counter[int] = Counter()
            for then in _all(history.facts):
                position = then.calculated.reference_position
                at[position, seen[position]][stream.id] = then  # of one invoice, one at a time
                seen[position] += 1
        for (position, _), some in sorted(at.items()):
            yield await _run(desk, past, purchases, position, some)


async def _run(
    desk: CalculationDesk, past: PastReference, purchases: Purchases, position: int, some: Mapping[UUID, _Then]
) -> Sequence[Rerun]:
    gone = await _gone(purchases, some)
    there = {invoice: then for invoice, then in some.items() if invoice not in gone}
    inputs = await past.pricing_inputs_at(position, sorted({then.seen.customer for then in there.values()}))
    priced = await price(desk, {invoice: then.seen for invoice, then in there.items()}, inputs)
    lost = [_rerun(invoice, some[invoice], None, why, possible=False) for invoice, why in gone.items()]
    return [*lost, *(_compared(invoice, then, priced[invoice].result) for invoice, then in there.items())]


async def _gone(purchases: Purchases, some: Mapping[UUID, _Then]) -> dict[UUID, str]:
    """Invoices that were deleted since, or whose place a newer one took that was deleted since, and whose purchases are
    in batches of other invoices now.
    """
    batches = sorted({batch for then in some.values() for batch in then.left})
    rows = await purchases.batches(batches) if batches else {}
    return {
        invoice: f"posted purchases of batch {batch} are on other invoices since this one gave them away"
        for invoice, then in some.items()
        for batch, added in then.left.items()
        if rows.get(batch) != (rows_of(added), added.digest)
    }


def _compared(invoice: UUID, then: _Then, result: Calculation | Failure) -> Rerun:
    if isinstance(result, Failure):
        return _rerun(invoice, then, None, result.message)
    return _rerun(invoice, then, digest(result))


def _rerun(invoice: UUID, then: _Then, now: str | None, why: str | None = None, *, possible: bool = True) -> Rerun:
    of = then.calculated
    return Rerun(invoice, then.seen.reference, of.calculation, of.digest, now, why, possible)


def _all(facts: Sequence[Fact]) -> list[_Then]:
    """All calculations of an invoice; a deleted one may have begun anew, a superseded one may have been restored."""
    ended = (CustomerInvoiceDeleted, CustomerInvoiceSuperseded)
    deleted = max((n for n, fact in enumerate(facts) if isinstance(fact, ended)), default=-1)
    added = {
        fact.source.batch: fact
        for fact in facts[: deleted + 1]
        if isinstance(fact, PurchasesAdded) and isinstance(fact.source, PostedSource)
    }
    states: list[CustomerInvoice | None] = [None]
    found = []
    for n, fact in enumerate(facts):
        states.append(evolve(states[-1], fact))
        if isinstance(fact, Calculated) and (seen := states[fact.through]) is not None:
            left = {batch: added[batch] for batch in seen.posted if n < deleted and batch in added}
            found.append(_Then(seen, fact, left))
    return found


def _then(facts: Sequence[Fact]) -> _Then | None:
    last = max((n for n, fact in enumerate(facts) if isinstance(fact, Calculated)), default=None)
    if last is None or any(_left(fact) for fact in facts[last:]):
        return None
    calculated = facts[last]
    if not isinstance(calculated, Calculated):
        return None
    seen = fold(facts[: calculated.through])
    return None if seen is None else _Then(seen, calculated)


def _left(fact: Fact) -> bool:
    """Whether posted purchases left: their rows are elsewhere now."""
    gone = isinstance(fact, PurchasesRemoved) and isinstance(fact.source, PostedSource)
    return gone or fact.type in {"customer-invoice.deleted", "customer-invoice.created"}
