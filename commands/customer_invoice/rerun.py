"""Stored calculations run again, with the purchases and the reference data that they saw."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.customer_invoice.pricing import CalculationDesk, Priced, price
from commands.ports.calculation import PastReference
from domain.customer_invoice.calculation_events import Calculated
from domain.customer_invoice.events import PostedSource, PurchasesRemoved
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.fact import Fact
from domain.identity import Stream
from domain.pricing.items import Calculation, Failure, digest

_PAGE: Final = 500
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rerun:
    """One calculation run again. `now`: the digest of what it comes to; None: it can't be told any more."""

    invoice: UUID
    reference: str
    stored: str
    now: str | None
    why: str | None = None

    @property
    def sound(self) -> bool:
        """The same bytes."""
        return self.now == self.stored


@dataclass(frozen=True, slots=True)
class _Then:
    """An invoice as a calculation saw it."""

    seen: CustomerInvoice
    calculated: Calculated


async def run_again(desk: CalculationDesk, past: PastReference, invoice: UUID, *, rows: bool = False) -> Priced | None:
    """The last calculation of an invoice, as it was; None: there is none. `rows`: see `price`."""
    then = _then((await desk.store.load(Stream("customer-invoice", invoice))).facts)
    if then is None:
        return None
    inputs = await past.pricing_inputs_at(then.calculated.reference_position, [then.seen.customer])
    return (await price(desk, {invoice: then.seen}, inputs, rows=rows))[invoice]


async def run_all_again(desk: CalculationDesk, past: PastReference) -> AsyncIterator[Rerun]:
    """The last calculation of every invoice. Not those that posted purchases left since."""
    after = _FIRST
    while page := await past.calculated_invoices(after, _PAGE):
        after = page[-1]
        histories = await desk.store.load_many([Stream("customer-invoice", invoice) for invoice in page])
        found = {stream.id: then for stream, h in histories.items() if (then := _then(h.facts)) is not None}
        by_position: dict[int, dict[UUID, _Then]] = defaultdict(dict)
        for invoice, then in found.items():
            by_position[then.calculated.reference_position][invoice] = then
        for position, some in sorted(by_position.items()):
            for rerun in await _run(desk, past, position, some):
                yield rerun


async def _run(
    desk: CalculationDesk, past: PastReference, position: int, some: Mapping[UUID, _Then]
) -> Sequence[Rerun]:
    inputs = await past.pricing_inputs_at(position, sorted({then.seen.customer for then in some.values()}))
    priced = await price(desk, {invoice: then.seen for invoice, then in some.items()}, inputs)
    return [_compared(invoice, then, priced[invoice].result) for invoice, then in some.items()]


def _compared(invoice: UUID, then: _Then, result: Calculation | Failure) -> Rerun:
    stored, reference = then.calculated.digest, then.seen.reference
    if isinstance(result, Failure):
        return Rerun(invoice, reference, stored, None, result.message)
    return Rerun(invoice, reference, stored, digest(result))


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
