"""Pricing rules, approval processes and number series over HTTP."""

import httpx
import pytest

from tests.services.api.conftest import assert_problem
from tests.services.api.steps import ok


def rule(**more: object) -> dict[str, object]:
    return {"name": "Rule", "currency": "EUR", "price": {"family": "per_unit", "unit_price": "2.50"}, **more}


async def world(api: httpx.AsyncClient) -> None:
    await ok(api.put("/v1/clusters/north", json={"name": "North"}), 201)
    await ok(api.put("/v1/customers/C", json={"name": "C", "cluster": "north"}), 201)
    await ok(api.put("/v1/products/P", json={"name": "P", "category": "compute"}), 201)


async def test_saving_a_rule_says_what_it_hides_and_what_hides_it(api: httpx.AsyncClient):
    await world(api)
    made = await ok(api.post("/v1/pricing-rules", json=rule(code="all")), 201)
    assert (made["hides"], made["hidden_by"]) == ([], [])
    await ok(api.put("/v1/pricing-rules/product", json=rule(cluster="north", product="P")), 201)
    body = rule(customer="C", category="compute", valid_from="2026-01-01", valid_to="2027-01-01")
    mine = await ok(api.put("/v1/pricing-rules/mine", json=body), 201)
    days = {"from": "2026-01-01", "to": "2027-01-01", "fully": False}
    assert mine["hides"] == [{"code": "all", **days}, {"code": "product", **days}]
    assert mine["hidden_by"] == []
    changed = await ok(api.patch("/v1/pricing-rules/mine", json={"customer": None}))
    assert ([r["code"] for r in changed["hides"]], [r["code"] for r in changed["hidden_by"]]) == (["all"], ["product"])
    page = await ok(api.get("/v1/pricing-rules/conflicts?limit=2"))
    rest = await ok(api.get(f"/v1/pricing-rules/conflicts?limit=2&cursor={page['next_cursor']}"))
    found = [(c["winner"], c["loser"]) for c in (*page["items"], *rest["items"])]
    assert found == [("mine", "all"), ("product", "all"), ("product", "mine")]
    assert (page["total"], rest["next_cursor"]) == (3, None)
    await ok(api.post("/v1/pricing-rules/product/retire"))
    assert (await ok(api.get("/v1/pricing-rules/conflicts")))["total"] == 1
    assert_problem(await api.get("/v1/pricing-rules/conflicts?cursor=x"), 422, "invalid-cursor")


async def test_a_rule_is_told_alike_under_its_key(api: httpx.AsyncClient):
    headers = {"idempotency-key": "rule"}
    first = await api.post("/v1/pricing-rules", json=rule(code="R"), headers=headers)
    again = await api.post("/v1/pricing-rules", json=rule(code="R"), headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"currency": None}, "invalid-body"),
        ({"price": {"family": "graduated", "tiers": [{"up_to": "10", "unit_price": "1"}]}}, "invalid-body"),
        ({"price": {"family": "discount_off_list", "percent": "101"}}, "invalid-body"),
        ({"price": {"family": "per_unit", "unit_price": "1e30000"}}, "invalid-body"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-02-01"}, "invalid-body"),
        ({"customer": "C", "cluster": "north"}, "invalid-body"),
        ({"customer": "X"}, "unknown-customer"),
        ({"cluster": "X"}, "unknown-cluster"),
        ({"product": "X"}, "unknown-product"),
    ],
)
async def test_a_bad_rule_is_refused(api: httpx.AsyncClient, more: dict[str, object], code: str):
    assert_problem(await api.post("/v1/pricing-rules", json=rule(code="R", **more)), 422, code)
    assert (await api.get("/v1/pricing-rules/R")).status_code == 404


async def test_processes_are_set_at_clusters_and_customers(api: httpx.AsyncClient):
    await world(api)
    steps = [{"group": "finance", "approvals": 2}]
    unknown = await api.post("/v1/approval-processes", json={"code": "two", "name": "Two", "steps": steps})
    assert_problem(unknown, 422, "unknown-group")
    await ok(api.put("/v1/groups/finance", json={"name": "Finance", "members": ["a", "b"]}), 201)
    made = await ok(api.post("/v1/approval-processes", json={"code": "two", "name": "Two", "steps": steps}), 201)
    assert (made["steps"], made["four_eyes"], made["automatic"]) == (steps, False, False)
    assert_problem(
        await api.patch("/v1/customers/C", json={"approval_process": "three"}), 422, "unknown-approval-process"
    )
    assert_problem(
        await api.patch("/v1/clusters/north", json={"number_series": "x"}), 422, "unknown-invoice-number-series"
    )
    changed = await ok(api.patch("/v1/clusters/north", json={"approval_process": "two", "number_series": "default"}))
    assert (changed["approval_process"], changed["number_series"]) == ("two", "default")
    for wrong in ({"automatic": True, "steps": steps * 2}, {"automatic": True, "four_eyes": True}):
        assert_problem(await api.patch("/v1/approval-processes/two", json=wrong), 422, "invalid-body")
    assert_problem(
        await api.patch("/v1/approval-processes/two", json={"steps": [{"group": "finance", "approvals": 0}]}),
        422,
        "invalid-body",
    )


async def test_numbers_of_two_series_never_look_alike(api: httpx.AsyncClient):
    series = "/v1/invoice-number-series"
    await ok(api.post(series, json={"code": "de", "name": "DE", "pattern": "DE-{year}-{n:04}"}), 201)
    same = {"code": "at", "name": "AT", "pattern": "DE-{year}-{n}"}
    assert_problem(await api.post(series, json=same), 409, "not-unique")
    await ok(api.patch(f"{series}/de", json={"pattern": "D-{year}-{n}"}))
    await ok(api.post(f"{series}/de/retire"))
    assert_problem(await api.post(series, json=same), 409, "not-unique")
    await ok(api.put(f"{series}/de", json={"name": "DE", "pattern": "DE-{year}-{n}"}), 201)
    listed = await api.post(
        f"{series}/bulk", json=[{"code": "ch", "name": "CH", "pattern": "CH{n}", "restart": "never"}]
    )
    assert listed.json()["created"] == 1


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("INV-{year}", "exactly once"),
        ("{n}-{n:06}-{year}", "exactly once"),
        ("INV-{n}", "yearly needs {year}"),
        ("{year}-{year}-{n}", "{year} once"),
        ("{year}-{n}-{month}", "no other braces"),
        ("{year}-{n:6}", "exactly once"),
        ("INV-{year}-{n}", "default series"),
    ],
)
async def test_a_pattern_that_could_not_number_is_refused(api: httpx.AsyncClient, pattern: str, says: str):
    answer = await api.post("/v1/invoice-number-series", json={"code": "x", "name": "X", "pattern": pattern})
    assert says in assert_problem(answer, 422, "invalid-body")["detail"]
