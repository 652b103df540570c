"""One item opened: its rule, its steps, and the purchases it is made of, down to lines of files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from commands.customer_invoice.calculate import preview
from commands.customer_invoice.pricing import CalculationDesk, Priced
from commands.customer_invoice.rerun import run_again
from commands.ports.calculation import PastReference
from domain.customer_invoice.calculation import same_as_stored
from domain.identity import Stream
from domain.pricing.explain import Explanation, explain
from domain.pricing.items import Calculation, Failure
from domain.provider_invoice.events import PopulationStarted
from domain.provider_invoice.state import ProviderInvoice, evolve
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange


@dataclass(frozen=True, slots=True)
class OfferedSource:
    """Lines of a provider invoice. `files`: of each part that they are in, its name and its file's SHA-256 (hex)."""

    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    lines: Sequence[LineRange]
    files: Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class PostedSources:
    """Posted purchases."""

    purchases: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Explained:
    """An item's tree, and what the names of its sources stand for."""

    tree: Explanation
    sources: Mapping[str, OfferedSource | PostedSources]


async def explain_item(desk: CalculationDesk, past: PastReference, invoice: UUID, item: str) -> Explained:
    """The tree of an item as it was calculated last. Rejected `item-missing`, `customer-invoice-missing`."""
    priced = await _as_calculated(desk, past, invoice)
    tree = explain(priced.to_price, priced.groups, priced.inputs.context, item)
    if tree is None or isinstance(tree, Failure):
        raise Rejected("item-missing", f"{priced.invoice.reference} has no item {item[:64]}.", kind="missing")
    names = sorted({name for purchases in tree.purchases for name in purchases.sources})
    return Explained(tree, await _sources(desk, names))


async def _as_calculated(desk: CalculationDesk, past: PastReference, invoice: UUID) -> Priced:
    """As it comes to now, when that is what was stored; else the stored calculation run again."""
    now = await preview(desk, invoice, rows=True)
    if isinstance(now.result, Calculation) and same_as_stored(now.invoice, now.result):
        return now
    return await run_again(desk, past, invoice, rows=True) or now


async def _sources(desk: CalculationDesk, names: Iterable[str]) -> Mapping[str, OfferedSource | PostedSources]:
    found: dict[str, OfferedSource | PostedSources] = {}
    offered: dict[str, tuple[UUID, int, list[LineRange]]] = {}
    for name in names:
        kind, *parts = name.split(" ")
        if kind == "purchases":
            found[name] = PostedSources([UUID(id_) for id_ in parts[0].split(",")])
        else:
            pairs = [text.split("-") for text in parts[2].split(",")]
            ranges = [LineRange(first=int(first), last=int(last)) for first, last in pairs]
            offered[name] = (UUID(parts[0]), int(parts[1]), ranges)
    streams = {Stream("provider-invoice", invoice) for invoice, _, _ in offered.values()}
    histories = await desk.store.load_many(sorted(streams, key=str))
    for name, (invoice, attempt, ranges) in offered.items():
        state: ProviderInvoice | None = None
        for fact in histories[Stream("provider-invoice", invoice)].facts:
            if isinstance(fact, PopulationStarted) and fact.attempt > attempt:
                break
            state = evolve(state, fact)
        if state is not None:
            found[name] = OfferedSource(invoice, state.provider, state.number, attempt, ranges, _files(state, ranges))
    return found


def _files(state: ProviderInvoice, ranges: Sequence[LineRange]) -> Sequence[tuple[str, str | None]]:
    return [
        (part.part, part.file_sha256)
        for part in state.counted
        if any(r.first <= part.last_line and r.last >= part.first_line for r in ranges)
    ]
