"""Decide again where purchases go that are on no invoice yet."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.event_store import Conflict
from commands.ports.purchases import Move, Place, PlaceState, PurchaseQuery, Stored
from commands.ports.reference import Present
from commands.purchases.placing import Places, Wanted, as_place, load_places
from domain.purchases.placing import NOT_BILLED
from domain.reference.bodies import ProductBody
from domain.rejected import Rejected

PAGE: Final = 5_000
LOOSE: Final[tuple[PlaceState, ...]] = ("arriving", "waiting", "held", "unrouted", "excluded")
"""States of purchases that no invoice holds."""


async def reroute(desk: BillingDesk, query: PurchaseQuery) -> int:
    """Decide again for all that a search finds and no invoice holds; how many have another place now."""
    moved, before = 0, None
    while page := await desk.purchases.page(query, before=before, limit=PAGE):
        moved += await _again(desk, [s for s in page if s.place.state in LOOSE])
        before = page[-1].seq
    return moved


async def reroute_at(desk: BillingDesk, invoice: UUID, state: PlaceState) -> int:
    """Those in front of one invoice."""
    return await reroute(desk, PurchaseQuery(invoice=invoice, states=[state]))


async def _again(desk: BillingDesk, stored: Sequence[Stored]) -> int:
    customers = await desk.reference.customers(sorted({s.purchase.customer for s in stored}))
    products = await desk.reference.products(sorted({s.purchase.product for s in stored}))
    wanted = {s.seq: _wanted(s, products) for s in stored}
    places = await load_places(desk, wanted.values(), customers)
    changes: list[tuple[tuple[str, str, str], Stored, Place]] = []
    for one in stored:
        to = _placed(places, wanted[one.seq], one.place)
        if (to.state, to.destination, to.reason) != (one.place.state, one.place.destination, one.place.reason):
            key = (one.place.state, str(one.place.destination), repr(to))
            changes.append((key, one, to))
    moved = 0
    for _, group in groupby(sorted(changes, key=lambda c: (c[0], c[1].seq)), key=lambda c: c[0]):
        several = list(group)
        first = several[0][1].place
        change = Move([s.seq for _, s, _ in several], first.state, first.destination, several[0][2])
        try:
            await desk.purchases.move(change)
        except Conflict:
            continue  # something was quicker; whoever it was has decided
        moved += len(several)
    return moved


def _wanted(stored: Stored, products: Mapping[str, Present[ProductBody]]) -> Wanted:
    one = stored.purchase
    product = products.get(one.product)
    category = None if product is None else product.body.category
    return Wanted(one.customer, one.day, one.reference, one.product, category, one.subscription)


def _placed(places: Places, wanted: Wanted, before: Place) -> Place:
    try:
        to = as_place(places.of(wanted))
    except Rejected as error:
        return Place("unrouted", None, error.code, before.reference_final)
    if to.state == "unrouted" and to.reason is None:
        return Place("unrouted", None, NOT_BILLED, before.reference_final)
    return to
