"""A provider invoice's life over HTTP.

Long because each step of a life stands on those before it.
"""

import asyncio
import json

import httpx
import pytest

from domain.identity import id_for
from services.wiring import Parts
from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import HEADER, INVOICES, active, allowed, line, ok, typed_in, upload, world
from tests.support.origins import origin
from tests.support.taking import take_usage


async def test_typed_in_uploaded_activated_and_read(api: httpx.AsyncClient):
    await world(api)
    made = await api.post(INVOICES, json=HEADER)
    assert made.status_code == 201
    invoice = made.json()["id"]
    assert made.headers["location"] == f"{INVOICES}/{invoice}"
    assert invoice == str(id_for("provider-invoice", "ACME", "F-1"))
    assert (made.json()["status"], made.json()["status_reason"]) == ("active", "populating")
    await upload(api, invoice, [line("60.5"), line("39.50")])
    done = await ok(api.post(f"{INVOICES}/{invoice}/activate"), 200)
    assert (done["status_reason"], done["total"]) == ("active", "100.00")
    assert done["position"] > made.json()["position"]
    shown = await api.get(f"{INVOICES}/{invoice}")
    body = shown.json()
    assert shown.headers["etag"] == f'"{done["version"]}"' == f'"{body["version"]}"'
    assert body["sums"]["usage"] == "100"
    assert body["sums"]["rounded"] == "100.00"
    assert body["tax"] == "not_computed"
    assert {"deactivate", "delete"} <= allowed(body)
    refused = {a["action"]: a["code"] for a in body["available_actions"] if not a["allowed"]}
    assert refused["activate"] == "provider-invoice-active"
    lines = await ok(api.get(f"{INVOICES}/{invoice}/lines?state=offered&limit=1"))
    assert (lines["total"], lines["items"][0]["amount"], lines["items"][0]["customer"]) == (2, "60.5", "C1")
    rest = await ok(api.get(f"{INVOICES}/{invoice}/lines?limit=1&cursor={lines['next_cursor']}&count=no"))
    assert (rest["items"][0]["amount"], "total" in rest) == ("39.5", False)
    usage = await ok(api.get(f"{INVOICES}/{invoice}/usage"))
    assert (usage["leaks"], usage["customers"][0]["cost"], usage["customers"][0]["offered"]) == (0, "100", "100")


async def test_the_same_header_is_the_same_invoice_and_another_one_409(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    again = await api.post(INVOICES, json={**HEADER, "total": 100})
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, invoice, 1)
    assert again.json()["position"] > 0
    other = await api.post(INVOICES, json={**HEADER, "total": "100.01"})
    assert_problem(other, 409, "provider-invoice-exists")


async def test_sixteen_at_once_make_one_invoice(api: httpx.AsyncClient):
    await world(api)
    answers = await asyncio.gather(*(api.post(INVOICES, json=HEADER) for _ in range(16)))
    assert sorted(a.status_code for a in answers) == [200] * 15 + [201]
    events = await ok(api.get(f"{INVOICES}/{answers[0].json()['id']}/events"))
    assert len(events["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"total": "NaN"}, 422, "/total"),
        ({"total": "Infinity"}, 422, "/total"),
        ({"total": "1.1234567890123456"}, 422, "/total"),
        ({"total": "100.001"}, 422, None),
        ({"total": True}, 422, "/total"),
        ({"total": "1e400"}, 422, "/total"),
        ({"currency": "XXX"}, 422, None),
        ({"invoice_date": 0}, 422, "/invoice_date"),
        ({"invoice_date": "01.03.2026"}, 422, "/invoice_date"),
        ({"period_to": "2026-01-01"}, 422, None),
        ({"tax_included": "yes"}, 422, "/tax_included"),
        ({"provider": "NOBODY"}, 422, None),
        ({"invoice_number": " "}, 422, None),
        ({"surprise": 1}, 422, "/surprise"),
    ],
)
async def test_a_header_that_cannot_be_changes_nothing(api: httpx.AsyncClient, change: dict, status: int, pointer):
    await world(api)
    before = (await api.get("/v1/feed/position")).json()
    answer = await api.post(INVOICES, json={**HEADER, **change})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if pointer:
        assert pointer in {e["pointer"] for e in answer.json()["errors"]}
    assert (await api.get("/v1/feed/position")).json() == before


async def test_a_difference_below_half_a_unit_is_overridden_with_a_reason(
    api: httpx.AsyncClient, client_for: MakeClient
):
    await world(api)
    invoice = await typed_in(api)
    await upload(api, invoice, [line("99.70")])
    failed = await ok(api.post(f"{INVOICES}/{invoice}/activate"), 200)
    assert (failed["status"], failed["reasons"], failed["difference"]) == ("inactive", ["checksum_failed"], "-0.30")
    wrong = {"override_checksum": {"reason": "rounding", "difference": "0.10"}}
    assert_problem(await api.post(f"{INVOICES}/{invoice}/activate", json=wrong), 409, "difference-differs")
    empty = {"override_checksum": {"reason": "  "}}
    assert_problem(await api.post(f"{INVOICES}/{invoice}/activate", json=empty), 422, "invalid-body")
    waived = {"override_checksum": {"reason": "rounding", "difference": "-0.30"}}
    done = await ok(api.post(f"{INVOICES}/{invoice}/activate", json=waived))
    assert done["status_reason"] == "active"
    attempts = await ok(api.get(f"{INVOICES}/{invoice}/attempts"))
    assert attempts["items"][0]["override"]["by"] == "tester"
    assert attempts["items"][0]["override"]["difference"] == "-0.30"
    assert attempts["items"][0]["begun_by"] == "tester"
    viewer = await client_for("viewer", subject="looking")
    seen = (await ok(viewer.get(f"{INVOICES}/{invoice}/attempts")))["items"][0]
    assert (seen["begun_by"], seen["override"]["by"], seen["override"]["difference"]) == (None, None, "-0.30")


async def test_half_a_unit_is_never_overridden(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    await upload(api, invoice, [line("99.50")])
    body = {"override_checksum": {"reason": "please"}}
    answer = await api.post(f"{INVOICES}/{invoice}/activate", json=body)
    shown = await ok(api.get(f"{INVOICES}/{invoice}"))
    assert answer.json().get("status_reason", "error") != "active"
    assert shown["status_reason"] != "active"


async def test_errors_csv_filled_in_and_posted_mends_the_invoice(api: httpx.AsyncClient):
    await ok(api.put("/v1/providers/ACME", json={"name": "Acme Cloud"}), 201)
    invoice = await typed_in(api)
    await upload(api, invoice, [line("40"), line("60", customer="c-2")])
    failed = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert failed["reasons"] == ["unresolved_references"]
    answer = await api.get(f"{INVOICES}/{invoice}/errors.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = answer.text.splitlines()
    assert head.startswith("kind,provider,reference,code,name")
    filled = []
    for row in rows:
        cells = row.split(",")
        cells[3] = {"c-1": "C1", "c-2": "C2", "p-1": "P1"}[cells[2]]
        filled.append(",".join(cells))
    file = "\r\n".join([head, *filled]).encode()
    csv = {"content-type": "text/csv"}
    customers = await ok(api.post("/v1/customers/bulk", content=file, headers=csv))
    products = await ok(api.post("/v1/products/bulk", content=file, headers=csv))
    assert (customers["created"], products["created"]) == (2, 1)
    done = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert (done["status_reason"], done["attempt"]) == ("active", 1)
    assert len((await api.get(f"{INVOICES}/{invoice}/errors.csv")).text.splitlines()) == 1


async def test_parts_are_added_replaced_and_removed_as_a_whole(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    path = f"{INVOICES}/{invoice}/lines"
    await ok(api.post(f"{path}?part=a", json=[line("10")]))
    again = await ok(api.post(f"{path}?part=a", json=[line("10")]))
    assert again["changed"] is False
    assert_problem(await api.post(f"{path}?part=a", json=[line("11")]), 409, "part-exists")
    await ok(api.put(f"{path}?part=a", json=[line("11"), line("12")]))
    await ok(api.post(f"{path}?part=b", json=[line("77")]))
    await ok(api.delete(f"{path}?part=b"))
    shown = await ok(api.get(f"{INVOICES}/{invoice}"))
    assert [(p["part"], p["lines"], p["sums"]["usage"]["amount"]) for p in shown["parts"]] == [("a", 2, "23")]
    raw = await api.get(f"{INVOICES}/{invoice}/file?name=a")
    assert json.loads(raw.content) == [line("11"), line("12")]
    assert raw.headers["x-content-digest"].startswith("sha256:")
    assert_problem(await api.get(f"{INVOICES}/{invoice}/file?name=b"), 404, "file-missing")
    assert_problem(await api.post(path, json=[line()]), 400, "invalid-parameter")
    assert_problem(
        await api.post(f"{path}?part=x", content=b"x", headers={"content-type": "image/png"}),
        415,
        "unsupported-media-type",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b"[{}]",
        b'[{"kind":"usage","charge_from":"2026-02-03","quantity":"1","amount":"NaN"}]',
        b'[{"kind":"usage","charge_from":"2026-02-03","quantity":"1","amount":"1.1234567890123456"}]',
        b'[{"kind":"usage","charge_from":"2026-02-03","quantity":"1","amount":"1","what":1}]',
        b'[{"kind":"usage","charge_from":"2026-02-03","quantity":"1","amount":"1","customer":"a\\u0000b"}]',
        b'[{"kind":"usage","charge_from":"2026-02-03","quantity":"1","amount":"1","customer":"a\\ud800b"}]',
        b"[1, 2]",
        b'{"a": 1}',
        b"",
        b"\xff\xfe",
        b"[null]",
    ],
)
async def test_bad_lines_count_for_nothing(api: httpx.AsyncClient, content: bytes):
    await world(api)
    invoice = await typed_in(api)
    answer = await api.post(
        f"{INVOICES}/{invoice}/lines?part=a", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert (await ok(api.get(f"{INVOICES}/{invoice}")))["parts"] == []


async def test_an_upload_is_idempotent_by_its_key_too(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    path = f"{INVOICES}/{invoice}/lines?part=a"
    headers = {"idempotency-key": "up"}
    first = await api.post(path, json=[line("100")], headers=headers)
    await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    again = await api.post(path, json=[line("100")], headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert_problem(await api.post(path, json=[line("1")], headers=headers), 422, "idempotency-key-reused")


async def test_the_header_is_corrected_and_stale_versions_are_412(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    done = await api.patch(f"{INVOICES}/{invoice}", json={"total": "50"}, headers={"if-match": '"1"'})
    assert (done.json()["total"], done.headers["etag"]) == ("50.00", '"2"')
    stale = await api.patch(f"{INVOICES}/{invoice}", json={"total": "60"}, headers={"if-match": '"1"'})
    assert_problem(stale, 412, "stale-version")
    sound = await api.patch(f"{INVOICES}/{invoice}", json={"period_to": "2025-01-01"})
    assert_problem(sound, 422, "invalid-header-fields")
    null = await api.patch(f"{INVOICES}/{invoice}", json={"total": None})
    assert null.status_code == 422


async def test_deactivated_created_again_and_deleted(api: httpx.AsyncClient):
    await world(api)
    invoice = await active(api)
    assert_problem(await api.post(f"{INVOICES}/{invoice}/deactivate", json={}), 422, "invalid-body")
    done = await ok(api.post(f"{INVOICES}/{invoice}/deactivate", json={"reason": "wrong file"}))
    assert (done["status"], done["status_reason"]) == ("inactive", "deactivated")
    back = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert (back["status_reason"], back["attempt"]) == ("active", 2)
    gone = await ok(api.request("DELETE", f"{INVOICES}/{invoice}", json={"reason": "a test"}))
    assert (gone["status"], gone["status_reason"]) == ("deleted", None)
    again = await ok(api.request("DELETE", f"{INVOICES}/{invoice}", json={"reason": "a test"}))
    assert (again["changed"], again["version"]) == (False, gone["version"])
    fresh = await api.post(INVOICES, json=HEADER)
    assert (fresh.status_code, fresh.json()["attempt"]) == (201, 3)


async def test_lines_on_a_customer_invoice_are_released_and_offered_again(api: httpx.AsyncClient, parts: Parts):
    await world(api)
    invoice = await active(api)
    ad_hoc = {"customer": "C1", "reference": "R-1", "invoice_date": "2026-03-01", "period_from": "2026-02-01"}
    made = await api.post("/v1/customer-invoices", json={**ad_hoc, "currency": "EUR"})
    assert made.status_code == 201, made.text
    await take_usage(parts.invoices, origin(), id_for("provider-invoice", "ACME", "F-1"), "C1", "R-1")
    customer_invoice = made.json()["id"]
    held = await ok(api.get(f"/v1/customer-invoices/{customer_invoice}"))
    assert (held["lines"], held["cost"]) == (1, "100")
    refused = await api.post(f"{INVOICES}/{invoice}/deactivate", json={"reason": "wrong"})
    named = assert_problem(refused, 409, "lines-invoiced")["customer_invoices"]
    assert named == [{"id": customer_invoice, "name": "R-1", "lines": 1, "releasable": True}]
    body = {"customer_invoice": customer_invoice, "reason": "not theirs"}
    assert "release" in allowed(await ok(api.get(f"{INVOICES}/{invoice}")))
    again = await ok(api.post(f"{INVOICES}/{invoice}/activate", json={}))
    assert (again["changed"], "deactivate" in allowed(again), "release" in allowed(again)) == (False, False, True)
    same = await ok(api.post(INVOICES, json=HEADER), 200)
    assert ("deactivate" in allowed(same), "release" in allowed(same)) == (False, True)
    released = await ok(api.post(f"{INVOICES}/{invoice}/release", json=body))
    assert (released["lines"], released["cost"]) == (1, "100")
    assert "reoffer" in allowed(released)
    assert "release" not in allowed(released)
    line_state = (await ok(api.get(f"{INVOICES}/{invoice}/lines")))["items"][0]["state"]
    assert line_state == "released"
    back = await ok(api.post(f"{INVOICES}/{invoice}/reoffer", json={"reason": "theirs after all"}))
    assert back["lines"] == 1
    assert "reoffer" not in allowed(back)


async def test_what_a_caller_may_not_do_is_said_by_role(client_for: MakeClient, api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    viewer, operator = await client_for("viewer"), await client_for("operator", subject="op")
    shown = await ok(viewer.get(f"{INVOICES}/{invoice}"))
    assert allowed(shown) == set()
    assert {a["code"] for a in shown["available_actions"]} == {"role-too-small"}
    assert "activate" in allowed(await ok(operator.get(f"{INVOICES}/{invoice}")))
    assert_problem(await viewer.post(f"{INVOICES}/{invoice}/activate"), 403, "role-too-small")
    assert_problem(await viewer.get(f"{INVOICES}/{invoice}/events"), 403, "role-too-small")
    assert (await operator.get(f"{INVOICES}/{invoice}/events")).status_code == 200
    assert_problem(await operator.get(f"{INVOICES}/{invoice}?as_of=1"), 403, "role-too-small")


async def test_the_state_as_it_was(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    await ok(api.patch(f"{INVOICES}/{invoice}", json={"total": "50"}))
    events = (await ok(api.get(f"{INVOICES}/{invoice}/events")))["items"]
    assert (await ok(api.get(f"{INVOICES}/{invoice}?as_of=1")))["total"] == "100.00"
    then = events[0]["recorded_at"]
    assert (await ok(api.get(f"{INVOICES}/{invoice}", params={"as_of": then})))["total"] == "100.00"
    now = events[1]["recorded_at"]
    assert (await ok(api.get(f"{INVOICES}/{invoice}", params={"as_of": now})))["total"] == "50.00"
    assert "available_actions" not in await ok(api.get(f"{INVOICES}/{invoice}?as_of=1")), "they depend on what is now"
    assert "available_actions" not in await ok(api.get("/v1/customers/C1?as_of=1"))
    assert_problem(await api.get(f"{INVOICES}/{invoice}?as_of=2020-01-01T00:00:00Z"), 404, "not-found-then")
    assert_problem(await api.get(f"{INVOICES}/{invoice}?as_of=yesterday"), 400, "invalid-parameter")


async def test_what_is_not_there_is_404(api: httpx.AsyncClient):
    for path in (INVOICES, "/v1/customer-invoices", "/v1/operations"):
        assert (await api.get(f"{path}/0f5aa5ac-0000-5000-8000-000000000000")).status_code == 404
        assert_problem(await api.get(f"{path}/nonsense"), 404, "not-found")
    missing = f"{INVOICES}/0f5aa5ac-0000-5000-8000-000000000000"
    for verb in ("activate", "cancel", "acknowledge-change", "adjust"):
        assert_problem(await api.post(f"{missing}/{verb}"), 404, "provider-invoice-missing")
    for read in ("lines", "attempts", "usage", "file", "errors.csv", "warnings.csv"):
        assert_problem(await api.get(f"{missing}/{read}"), 404, "provider-invoice-missing")
