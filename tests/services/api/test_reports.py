"""What was bought and not billed, and billed and not bought: licences beside the subscription lines of contracts."""

from typing import Any

import httpx
import pytest

from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import active, line, ok, world
from tests.support.waiting import eventually_async

BOUGHT, BILLED = "/v1/reports/bought-not-billed", "/v1/reports/billed-not-bought"
FEBRUARY = {"month": "2026-02"}


async def contract(api: httpx.AsyncClient, number: str, *lines: dict[str, Any]) -> str:
    body = {"number": number, "name": number, "customers": [{"customer": "C1", "percent": "100"}], "currency": "EUR"}
    made = await ok(api.post("/v1/billing-contracts", json={**body, "from": "2026-01-01"}))
    for one in lines:
        seats = {"name": "Seats", "kind": "subscription", "quantity": "10", "price": "3.5"}
        await ok(api.post(f"/v1/billing-contracts/{made['id']}/lines", json={**seats, **one}))
    return str(made["id"])


async def until(api: httpx.AsyncClient, path: str, found: int) -> list[dict[str, Any]]:
    """The report, once it has so many items."""

    async def there() -> tuple[list[dict[str, Any]]] | None:
        answer = await ok(api.get(path, params=FEBRUARY))
        return (answer["items"],) if answer["total"] == found else None

    (items,) = await eventually_async(there, within=60)
    return items


@pytest.mark.usefixtures("projecting", "working")
async def test_licences_beside_contract_lines(api: httpx.AsyncClient):
    await world(api)
    licence = {"kind": "licence", "charge": "purchase", "charge_from": "2026-02-01", "charge_to": "2026-02-28"}
    await active(
        api,
        [
            line("30", **licence, subscription="S-1", quantity="10"),
            line("12.5", **licence, subscription="S-2", quantity="5"),
            line("7", **licence, subscription="S-3"),
            line("1.25", **licence, subscription="S-3"),
        ],
        total="50.75",
    )
    bought = await until(api, BOUGHT, 3)
    assert [(b["subscription"], b["lines"], b["cost"]) for b in bought] == [
        ("S-1", 1, "30"), ("S-2", 1, "12.5"), ("S-3", 2, "8.25"),
    ]  # fmt: skip
    k1 = await contract(api, "K-1", {"code": "one", "subscription": "S-1"}, {"code": "nine", "subscription": "S-9"})
    await contract(api, "K-2", {"code": "own", "name": "Our own support"}, {"code": "other", "product": "P9"})
    bought = await until(api, BOUGHT, 2)
    assert [b["subscription"] for b in bought] == ["S-2", "S-3"]
    billed = await until(api, BILLED, 2)
    assert [(b["contract"], b["line"], b["quantity"]) for b in billed] == [
        ("K-1", "nine", "10"),
        ("K-2", "other", "10"),
    ]
    await ok(api.post(f"/v1/billing-contracts/{k1}/lines/one/quantity", json={"from": "2026-01-15", "quantity": "0"}))
    await until(api, BOUGHT, 3)
    await contract(api, "K-3", {"code": "all", "product": "P1"})
    await until(api, BOUGHT, 0)
    assert (await ok(api.get(BOUGHT, params={"month": "2026-03"})))["items"] == []
    rest = await ok(api.get(BILLED, params={**FEBRUARY, "limit": 1}))
    rest = await ok(api.get(BILLED, params={**FEBRUARY, "limit": 1, "cursor": rest["next_cursor"]}))
    assert [b["line"] for b in rest["items"]] == ["other"]


async def test_who_may_read_reports_and_of_what_days(api: httpx.AsyncClient, client_for: MakeClient):
    assert_problem(await (await client_for("operator")).get(BOUGHT), 403, "role-too-small")
    assert_problem(await api.get(BOUGHT, params={"period_from": "2026-02-01"}), 400, "invalid-parameter")
    days = {"period_from": "2026-02-02", "period_to": "2026-02-01"}
    assert_problem(await api.get(BILLED, params=days), 422, "period-backwards")
    shown = await ok(api.get(BILLED))
    assert shown["items"] == []
    assert shown["period_from"].endswith("-01")
