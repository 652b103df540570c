"""`bill_from` is moved back over HTTP, and the worker's step takes in what was excluded: followed line by line."""

import asyncio

from adapters.operations import ReactionPositions
from services.mailing import service_origin
from services.placing import begin_periods, make_router, route
from tests.services.api.conftest import api, app, client_for, parts
from tests.services.api.steps import INVOICES, active, line, ok, world

__all__ = ["api", "app", "client_for", "parts"]


async def place(parts, workers=1):
    """What workers do by themselves, once."""

    def by():
        return service_origin(parts, "worker")

    positions = ReactionPositions(parts.pool)
    await asyncio.gather(*(begin_periods(parts, positions, by) for _ in range(workers)))
    await asyncio.gather(*(route(make_router(parts), by) for _ in range(workers)))


async def where(api, invoice):
    """What is on an invoice, what is excluded, and the lines of each state."""
    usage = await ok(api.get(f"{INVOICES}/{invoice}/usage"))
    assert usage["leaks"] == 0
    (customer,) = usage["customers"]
    found = {}
    for state in ("invoiced", "excluded", "offered", "waiting"):
        page = await ok(api.get(f"{INVOICES}/{invoice}/lines", params={"state": state}))
        assert all(one["state"] == state for one in page["items"])
        found[state] = [one["number"] for one in page["items"]]
    return customer["invoiced"], customer["excluded"], {state: lines for state, lines in found.items() if lines}


async def test_lines_from_before_bill_from_are_taken_in_when_it_is_moved(parts, api):
    await world(api)
    await ok(api.patch("/v1/customers/C1", json={"bill_from": "2026-02-10"}))
    days = ["2026-02-03", "2026-02-11", "2026-01-20"]
    invoice = await active(api, [line("10", charge_from=day) for day in days], total="30.00")
    await place(parts)
    assert await where(api, invoice) == ("10", {"before_bill_from": "20"}, {"invoiced": [2], "excluded": [1, 3]})
    await ok(api.patch("/v1/customers/C1", json={"bill_from": "2026-02-01"}))
    await place(parts, workers=4)
    await place(parts)
    assert await where(api, invoice) == ("20", {"before_bill_from": "10"}, {"invoiced": [1, 2], "excluded": [3]})
    await ok(api.patch("/v1/customers/C1", json={"bill_from": "2026-01-01"}))
    await place(parts)
    assert await where(api, invoice) == ("30", {}, {"invoiced": [1, 2, 3]})
    head = await parts.store.head()
    await ok(api.patch("/v1/customers/C1", json={"bill_from": "2026-03-01"}))
    await place(parts)
    assert await where(api, invoice) == ("30", {}, {"invoiced": [1, 2, 3]})
    assert await parts.store.head() == head + 1
