"""Usage and posted purchases become a priced invoice by themselves, and each item opens down to its rows, over HTTP."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from domain.identity import id_for
from services.verification import verify_everything
from services.wiring import Parts
from tests.services.api.conftest import assert_problem
from tests.services.api.steps import active, line, ok, world
from tests.support.waiting import eventually_async

INVOICE = id_for("customer-invoice", "periodical", "C1", "2026-02-01")
BASE = f"/v1/customer-invoices/{INVOICE}"
RULE = {"name": "by unit", "currency": "EUR", "price": {"family": "per_unit", "unit_price": "2.5"}}


async def settled(api: httpx.AsyncClient, lines: int) -> dict:
    """The invoice once it was calculated with so many purchases."""

    async def look():
        shown = await api.get(f"{BASE}/items")
        if shown.status_code == 404 or shown.json()["stale"]:
            return None
        return shown.json() if sum(item["lines"] for item in shown.json()["items"]) == lines else None

    return await eventually_async(look)


@pytest.fixture
async def billed(api: httpx.AsyncClient, working: None) -> str:
    """Two lines of a provider invoice and a posted purchase; the provider invoice."""
    await world(api)
    await ok(api.put("/v1/pricing-rules/R1", json=RULE))
    await ok(api.patch("/v1/customers/C1", json={"bill_from": "2026-02-01"}))
    found = await active(api, [line("60", quantity="2"), line("40")])
    purchase = {"key": "k-1", "customer": "C1", "product": "P1", "quantity": "4", "time": "2026-02-05T10:00:00Z"}
    await ok(api.post("/v1/purchases", json=purchase))
    return found


async def test_from_the_rule_down_to_the_rows(parts: Parts, api: httpx.AsyncClient, billed: str):
    shown = await settled(api, 3)
    (item,) = shown["items"]
    assert (item["quantity"], item["amount"], item["cost"], shown["total"]) == ("7", "17.50", "100", 1)
    tree = await ok(api.get(f"{BASE}/items/{item['id']}/explain"))
    assert (tree["rule"]["code"], tree["amount"], tree["steps"][0]["unit_price"]) == ("R1", "17.50", "2.5")
    sources = {s["source"]: s for purchases in tree["purchases"] for s in purchases["sources"]}
    offered = sources["provider_invoice"]
    assert (offered["provider_invoice"], offered["invoice_number"]) == (billed, "F-1")
    assert offered["lines"] == [{"first": 1, "last": 2}]
    assert offered["files"][0]["part"] == "a"
    (posted,) = sources["posted"]["purchases"]
    assert (await ok(api.get(f"/v1/purchases/{posted}")))["key"] == "k-1"

    back = (await ok(api.get(f"/v1/provider-invoices/{billed}/lines")))["items"]
    assert [line["item"]["id"] for line in back] == [item["id"]] * 2
    assert (back[0]["part"], back[0]["file_sha256"]) == (offered["files"][0]["part"], offered["files"][0]["sha256"])
    assert (await ok(api.get(back[0]["item"]["href"])))["item"] == item["id"]
    assert (await ok(api.get(back[0]["customer_invoice"]["href"])))["id"] == str(INVOICE)

    rows, cursor = [], ""
    while cursor is not None:
        page = await ok(api.get(f"{BASE}/purchases?limit=1{cursor and f'&cursor={cursor}'}"))
        rows += page["items"]
        cursor = page["next_cursor"]
    assert [(r["source"], r["state"]) for r in rows] == [("provider_invoice", "invoiced")] * 2 + [
        ("posted", "invoiced")
    ]
    assert page["total"] == 3

    seen = await ok(api.get(f"{BASE}/preview"))
    stored = (await ok(api.get(BASE)))["calculation"]
    assert (seen["revenue_total"], seen["digest"]) == ("17.50", stored["digest"])
    checks = await asyncio.to_thread(
        lambda: list(verify_everything(parts.database_url, parts.settings, recalculate=True))
    )
    (calculations,) = [check for check in checks if check.name == "calculations"]
    assert (calculations.sound, calculations.figures[:1] != "0") == (True, True)


async def test_an_item_is_explained_as_it_was_calculated(api: httpx.AsyncClient, billed: str):
    (item,) = (await settled(api, 3))["items"]
    await ok(api.put("/v1/pricing-rules/R1", json={**RULE, "price": {"family": "per_unit", "unit_price": "3"}}))

    async def look():
        (now,) = (await ok(api.get(f"{BASE}/items")))["items"]
        tree = await ok(api.get(f"{BASE}/items/{now['id']}/explain"))
        return tree if tree["amount"] == "21.00" else None

    assert (await eventually_async(look))["rule_version"] > item["rule_version"]


async def test_what_is_not_there(api: httpx.AsyncClient, billed: str):
    await settled(api, 3)
    assert_problem(await api.get(f"{BASE}/items/{uuid4()}/explain"), 404, "item-missing")
    for path in ("items", "purchases", "preview", "items/x/explain"):
        assert_problem(await api.get(f"/v1/customer-invoices/{uuid4()}/{path}"), 404, "customer-invoice-missing")
    assert_problem(await api.get(f"{BASE}/purchases?cursor=x"), 422, "invalid-cursor")
