"""/v1/purchases: one, a list, a stream; found again, cancelled, routed again."""

import asyncio
import json

import pytest

from tests.services.api.conftest import assert_problem
from tests.services.api.steps import ok, world
from tests.support.counter import purchase
from tests.support.waiting import eventually_async

PURCHASES = "/v1/purchases"


@pytest.fixture
async def shop(api):
    await world(api)
    body = {"name": "First", "bill_from": "2026-01-01"}
    await ok(api.put("/v1/customers/C1", json=body))
    return api


async def test_one_is_accepted_once(shop):
    first = await ok(shop.post(PURCHASES, json=purchase(cost="4.50")), 201)
    assert (first["outcome"], first["state"]) == ("accepted", "waiting")
    again = await ok(shop.post(PURCHASES, json=purchase(cost="4.5")), 200)
    assert (again["outcome"], again["id"]) == ("duplicate", first["id"])
    assert_problem(await shop.post(PURCHASES, json=purchase(cost="5")), 409, "purchase-conflict")


async def test_the_same_idempotency_key_gets_the_first_answer_again(shop):
    for body in (purchase(), [purchase("a"), purchase("b", customer="NOBODY")]):
        headers = {"Idempotency-Key": f"key-{type(body).__name__}"}
        first = await shop.post(PURCHASES, json=body, headers=headers)
        again = await shop.post(PURCHASES, json=body, headers=headers)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert "accepted" in first.text
        assert again.headers["idempotency-replayed"] == "true"
        other = await shop.post(PURCHASES, json=purchase("z"), headers=headers)
        assert_problem(other, 422, "idempotency-key-reused")
    one = (await ok(shop.get(PURCHASES)))["items"][0]["id"]
    for path, body in ((f"{one}/cancel", {"reason": "r"}), ("reroute", {"reason": "r"})):
        headers = {"Idempotency-Key": f"key-{path}"}
        first = await ok(shop.post(f"{PURCHASES}/{path}", json=body, headers=headers))
        again = await shop.post(f"{PURCHASES}/{path}", json=body, headers=headers)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first, "true")


async def test_one_that_was_accepted_says_where_it_is(shop):
    made = await shop.post(PURCHASES, json=purchase())
    assert made.status_code == 201
    assert (await ok(shop.get(made.headers["location"])))["key"] == purchase()["key"]
    assert made.json()["position"] > 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"customer": "NOBODY"}, "unknown-customer"),
        ({"product": "NOTHING"}, "unknown-product"),
        ({"quantity": "1e30"}, "invalid"),
        ({"quantity": "many"}, "invalid"),
        ({"colour": "red"}, "invalid"),
        ({"time": "0001-01-01T00:00:00Z"}, "invalid"),
        ({"time": "9999-12-31T23:59:59Z"}, "invalid"),
    ],
)
async def test_a_bad_one_is_refused_and_nothing_is_kept(shop, wrong, code):
    assert_problem(await shop.post(PURCHASES, json=purchase(**wrong)), 422, code)
    assert (await ok(shop.get(PURCHASES)))["total"] == 0


async def test_a_list_has_a_result_each(shop):
    body = [purchase("a"), purchase("b", customer="NOBODY"), {"key": "c"}, purchase("a"), 7]
    told = await ok(shop.post(PURCHASES, json=body))
    assert [r["outcome"] for r in told["results"]] == ["accepted", "rejected", "rejected", "duplicate", "rejected"]
    assert (told["accepted"], told["duplicate"], told["rejected"]) == (1, 1, 3)


async def test_a_stream_is_answered_in_kind(shop):
    lines = [json.dumps(purchase(f"k-{n}")) for n in range(50)]
    lines[7] = "{broken"
    answer = await shop.post(PURCHASES, content="\n".join(lines), headers={"content-type": "application/x-ndjson"})
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [r["index"] for r in results] == list(range(50))
    assert [r["outcome"] for r in results].count("accepted") == 49
    assert results[7]["error"]["code"] == "invalid"


async def test_a_stream_that_is_repeated_is_safe_by_its_purchases_keys_whatever_its_idempotency_key(shop):
    headers = {"content-type": "application/x-ndjson", "Idempotency-Key": "stream-1"}
    seen = []
    for names in (["k-1", "k-2"], ["k-1", "k-2"], ["k-2", "k-3"]):
        content = "\n".join(json.dumps(purchase(name)) for name in names)
        answer = await shop.post(PURCHASES, content=content, headers=headers)
        assert "idempotency-replayed" not in answer.headers
        seen.append([json.loads(line)["outcome"] for line in answer.text.splitlines()])
    assert seen == [["accepted", "accepted"], ["duplicate", "duplicate"], ["duplicate", "accepted"]]


async def test_too_many_in_a_list(shop, parts):
    limit = parts.settings.max_bulk_items
    body = b"[" + b",".join([b"1"] * (limit + 1)) + b"]"
    answer = await shop.post(PURCHASES, content=body, headers={"content-type": "application/json"})
    assert_problem(answer, 422, "too-many-items")


async def test_search_and_pages(shop):
    for n in range(5):
        await ok(shop.post(PURCHASES, json=purchase(f"k-{n}")), 201)
    page = await ok(shop.get(PURCHASES, params={"limit": 2, "customer": "C1"}))
    assert (page["total"], [i["key"] for i in page["items"]]) == (5, ["k-4", "k-3"])
    rest = await ok(shop.get(PURCHASES, params={"limit": 200, "cursor": page["next_cursor"]}))
    assert [i["key"] for i in rest["items"]] == ["k-2", "k-1", "k-0"]
    assert rest["next_cursor"] is None
    assert (await ok(shop.get(PURCHASES, params={"day_to": "2026-02-02"})))["total"] == 0
    assert_problem(await shop.get(PURCHASES, params={"cursor": "x"}), 400, "invalid-cursor")


async def test_cancel_before_and_after_the_invoice_took_it_in(shop, working):
    told = await ok(shop.post(PURCHASES, json=[purchase("a", cost="1"), purchase("b", cost="2")]))
    ids = [r["id"] for r in told["results"]]

    async def invoiced():
        return {i["state"] for i in (await ok(shop.get(PURCHASES)))["items"]} == {"invoiced"}

    await eventually_async(invoiced)
    invoice = (await ok(shop.get(f"{PURCHASES}/{ids[0]}")))["customer_invoice"]
    cancelled = await ok(shop.post(f"{PURCHASES}/{ids[0]}/cancel", json={"reason": "typed twice"}))
    assert (cancelled["state"], cancelled["state_reason"]) == ("cancelled", "typed twice")
    again = await ok(shop.post(f"{PURCHASES}/{ids[0]}/cancel", json={"reason": "typed twice"}))
    assert again["state"] == "cancelled"
    assert (await ok(shop.get(f"/v1/customer-invoices/{invoice}")))["lines"] == 1


async def test_cancel_needs_a_reason_and_a_purchase(shop):
    missing = "00000000-0000-0000-0000-000000000000"
    assert_problem(await shop.post(f"{PURCHASES}/{missing}/cancel", json={"reason": "r"}), 404, "purchase-missing")
    assert_problem(await shop.post(f"{PURCHASES}/{missing}/cancel", json={}), 422, "invalid-body")


async def test_what_was_excluded_is_taken_in_when_bill_from_is_moved(shop, working):
    await ok(shop.put("/v1/customers/C1", json={"name": "First", "bill_from": "2026-02-10"}))
    told = await ok(shop.post(PURCHASES, json=purchase()), 201)
    assert told["state"] == "excluded"
    await ok(shop.put("/v1/customers/C1", json={"name": "First", "bill_from": "2026-01-01"}))

    async def invoiced():
        return (await ok(shop.get(f"{PURCHASES}/{told['id']}")))["state"] == "invoiced"

    await eventually_async(invoiced)


async def test_a_reference_that_becomes_known_takes_what_was_held(shop, working):
    told = await ok(shop.post(PURCHASES, json=purchase(reference="PROJECT-1")), 201)
    assert told["state"] == "waiting"
    body = {"customer": "C1", "reference": "PROJECT-1", "invoice_date": "2026-02-01", "period_from": "2026-02-01"}
    made = await ok(shop.post("/v1/customer-invoices", json={**body, "currency": "EUR"}), 201)

    async def invoiced():
        found = await ok(shop.get(f"{PURCHASES}/{told['id']}"))
        return (found["state"], found["customer_invoice"]) == ("invoiced", made["id"])

    await eventually_async(invoiced)


async def test_many_clients_at_once(shop, working):
    await asyncio.gather(
        *(ok(shop.post(PURCHASES, json=[purchase(f"{c}-{n}", cost="1") for n in range(20)])) for c in range(8))
    )

    async def all_invoiced():
        return (await ok(shop.get(PURCHASES, params={"state": "invoiced"})))["total"] == 160

    await eventually_async(all_invoiced)


async def test_one_unknown_customer_among_a_hundred_thousand_good_ones(shop):
    lines = (json.dumps(purchase(f"k-{n}", customer="NOBODY" if n == 77_777 else "C1")) for n in range(100_000))
    content = "\n".join(lines).encode()
    answer = await shop.post(PURCHASES, content=content, headers={"content-type": "application/x-ndjson"}, timeout=120)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [r["index"] for r in results if r["outcome"] != "accepted"] == [77_777]
    assert results[77_777]["error"]["code"] == "unknown-customer"
    assert (await ok(shop.get(PURCHASES, params={"limit": 1})))["total"] == 99_999
