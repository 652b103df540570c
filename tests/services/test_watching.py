"""What waits and what leaks shows among the worker's metrics."""

from prometheus_client import generate_latest

from services.watching import BillingWatch
from tests.services.api.conftest import api, app, client_for, parts
from tests.services.api.steps import ok, world
from tests.support.counter import purchase

__all__ = ["api", "app", "client_for", "parts"]


async def test_what_waits_is_counted_and_nothing_leaks(api, parts):
    await world(api)
    await ok(api.post("/v1/purchases", json=[purchase("a"), purchase("b"), purchase("c", reference="R-1")]))
    watch = BillingWatch(parts)
    await watch.look()
    assert await watch.check_leaks() == 0
    told = generate_latest(parts.metrics).decode()
    assert 'ledgerline_billing_waiting{state="unrouted",what="purchases"} 2.0' in told
    assert 'ledgerline_billing_waiting{state="held",what="purchases"} 1.0' in told
    assert "ledgerline_leaking_customers 0.0" in told
