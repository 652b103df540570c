"""Lists out of read models, with a projector beside the API."""

import httpx
import pytest

from services.wiring import Parts
from tests.services.api.conftest import assert_problem
from tests.services.api.steps import HEADER, INVOICES, active, line, ok, typed_in, upload, world


@pytest.mark.usefixtures("projecting")
async def test_a_list_that_has_what_was_written(api: httpx.AsyncClient):
    await world(api)
    for number in range(1, 4):
        await typed_in(api, invoice_number=f"F-{number}", total=f"{number}00")
    last = await ok(api.post(INVOICES, json={**HEADER, "invoice_number": "F-4", "currency": "JPY", "total": "5"}))
    at_least = last["position"]
    page = await ok(api.get(f"{INVOICES}?limit=3&at_least={at_least}"))
    assert (page["total"], [i["invoice_number"] for i in page["items"]]) == (4, ["F-4", "F-3", "F-2"])
    assert page["items"][0]["total"] == "5"
    rest = await ok(api.get(f"{INVOICES}?limit=3&cursor={page['next_cursor']}&count=no"))
    assert [i["invoice_number"] for i in rest["items"]] == ["F-1"]
    assert (rest["next_cursor"], "total" in rest) == (None, False)
    some = await ok(api.get(f"{INVOICES}?total_from=150&currency=EUR&status=active&number=f-&period_from=2026-02-28"))
    assert {i["invoice_number"] for i in some["items"]} == {"F-2", "F-3"}
    assert (await ok(api.get(f"{INVOICES}?status=deleted")))["items"] == []


@pytest.mark.usefixtures("projecting")
async def test_problems_are_listed_until_they_are_mended(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    await upload(api, invoice, [line("10", customer="c-9"), line("20")])
    failed = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    for path in ("/v1/problem-invoices", "/v1/problems"):
        found = await ok(api.get(f"{path}?at_least={failed['position']}"))
        assert found["total"] == 1
        problem = found["items"][0]
        assert problem["href"] == f"{INVOICES}/{invoice}"
        assert set(problem["kinds"]) == {"checksum_failed", "unresolved_references"}
        assert problem["difference"] == "-70.00"
        assert problem["next_steps"]
    gone = await ok(api.request("DELETE", f"{INVOICES}/{invoice}", json={"reason": "a test"}))
    assert (await ok(api.get(f"/v1/problem-invoices?at_least={gone['position']}")))["items"] == []
    summary = await ok(api.get("/v1/import-summaries"))
    assert isinstance(summary["items"], list)


@pytest.mark.usefixtures("projecting")
async def test_reference_data_and_suggestions(api: httpx.AsyncClient):
    await world(api)
    last = await ok(api.put("/v1/customers/C2", json={"name": "Second", "cluster": None}), 201)
    page = await ok(api.get(f"/v1/customers?at_least={last['position']}&limit=1"))
    assert (page["total"], page["items"][0]["code"], page["items"][0]["name"]) == (2, "C1", "First")
    with_identifier = await ok(api.get("/v1/customers?provider=ACME"))
    assert [c["code"] for c in with_identifier["items"]] == ["C1"]
    erased = await ok(api.post("/v1/customers/C1/erase", json={"reason": "asked for"}))
    assert erased["status"] == "erased"
    shown = await ok(api.get(f"/v1/customers?retired=all&at_least={erased['position']}"))
    assert {c["name"] for c in shown["items"]} == {"[erased]", "Second"}
    assert (await ok(api.get("/v1/customers/C1")))["name"] == "[erased]"
    found = await ok(api.get("/v1/suggestions?field=product&q=Com"))
    assert found["items"] == [{"value": "P1", "label": "Compute"}]
    assert_problem(await api.get("/v1/suggestions?field=nothing"), 400, "invalid-parameter")


@pytest.mark.usefixtures("projecting")
async def test_customer_invoices(api: httpx.AsyncClient):
    await world(api)
    body = {
        "customer": "C1", "reference": "R-1", "invoice_date": "2026-03-01", "period_from": "2026-02-01", "currency": "EUR"
    }  # fmt: skip
    made = await ok(api.post("/v1/customer-invoices", json=body), 201)
    again = await ok(api.post("/v1/customer-invoices", json=body), 200)
    assert made["id"] == again["id"]
    page = await ok(api.get(f"/v1/customer-invoices?customer=C1&at_least={made['position']}"))
    assert [(i["reference"], i["customer_name"], i["status"]) for i in page["items"]] == [("R-1", "First", "pending")]
    assert (await ok(api.get("/v1/customers/C1/invoices")))["total"] == 1
    found = await ok(api.get(f"/v1/suggestions?field=reference&q=r-&at_least={made['position']}"))
    assert found["items"] == [{"value": "R-1", "label": "R-1 · First"}]
    assert (await ok(api.get("/v1/suggestions?field=number")))["items"] == []
    gone = await ok(api.request("DELETE", f"/v1/customer-invoices/{made['id']}", json={"reason": "a test"}))
    assert gone["status"] == "deleted"
    assert (await ok(api.get(f"/v1/customer-invoices?at_least={gone['position']}")))["items"] == []


async def test_a_read_model_that_is_behind_is_503(api: httpx.AsyncClient, parts: Parts):
    parts.read_wait = 0.05
    await world(api)
    answer = await api.get(f"{INVOICES}?at_least=1")
    assert answer.headers["retry-after"] == "1"
    assert_problem(answer, 503, "read-model-behind")


async def test_cursors_and_limits_are_checked(api: httpx.AsyncClient):
    invoice_lists = (INVOICES, "/v1/customer-invoices", "/v1/problem-invoices", "/v1/customers", "/v1/import-summaries")
    for path in (*invoice_lists, "/v1/sync-runs", "/v1/notices", "/v1/problems"):
        assert_problem(await api.get(f"{path}?limit=201"), 400, "invalid-parameter")
        assert_problem(await api.get(f"{path}?limit=0"), 400, "invalid-parameter")
        for cursor in ("nonsense", "WyJcdTAwMDAiXQ", "WyJcdWQ4MDAiXQ", "W10", "e30", "%FF", "bnVsbA"):
            answer = await api.get(f"{path}?cursor={cursor}")
            assert answer.status_code == 422, (path, cursor, answer.text)
            assert answer.json()["code"] == "invalid-cursor"
        for cursor in ("WyJhIiwiYiJd", "WyJhIiwiYiIsImMiXQ", "WyJhIiwiYiIsImMiLCJkIl0"):
            answer = await api.get(f"{path}?cursor={cursor}")
            assert answer.status_code in {200, 422}, (path, cursor, answer.text)
        assert (await ok(api.get(path)))["items"] == []


async def test_filters_take_what_they_can_compare(api: httpx.AsyncClient):
    for query in ("total_from=abc", "total_to=NaN", "period_from=soon", "status=unknown", "overridden=perhaps"):
        assert_problem(await api.get(f"{INVOICES}?{query}"), 400, "invalid-parameter")
    assert (await api.get(f"{INVOICES}?total_from=1e20&number=%25_%5C")).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "status=opn",
        "type=daily",
        "view=mine",
        "total_from=2&total_to=1",
        "period_from=2026-02-02&period_to=2026-02-01",
        "month=2026-02&period_to=2026-02-01",
        "month=2026-13",
    ],
)
async def test_a_search_that_nothing_could_match_is_told_so(api: httpx.AsyncClient, query: str):
    assert_problem(await api.get(f"/v1/customer-invoices?{query}"), 400, "invalid-parameter")


@pytest.mark.usefixtures("projecting")
async def test_the_usage_of_an_active_invoice_shows_in_the_list(api: httpx.AsyncClient):
    await world(api)
    invoice = await active(api)
    position = (await ok(api.get("/v1/feed/position")))["position"]
    page = await ok(api.get(f"{INVOICES}?at_least={position}"))
    assert (page["items"][0]["id"], page["items"][0]["usage"]["offered_cost"]) == (invoice, "100")
