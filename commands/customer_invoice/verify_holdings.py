"""What customer invoices say they hold, beside what offers and purchases' places say is on them.

The leak check goes from offers to invoices; this one goes the other way.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final
from uuid import UUID

from commands.ports.event_store import EventStore, History
from commands.ports.verifying import PlacedBatch, Places
from domain.customer_invoice.holdings import Holding
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream
from domain.money import plain
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import fold as fold_offer

_PAGE: Final = 500
_FIRST: Final = UUID(int=0)
_LOOKS: Final = 5
"""An invoice that changes while it is looked at is looked at again."""


@dataclass(frozen=True, slots=True)
class Held:
    """Some invoices compared: how many batches of posted purchases and parts of offers they hold, what is wrong."""

    invoices: int
    batches: int
    parts: int
    places: tuple[str, ...]
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    history: History
    batches: int
    parts: int
    places: tuple[str, ...]
    offers: tuple[str, ...]


async def holdings_check(store: EventStore, places: Places) -> AsyncIterator[Held]:
    """All customer invoices, page by page; `places`: findings about posted purchases, `offers`: about lines."""
    after = _FIRST
    while page := await places.invoices(after, _PAGE):
        after = page[-1]
        found = await _look(store, places, page)
        for _ in range(_LOOKS):
            odd = [id_ for id_, one in found.items() if one.places or one.offers]
            moved = [
                h.stream.id for h in await _histories(store, odd) if h.version != found[h.stream.id].history.version
            ]
            if not moved:
                break
            found |= await _look(store, places, moved)
        yield Held(
            len(page),
            sum(one.batches for one in found.values()),
            sum(one.parts for one in found.values()),
            tuple(chain.from_iterable(one.places for one in found.values())),
            tuple(chain.from_iterable(one.offers for one in found.values())),
        )


async def _look(store: EventStore, places: Places, invoices: Sequence[UUID]) -> dict[UUID, _Found]:
    histories = {history.stream.id: history for history in await _histories(store, invoices)}
    states = {id_: fold(history.facts) for id_, history in histories.items()}
    placed: dict[UUID, list[PlacedBatch]] = defaultdict(list)
    for one in await places.placed(invoices):
        placed[one.invoice].append(one)
    wanted = sorted({offer for state in states.values() if state is not None for offer in state.holdings})
    offers = await _offers(store, wanted)
    return {
        id_: _Found(
            history,
            len(state.posted) if state else 0,
            len(state.holdings) if state else 0,
            tuple(_unlike_places(id_, state, placed[id_])),
            tuple(_unlike_offers(id_, state, offers)) if state else (),
        )
        for id_, history in histories.items()
        for state in (states[id_],)
    }


def _unlike_places(id_: UUID, state: CustomerInvoice | None, placed: Sequence[PlacedBatch]) -> Iterator[str]:
    name = _named(id_, state)
    held = state.posted if state else {}
    there = {one.batch: one for one in placed}
    for batch, one in there.items():
        if batch is None or batch not in held:
            yield f"{one.lines} purchases say they are on {name} with batch {batch}, which it does not hold"
    for batch, holding in held.items():
        one = there.get(batch, PlacedBatch(id_, batch, 0, Decimal(0)))
        if (one.lines, one.cost) != (holding.lines, holding.cost):
            yield (
                f"{name} holds {holding.lines} purchases of batch {batch} at {plain(holding.cost)}, "
                f"{one.lines} at {plain(one.cost)} say they are there"
            )


def _unlike_offers(id_: UUID, state: CustomerInvoice, offers: Mapping[UUID, UsageOffer]) -> Iterator[str]:
    for offer, holding in state.holdings.items():
        given = offers[offer].taken.get(id_) if offer in offers else None
        what = f"{_named(id_, state)} holds {holding.lines} lines of {holding.name} at {plain(holding.cost)}"
        if given is None:
            yield f"{what}, of which offer {offer} knows nothing"
        elif not _same(holding, given.tally.lines, given.tally.cost) or holding.ranges != given.ranges:
            yield f"{what}, offer {offer} gave it {given.tally.lines} at {plain(given.tally.cost)}, or other ones"


def _same(holding: Holding, lines: int, cost: Decimal) -> bool:
    return (holding.lines, holding.cost) == (lines, cost)


def _named(id_: UUID, state: CustomerInvoice | None) -> str:
    return f"invoice {state.reference} ({id_})" if state else f"invoice {id_}"


async def _histories(store: EventStore, invoices: Sequence[UUID]) -> Sequence[History]:
    if not invoices:
        return ()
    return list((await store.load_many([Stream("customer-invoice", id_) for id_ in invoices])).values())


async def _offers(store: EventStore, offers: Sequence[UUID]) -> dict[UUID, UsageOffer]:
    found = {}
    for start in range(0, len(offers), _PAGE):
        some = [Stream("usage-offer", offer) for offer in offers[start : start + _PAGE]]
        for stream, history in (await store.load_many(some)).items():
            state = fold_offer(history.facts)
            if state is not None:
                found[stream.id] = state
    return found
