"""Steps of the tests in few words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

HEADER = {
    "provider": "ACME",
    "invoice_number": "F-1",
    "invoice_date": "2026-03-01",
    "period_from": "2026-02-01",
    "period_to": "2026-02-28",
    "currency": "EUR",
    "total": "100.00",
}
INVOICES = "/v1/provider-invoices"


def line(amount: str = "100", customer: str | None = "c-1", **more: Any) -> dict[str, Any]:
    """A line as a caller sends it: usage of p-1 by c-1."""
    fields = {
        "kind": "usage",
        "customer": customer,
        "product": "p-1",
        "charge_from": "2026-02-03",
        "quantity": "1",
        "amount": amount,
    }
    return {**fields, **more}


async def ok(request: Any, status: int | None = None) -> dict[str, Any]:
    """The answer's JSON; any refusal fails the test with what it says."""
    answer: httpx.Response = await request
    assert answer.status_code < 300 if status is None else answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def world(api: httpx.AsyncClient, **provider: Any) -> None:
    """Provider ACME, customer C1 (c-1), product P1 (p-1)."""
    await ok(api.put("/v1/providers/ACME", json={"name": "Acme Cloud", **provider}), 201)
    identifier = {"provider": "ACME"}
    await ok(
        api.put("/v1/customers/C1", json={"name": "First", "identifiers": [{**identifier, "identifier": "c-1"}]}), 201
    )
    await ok(
        api.put("/v1/products/P1", json={"name": "Compute", "identifiers": [{**identifier, "identifier": "p-1"}]}), 201
    )


async def typed_in(api: httpx.AsyncClient, **more: Any) -> str:
    """The id of a manual invoice that waits for lines."""
    found: str = (await ok(api.post(INVOICES, json={**HEADER, **more})))["id"]
    return found


async def upload(api: httpx.AsyncClient, invoice: str, lines: Sequence[Mapping[str, Any]], part: str = "a") -> dict:
    """Lines as NDJSON."""
    content = "\n".join(json.dumps(each) for each in lines)
    headers = {"content-type": "application/x-ndjson"}
    return await ok(api.post(f"{INVOICES}/{invoice}/lines?part={part}", content=content, headers=headers))


async def active(api: httpx.AsyncClient, lines: Sequence[Mapping[str, Any]] | None = None, **more: Any) -> str:
    """The id of an active manual invoice."""
    invoice = await typed_in(api, **more)
    await upload(api, invoice, lines or [line()])
    done = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert done["status_reason"] == "active", done
    return invoice


def allowed(resource: Mapping[str, Any]) -> set[str]:
    """Verbs that this caller may use now."""
    return {action["action"] for action in resource["available_actions"] if action["allowed"]}
