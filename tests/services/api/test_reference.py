"""Reference data over HTTP."""

import httpx

from tests.services.api.conftest import assert_problem
from tests.services.api.steps import allowed, ok, world

CSV = {"content-type": "text/csv"}


async def test_created_read_changed_replaced_and_retired(api: httpx.AsyncClient):
    made = await api.post("/v1/products", json={"code": "P", "name": "One", "unit_factors": {"h": "0.50"}})
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, "/v1/products/P", '"1"')
    assert made.json()["unit_factors"] == {"h": "0.5"}
    changed = await ok(api.patch("/v1/products/P", json={"name": "Two", "unit_factors": None}))
    assert (changed["version"], changed["name"], changed["unit_factors"]) == (2, "Two", {})
    same = await ok(api.put("/v1/products/P", json={"name": "Two"}), 200)
    assert (same["version"], same["result"]) == (2, "unchanged")
    assert_problem(await api.put("/v1/products/P", json={"code": "Q", "name": "x"}), 422, "code-immutable")
    assert_problem(await api.post("/v1/products", json={"code": "P", "name": "x"}), 409, "already-exists")
    gone = await ok(api.post("/v1/products/P/retire", json={"reason": "sold out"}))
    assert (gone["status"], allowed(gone)) == ("retired", {"save"})
    shown = await ok(api.get("/v1/products/P"))
    assert shown["status"] == "retired"
    assert_problem(await api.get("/v1/products/NONE"), 404, "not-found")


async def test_an_identifier_has_one_holder(api: httpx.AsyncClient):
    await world(api)
    body = {"name": "Second", "identifiers": [{"provider": "ACME", "identifier": "c-1"}]}
    assert assert_problem(await api.put("/v1/customers/C2", json=body), 409, "identifier-taken")["holder"] == "C1"
    body = {"name": "Second", "identifiers": [{"provider": "NOBODY", "identifier": "c-1"}]}
    assert_problem(await api.put("/v1/customers/C2", json=body), 422, "unknown-provider")


async def test_clusters_are_a_tree(api: httpx.AsyncClient):
    for code, parent in (("A", None), ("B", "A"), ("C", "B"), ("D", "A")):
        await ok(api.put(f"/v1/clusters/{code}", json={"name": code, "parent": parent}), 201)
    tree = await ok(api.get("/v1/clusters/A/tree"))
    leaf = {"code": "C", "children": []}
    assert tree["children"] == [{"code": "B", "children": [leaf]}, {"code": "D", "children": []}]
    assert (await ok(api.get("/v1/clusters/C/tree")))["path"] == ["A", "B"]
    assert_problem(await api.patch("/v1/clusters/A", json={"parent": "C"}), 409, "cluster-cycle")
    assert_problem(await api.get("/v1/clusters/X/tree"), 404, "not-found")


async def test_many_at_once_each_with_its_own_result(api: httpx.AsyncClient):
    items = [{"code": "A", "name": "a"}, {"code": "B"}, "no object", {"code": "A", "name": "a"}]
    done = await ok(api.post("/v1/groups/bulk", json=items))
    assert [r["result"] for r in done["results"]] == ["created", "rejected", "rejected", "unchanged"]
    assert (done["total"], done["created"], done["rejected"], done["unchanged"]) == (4, 1, 2, 1)
    assert done["results"][1]["error"]["code"] == "invalid-body"
    again = await ok(api.post("/v1/groups/bulk", json={"items": [items[0]]}))
    assert again["results"][0]["result"] == "unchanged"
    assert again["position"] >= done["position"]


async def test_csv_is_loaded_and_bad_csv_says_where(api: httpx.AsyncClient):
    done = await ok(api.post("/v1/products/bulk", content="code,name\nA,Äpfel\nB,\n", headers=CSV))
    assert [r["result"] for r in done["results"]] == ["created", "rejected"]
    assert done["results"][1]["line"] == 3
    assert_problem(await api.post("/v1/products/bulk", content="code,nam\nA,a\n", headers=CSV), 422, "unknown-column")
    assert_problem(await api.post("/v1/products/bulk", content="name\na\n", headers=CSV), 422, "missing-column")
    assert_problem(
        await api.post("/v1/products/bulk", content=b"code,name\nA,\xff\n", headers=CSV), 422, "csv-unreadable"
    )
    assert_problem(await api.post("/v1/products/bulk", content='code,name\nA,"a\n', headers=CSV), 422, "csv-unreadable")
    xml = {"content-type": "text/xml"}
    assert_problem(await api.post("/v1/products/bulk", content="<a/>", headers=xml), 415, "unsupported-media-type")
    assert_problem(await api.post("/v1/products/bulk", json={"a": 1}), 422, "invalid-body")


async def test_a_bulk_load_is_told_alike_under_its_key(api: httpx.AsyncClient):
    headers = {"idempotency-key": "load"}
    body = [{"code": "A", "name": "a"}]
    first = await api.post("/v1/groups/bulk", json=body, headers=headers)
    again = await api.post("/v1/groups/bulk", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert (first.json()["created"], again.json()["created"]) == (1, 1)
    other = await api.post("/v1/groups/bulk", json=[], headers=headers)
    assert_problem(other, 422, "idempotency-key-reused")


async def test_a_customer_is_erased_for_good(api: httpx.AsyncClient):
    await ok(api.post("/v1/customers", json={"code": "C", "name": "Kim", "emails": ["kim@example.com"]}))
    assert_problem(await api.post("/v1/customers/C/erase", json={}), 422, "invalid-body")
    await ok(api.post("/v1/customers/C/erase", json={"reason": "asked for"}))
    shown = await ok(api.get("/v1/customers/C"))
    assert (shown["name"], shown["emails"], shown["status"]) == ("[erased]", ["[erased]"], "erased")
    history = (await api.get("/v1/customers/C/events")).text
    assert "Kim" not in history
    assert_problem(await api.patch("/v1/customers/C", json={"name": "x"}), 409, "customer-erased")
    assert_problem(await api.post("/v1/customers/NONE/erase", json={"reason": "x"}), 404, "not-found")


async def test_a_template_that_loops_or_reads_attributes_is_refused(api: httpx.AsyncClient):
    for body in (
        "{% for a in range(999999999) %}{{ a }}{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ nothing }}",
        "{% if %}",
    ):
        template = {"code": "import-summary", "to": ["a@example.com"], "subject": "s", "body": body}
        assert_problem(await api.post("/v1/notification-templates", json=template), 422, "template-broken")
        preview = await api.post("/v1/notification-templates/import-summary/preview", json={"body": body})
        assert_problem(preview, 422, "template-broken")
    shown = await ok(api.post("/v1/notification-templates/import-summary/preview"))
    assert shown["subject"]
    assert_problem(await api.post("/v1/notification-templates/nothing/preview"), 404, "not-found")


async def test_jobs_are_shown_switched_and_started(api: httpx.AsyncClient):
    jobs = await ok(api.get("/v1/jobs"))
    assert [(j["name"], j["active"], j["time"]) for j in jobs["items"]] == [
        ("provider-sync", True, "02:00:00"),
        ("import-summary", True, "02:00:00"),
        ("invoice-run", True, "02:00:00"),
        ("periodical-invoices", True, "02:00:00"),
    ]
    assert [j["every_minutes"] for j in jobs["items"]] == [None, None, None, 5]
    changed = await ok(api.patch("/v1/jobs/provider-sync", json={"time": "03:30", "active": False}))
    assert (changed["time"], changed["status"]) == ("03:30:00", "inactive")
    assert (await ok(api.get("/v1/jobs/provider-sync")))["next_start"] is None
    run = await ok(api.post("/v1/jobs/import-summary/run"), 202)
    again = await ok(api.post("/v1/jobs/import-summary/run"), 202)
    assert run["run"]["requested_at"] == again["run"]["requested_at"]
    assert (await ok(api.get("/v1/jobs/import-summary")))["last"]["manual"] is True
    assert_problem(await api.get("/v1/jobs/nothing"), 404, "not-found")
    assert_problem(await api.patch("/v1/jobs/provider-sync", json={"time": "soon"}), 422, "invalid-body")
    assert_problem(await api.post("/v1/jobs/nothing/run"), 404, "not-found")
