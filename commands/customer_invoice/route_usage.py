"""Offered usage finds its customer invoice: batches of lines, on the offer and the invoice in one transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.giving import Giving, Lines
from commands.customer_invoice.include_usage import include_usage
from commands.customer_invoice.periods import ensure_periods
from commands.origin import Origin
from commands.ports.event_store import Conflict, History
from commands.ports.offer_lines import OfferLines, OfferSpan
from commands.ports.usage_due import DueOffer, UsageDue, Verdict
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from commands.provider_invoice.offered import OfferedLines
from commands.purchases.placing import Places, Wanted, load_places
from domain.identity import Stream
from domain.purchases.placing import NOT_BILLED, Destination
from domain.usage_offer.decisions import MAX_BATCH
from domain.usage_offer.events import LineRange
from domain.usage_offer.ranges import minus
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import fold as fold_offer

OFFERS: Final = 1_000
"""Offers routed in one turn."""
BATCHES: Final = 20
"""Batches that one offer gives away in one turn of routing; the rest goes in the next. A contract's run takes all."""


@dataclass(frozen=True, slots=True)
class Router:
    """What routing works with."""

    invoices: InvoiceDesk
    billing: BillingDesk
    due: UsageDue
    lines: OfferLines


@dataclass(frozen=True, slots=True)
class Waiting:
    """Lines of an offer that wait for a contract's cycle, by entry, in batches of at most 10,000."""

    loaded: Loaded
    history: History
    offer: UsageOffer
    batches: Mapping[UUID, Sequence[Lines]]


async def waiting_usage(
    router: Router, origin: Origin, customers: Sequence[str], entries: frozenset[UUID]
) -> Sequence[Waiting]:
    """What waits for these entries of the customers' contracts now, decided line by line as routing does."""
    by_invoice: dict[UUID, list[UUID]] = defaultdict(list)
    for due in await router.due.of_customers(customers):
        by_invoice[due.provider_invoice].append(due.offer)
    found = []
    for invoice, offers in by_invoice.items():
        loaded = await load(router.invoices, invoice)
        histories = await router.billing.store.load_many([Stream("usage-offer", offer) for offer in offers])
        there = [(h, offer) for h in histories.values() if (offer := _to_route(h, loaded)) is not None]
        resolution = await router.invoices.lines.resolution_of(loaded.id, loaded.state.attempt)
        if not there or resolution is None:
            continue
        turn = await _prepare(router, origin, loaded, resolution, [offer for _, offer in there])
        for history, offer in there:
            batches = await _waiting(router, turn, offer, entries)
            if batches:
                found.append(Waiting(loaded, history, offer, batches))
    return found


async def _waiting(
    router: Router, turn: "_Turn", offer: UsageOffer, entries: frozenset[UUID]
) -> Mapping[UUID, Sequence[Lines]]:
    span = turn.spans.get(offer.key)
    if span is None or offer.customer not in turn.places.customers:
        return {}
    found: dict[UUID, list[Lines]] = {}
    for destination, numbers in (await _parts(router, turn, offer, span)).items():
        entry = destination.entry
        if entry is None or entry not in entries:
            continue
        chosen = numbers
        if numbers is None and (offer.held or offer.free.lines > MAX_BATCH):
            offered = await OfferedLines.load(router.invoices, turn.loaded, offer)
            chosen = offered.free(offer, offer.free.lines)
        found[entry] = await _batches(router, turn, offer, chosen, None)
    return found


@dataclass(frozen=True, slots=True)
class _Turn:
    """One provider invoice, and what is known about the offers and customers of this turn."""

    loaded: Loaded
    resolution: int
    spans: Mapping[str, OfferSpan]
    places: Places
    invoices: Mapping[Stream, History]


async def route_usage(router: Router, origin: Origin) -> int:
    """One turn: offers of one provider invoice. How many were looked at; 0 when none is due."""
    async with router.due.claim(OFFERS, origin.now) as claim:
        if claim.offers:
            claim.verdicts.update(await _route(router, origin, claim.offers))
        return len(claim.offers)


async def _route(router: Router, origin: Origin, due: Sequence[DueOffer]) -> dict[UUID, Verdict]:
    loaded = await load(router.invoices, due[0].provider_invoice)
    histories = await router.billing.store.load_many([Stream("usage-offer", d.offer) for d in due])
    await _include_early(router, origin, histories.values())
    offers = [(history, offer) for history in histories.values() if (offer := _to_route(history, loaded)) is not None]
    verdicts = {d.offer: Verdict("done") for d in due}
    resolution = await router.invoices.lines.resolution_of(loaded.id, loaded.state.attempt)
    if not offers or resolution is None:
        return verdicts
    turn = await _prepare(router, origin, loaded, resolution, [offer for _, offer in offers])
    routed = await asyncio.gather(*(_route_one(router, origin, turn, h, offer) for h, offer in offers))
    verdicts.update({h.stream.id: verdict for (h, _), verdict in zip(offers, routed, strict=True)})
    return verdicts


async def _include_early(router: Router, origin: Origin, histories: Iterable[History]) -> None:
    """`bill_from` may have been moved back while the provider invoice was being activated with the day before that.

    What is included is an offer of its own, in a later turn.
    """
    offers = [fold_offer(history.facts) for history in histories]
    codes = sorted({offer.customer for offer in offers if offer is not None and offer.early.lines})
    if codes:
        customers = await router.billing.reference.customers(codes)
        bill_from = {code: c.bill_from for code, c in customers.items() if c.bill_from is not None}
        await include_usage(router.invoices, origin, bill_from)


def _to_route(history: History, loaded: Loaded) -> UsageOffer | None:
    """The offer, if it has lines that nothing holds and that may be taken."""
    offer = fold_offer(history.facts)
    if offer is None or offer.withdrawn or loaded.state.status != "active":
        return None
    return offer if offer.attempt == loaded.state.attempt and offer.free.lines else None


async def _prepare(
    router: Router, origin: Origin, loaded: Loaded, resolution: int, offers: Sequence[UsageOffer]
) -> _Turn:
    codes = sorted({offer.customer for offer in offers})
    customers = await router.billing.reference.customers(codes)
    await ensure_periods(router.billing, origin, list(customers.values()))
    spans = await router.lines.spans(resolution, loaded.state.populations, [offer.key for offer in offers])
    known = [(o.customer, spans[o.key]) for o in offers if o.key in spans and o.customer in customers]
    wanted = [Wanted(code, day) for code, span in known for day in {span.first_day, span.last_day}]
    places = await load_places(router.billing, wanted, customers)
    nearest = {place.invoice for w in wanted if (place := places.of(w)).invoice is not None}
    streams = [Stream("customer-invoice", invoice) for invoice in sorted(i for i in nearest if i is not None)]
    return _Turn(loaded, resolution, spans, places, dict(await router.billing.store.load_many(streams)))


async def _route_one(router: Router, origin: Origin, turn: _Turn, history: History, offer: UsageOffer) -> Verdict:
    span = turn.spans.get(offer.key)
    if span is None or offer.customer not in turn.places.customers:
        return Verdict("unrouted", reason=NOT_BILLED)
    parts = await _parts(router, turn, offer, span)
    streams = [Stream("customer-invoice", to.invoice) for to in parts if to.invoice is not None]
    others = await router.billing.store.load_many([s for s in streams if s not in turn.invoices])
    giving = Giving(turn.loaded, history, offer, {**turn.invoices, **others})
    verdict = await _give(router, turn, giving, parts)
    save = giving.save(origin)
    if save is None:
        return verdict
    try:
        await router.billing.store.append(save)
    except Conflict:
        return Verdict("again")
    return verdict


async def _parts(
    router: Router, turn: _Turn, offer: UsageOffer, span: OfferSpan
) -> Mapping[Destination, Sequence[int] | None]:
    """The free lines of an offer by their destination; None: all of its lines, whose sums are known already."""
    if turn.places.one_for(offer.customer, span.first_day, span.last_day):
        to = turn.places.of(Wanted(offer.customer, span.first_day))
        whole = to.state != "excluded" and not offer.held and offer.free.lines <= MAX_BATCH
        if to.entry is not None or whole:  # where the first is excluded, later ones need not be
            return {to: None}
    free = minus((LineRange(first=span.first, last=span.last),), offer.held)
    found: dict[Destination, list[int]] = defaultdict(list)
    at = 0
    for number, wanted in await _wanted(router, turn, offer):
        while at < len(free) and free[at].last < number:
            at += 1
        if at < len(free) and free[at].first <= number:
            found[turn.places.of(wanted)].append(number)
    return found


async def _wanted(router: Router, turn: _Turn, offer: UsageOffer) -> Sequence[tuple[int, Wanted]]:
    """Each line of an offer as a purchase that needs a place; of what it is matters where a contract takes usage."""
    populations = turn.loaded.state.populations
    if offer.customer not in turn.places.contracts:
        days = await router.lines.days(turn.resolution, populations, offer.key)
        return [(number, Wanted(offer.customer, day)) for number, day in days]
    bought = await router.lines.bought(turn.resolution, populations, offer.key)
    products = await router.billing.reference.products(sorted({one.product for one in bought}))
    categories = {code: product.body.category for code, product in products.items()}
    return [
        (b.number, Wanted(offer.customer, b.day, None, b.product, categories.get(b.product), b.subscription))
        for b in bought
    ]


async def _give(
    router: Router, turn: _Turn, giving: Giving, parts: Mapping[Destination, Sequence[int] | None]
) -> Verdict:
    """Give what can go now; what becomes of the rest."""
    rest = Verdict("done")
    for destination, numbers in parts.items():
        stream = Stream("customer-invoice", destination.invoice) if destination.invoice is not None else None
        if stream is None or destination.state != "arriving" or not giving.open_to(stream):
            rest = _worse(rest, destination)
            continue
        batches = await _batches(router, turn, giving.offer, numbers, BATCHES)
        for batch in batches:
            if len(giving.facts) >= BATCHES:
                return Verdict("again")
            giving.give(stream, batch)
        if numbers is not None and sum(batch.lines for batch in batches) < len(numbers):
            return Verdict("again")
    return rest


async def _batches(
    router: Router, turn: _Turn, offer: UsageOffer, numbers: Sequence[int] | None, most: int | None
) -> list[Lines]:
    """One after the other, so that no more than one batch of lines is in memory; at most so many, None: all."""
    if numbers is None:
        span = turn.spans[offer.key]
        whole = (LineRange(first=span.first, last=span.last),)
        return [Lines(whole, offer.offered.lines, offer.offered.cost, offer.digest)]
    offered = await OfferedLines.load(router.invoices, turn.loaded, offer)
    found: list[Lines] = []
    at = 0
    while at < len(numbers) and (most is None or len(found) < most):
        chosen = await offered.choose(offered.fitting(numbers[at : at + MAX_BATCH]))
        found.append(Lines(chosen.ranges, chosen.lines, chosen.batch.cost, chosen.batch.digest))
        at += chosen.lines
    return found


def _worse(rest: Verdict, destination: Destination) -> Verdict:
    """What waits comes before what can't be routed: it will be looked at again soon."""
    if destination.waits_for is not None:
        return Verdict("waiting", waits_for=destination.waits_for)
    return rest if rest.state == "waiting" else Verdict("unrouted", reason=destination.reason or NOT_BILLED)
