"""An automatic provider over HTTP, with a worker beside the API."""

import json
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from services.wiring import Parts
from tests.services.api.conftest import assert_problem
from tests.services.api.steps import INVOICES, allowed, ok, world
from tests.support.waiting import eventually_async

HEAD = "kind,customer,product,charge_from,quantity,amount,currency\n"


class Lists:
    """The folder from which the provider is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[str, dict] = {}

    @property
    def automatic(self) -> dict:
        return {"mode": "automatic", "connection": {"manifest": str(self.folder / "manifest.json")}}

    def offer(self, number: str = "A-1", amounts: tuple[str, ...] = ("10", "20"), **more) -> None:
        rows = "".join(f"usage,c-1,p-1,2026-02-03,1,{amount},EUR\n" for amount in amounts)
        (self.folder / f"{number}.csv").write_text(HEAD + rows)
        self.entries[number] = {
            "number": number,
            "date": "2026-03-01",
            "period_from": "2026-02-01",
            "period_to": "2026-02-28",
            "currency": "EUR",
            "total": f"{sum(map(Decimal, amounts)):.2f}",
            "revision": "1",
            "files": [{"path": f"{number}.csv", "format": "ledgerline"}],
            **more,
        }
        (self.folder / "manifest.json").write_text(json.dumps({"invoices": list(self.entries.values())}))


@pytest.fixture
def lists(parts: Parts) -> Lists:
    return Lists(Path(parts.settings.import_roots[0]))


async def ended(api: httpx.AsyncClient, operation: dict) -> dict:
    async def look() -> dict | None:
        found = await ok(api.get(operation["href"]))
        return found if found["status"] not in {"queued", "running"} else None

    return await eventually_async(look)


@pytest.mark.usefixtures("working")
async def test_listed_synced_changed_and_adjusted(api: httpx.AsyncClient, lists: Lists):
    lists.offer()
    await world(api, **lists.automatic)
    listed = await ok(api.get("/v1/providers/ACME/invoices"))
    assert [(i["invoice_number"], i["status"], i["total"]) for i in listed["items"]] == [
        ("A-1", "not_imported", "30.00")
    ]
    assert allowed(listed["items"][0]) == {"sync"}
    asked = await api.post("/v1/providers/ACME/sync", json={"invoice_number": "A-1"})
    assert (asked.status_code, asked.headers["location"]) == (202, asked.json()["href"])
    done = await ended(api, asked.json())
    assert (done["status"], done["results"][0]["outcome"]) == ("done", "imported"), done
    assert done["position"] >= (await ok(api.get("/v1/events?type=provider-invoice.activated")))["items"][0]["position"]
    invoice = done["results"][0]["href"].rpartition("/")[2]
    raw = await api.get(f"{INVOICES}/{invoice}/file")
    assert raw.content == (lists.folder / "A-1.csv").read_bytes()
    attempt = (await ok(api.get(f"{INVOICES}/{invoice}/attempts")))["items"][0]
    chunk = await api.get(f"{INVOICES}/{invoice}/lines?attempt=1&chunk=1", headers={"accept": "text/csv"})
    assert chunk.headers["x-content-digest"] == f"sha256:{attempt['chunks'][0]['digest']}"
    assert len(chunk.text.splitlines()) == 2
    refused = await api.post("/v1/providers/ACME/sync", json={"invoice_number": "A-1"})
    assert_problem(refused, 409, "provider-invoice-active")
    lists.offer(amounts=("10", "25"), revision="2")
    changed = await ended(api, await ok(api.post("/v1/providers/ACME/sync"), 202))
    assert changed["results"][0]["outcome"] == "changed"
    shown = await ok(api.get("/v1/providers/ACME/invoices"))
    assert (shown["items"][0]["total"], shown["items"][0]["imported_total"]) == ("35.00", "30.00")
    assert {"adjust", "acknowledge-change"} <= allowed(shown["items"][0])
    adjustment = await ok(api.post(f"{INVOICES}/{invoice}/adjust"), 202)
    assert adjustment["invoice_number"] == "A-1~r2"
    await ended(api, adjustment["operation"])
    made = await ok(api.get(f"{INVOICES}/{adjustment['id']}"))
    assert (made["status_reason"], made["total"], made["adjusts"]["id"]) == ("active", "5.00", invoice)


async def test_a_provider_whose_list_cannot_be_fetched(api: httpx.AsyncClient, lists: Lists):
    await world(api, **lists.automatic)
    assert_problem(await api.get("/v1/providers/ACME/invoices"), 409, "list-not-fetched")
    lists.offer()
    assert (await ok(api.get("/v1/providers/ACME/invoices?refresh=true")))["total"] == 1
    (lists.folder / "manifest.json").unlink()
    again = await ok(api.get("/v1/providers/ACME/invoices?refresh=true"))
    assert again["total"] == 1
    assert again["problem"]


async def test_a_path_outside_the_allowed_folder(api: httpx.AsyncClient, lists: Lists):
    await world(api, mode="automatic", connection={"manifest": str(lists.folder / ".." / "secret.json")})
    assert_problem(await api.get("/v1/providers/ACME/invoices"), 409, "list-not-fetched")


async def test_what_can_not_be_synced(api: httpx.AsyncClient):
    await world(api)
    assert_problem(await api.post("/v1/providers/ACME/sync"), 409, "provider-not-automatic")
    assert_problem(await api.post("/v1/providers/NOBODY/sync"), 404, "not-found")
    assert_problem(await api.get("/v1/providers/NOBODY/invoices"), 404, "not-found")


async def test_a_double_click_asks_once_and_a_waiting_operation_can_be_cancelled(api: httpx.AsyncClient, lists: Lists):
    lists.offer()
    await world(api, **lists.automatic)
    headers = {"idempotency-key": "click"}
    first = await ok(api.post("/v1/providers/ACME/sync", headers=headers), 202)
    again = await api.post("/v1/providers/ACME/sync", headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    other = await ok(api.post("/v1/providers/ACME/sync"), 202)
    assert first["id"] == again.json()["id"] == other["id"]
    assert allowed(first) == {"cancel"}
    stopped = await ok(api.post(f"{first['href']}/cancel"))
    assert stopped["status"] == "cancelled"
    assert (await ok(api.post(f"{first['href']}/cancel")))["status"] == "cancelled"
    assert [o["id"] for o in (await ok(api.get("/v1/operations?status=cancelled")))["items"]] == [first["id"]]


async def test_an_override_names_its_invoice(api: httpx.AsyncClient, lists: Lists):
    lists.offer()
    await world(api, **lists.automatic)
    body = {"override_checksum": {"reason": "rounding"}}
    assert_problem(await api.post("/v1/providers/ACME/sync", json=body), 422, "override-needs-number")
