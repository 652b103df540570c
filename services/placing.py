"""Purchases find their invoices: periods begin, usage is routed, what was posted is taken in. Loops of the worker."""

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.licences import StoredLicences
from adapters.line_store.offer_lines import StoredOfferLines
from adapters.operations import ReactionPositions
from commands.customer_invoice.include_usage import include_usage
from commands.customer_invoice.periods import ensure_periods
from commands.customer_invoice.route_usage import Router, route_usage
from commands.customer_invoice.take_in import take_in
from commands.origin import Origin
from commands.ports.purchases import PurchaseQuery
from commands.purchases.follow_contracts import follow_contracts
from commands.purchases.reroute import reroute
from services.mailing import service_origin
from services.reacting import repeat
from services.waking import SELDOM_SECONDS, UNTOLD_SECONDS, Bell
from services.wiring import Parts

PLACE_SECONDS: Final = 0.2
_PERIODS: Final = "periods"
_CONTRACTS: Final = "contracts"
_USAGE: Final = "usage-due"
"""How far contracts with usage lines are known: see `adapters.usage_due`, which keeps them."""
_CUSTOMERS: Final = 1_000
_LANES: Final = 2
"""Turns of routing at once: while one waits for the database, another one decides."""


def make_router(parts: Parts) -> Router:
    """What routing works with."""
    return Router(parts.invoices, parts.billing, parts.usage_due, StoredOfferLines(parts.pool))


async def begin_periods(parts: Parts, positions: ReactionPositions, origin: Callable[[], Origin]) -> int:
    """Begin the invoices of customers that were saved since the last time; how many began."""
    began = 0
    while True:
        after = await positions.get(_PERIODS)
        changed = await parts.billing.periods.billed_since(after, _CUSTOMERS)
        if not changed:
            return began
        codes = [code for _, code in changed]
        customers = await parts.reference.customers(codes)
        began += await ensure_periods(parts.billing, origin(), list(customers.values()))
        bill_from = {code: c.bill_from for code, c in customers.items() if c.bill_from is not None}
        await include_usage(parts.invoices, origin(), bill_from)
        for code in await parts.billing.purchases.nowhere(codes):
            await reroute(parts.billing, PurchaseQuery(customer=code, states=["unrouted", "excluded"]))
        await positions.put(_PERIODS, changed[-1][0])


async def follow(parts: Parts, positions: ReactionPositions) -> int:
    """Decide again what waits, where contracts that take usage changed; how many purchases have another place."""
    moved = 0
    read, after = await positions.get(_USAGE), await positions.get(_CONTRACTS)
    if after >= read:
        return 0
    while changes := await parts.billing.contracts.changed_since(after, _CUSTOMERS):
        moved += await follow_contracts(parts.billing, changes)
        after = changes[-1].position
        await positions.put(_CONTRACTS, after)
    await positions.put(_CONTRACTS, read)  # nothing more up to there: it is not looked through again
    return moved


async def route(router: Router, origin: Callable[[], Origin]) -> int:
    """Route all usage that is due; how many offers were looked at."""
    looked = 0
    await router.due.gather(origin().now)
    while some := await route_usage(router, origin()):
        looked += some
    return looked


async def place_purchases(parts: Parts, stop: asyncio.Event, bell: Bell) -> None:
    """Until `stop`: every loop by itself, so that a long one holds up no other."""
    positions, router, licences = ReactionPositions(parts.pool), make_router(parts), StoredLicences(parts.pool)

    def origin() -> Origin:
        return service_origin(parts, "worker")

    async with asyncio.TaskGroup() as tasks:
        loops = {
            "periodical invoices began": lambda: begin_periods(parts, positions, origin),
            "licences taken up": licences.gather,
            "contracts followed": lambda: follow(parts, positions),
            "offers routed": lambda: route(router, origin),
            "purchases taken in": lambda: take_in(parts.billing, origin()),
        }
        for what, work in loops.items():
            seldom = UNTOLD_SECONDS if what == "purchases taken in" else SELDOM_SECONDS
            tasks.create_task(repeat(work, what, PLACE_SECONDS, stop, bell, seldom=seldom))
        for _ in range(_LANES - 1):
            tasks.create_task(repeat(loops["offers routed"], "offers routed", PLACE_SECONDS, stop, bell))
