"""The approval queue over HTTP: what this caller can approve now, and how far they are."""

import httpx
import pytest

from tests.services.api.conftest import MakeClient
from tests.services.api.steps import ok
from tests.support.invoicing import open_invoice

BASE = "/v1/customer-invoices"
pytestmark = pytest.mark.usefixtures("projecting")


@pytest.fixture(autouse=True)
async def groups(api: httpx.AsyncClient) -> None:
    for code, members, approving in (("finance", ["ann", "bob"], True), ("board", ["ann", "cy"], False)):
        body = {"code": code, "name": code, "members": members, "invoice_approval": approving}
        await ok(api.post("/v1/groups", json=body))
    for code in ("NORTH", "SOUTH"):
        await ok(api.post("/v1/clusters", json={"code": code, "name": code}))
    await ok(api.post("/v1/customers", json={"code": "C1", "name": "One", "cluster": "NORTH"}))


@pytest.fixture
async def people(client_for: MakeClient) -> dict[str, httpx.AsyncClient]:
    return {name: await client_for("approver", "operator", subject=name) for name in ("ann", "bob", "cy")}


async def queue(client: httpx.AsyncClient, parts, **asked) -> tuple[list[str], int, int]:
    """References in order, how many are done, and of how many."""
    found = await ok(client.get("/v1/approval-queue", params={"at_least": await parts.store.head(), **asked}))
    assert found["total"] == found["progress"]["total"] - found["progress"]["done"]
    return [i["reference"] for i in found["items"]], found["progress"]["done"], found["progress"]["total"]


async def test_one_click_ones_wait_for_members_only(parts, people, client_for) -> None:
    first, second = [await open_invoice(parts.store, reference=f"R-{n}") for n in (1, 2)]
    found = await ok(people["ann"].get(f"/v1/approval-queue?at_least={await parts.store.head()}"))
    by_reference = {i["reference"]: i for i in found["items"]}
    assert set(by_reference) == {"R-1", "R-2"}
    assert {a["action"]: a["code"] for a in found["items"][0]["available_actions"]}["approve"] is None
    assert found["items"][0]["next"]["id"] == found["items"][1]["id"]
    assert (found["items"][0]["comments"], found["items"][1]["next"]) == ([], None)
    assert (await queue(people["cy"], parts))[0] == []
    assert (await queue(await client_for("viewer", subject="ann"), parts)) == ([], 0, 0)
    await ok(people["ann"].post(f"{BASE}/{first}/approve"))
    assert await queue(people["ann"], parts) == (["R-2"], 1, 2)
    assert await queue(people["bob"], parts) == (["R-2"], 0, 1)
    await ok(people["bob"].post(f"{BASE}/{second}/approve"))
    assert await queue(people["ann"], parts) == ([], 1, 1)


async def test_steps_wait_for_their_group_and_four_eyes_count(parts, api, people) -> None:
    steps = [{"group": "finance"}, {"group": "board"}]
    body = {"code": "two", "name": "Two", "steps": steps, "four_eyes": True}
    await ok(api.post("/v1/approval-processes", json=body))
    await ok(api.patch("/v1/clusters/NORTH", json={"approval_process": "two"}))
    invoice = await open_invoice(parts.store)
    assert (await queue(people["ann"], parts))[0] == []  # it begins with a request
    await ok(people["cy"].post(f"{BASE}/{invoice}/request-approval"))
    assert [len((await queue(people[name], parts))[0]) for name in ("ann", "bob", "cy")] == [1, 1, 0]
    await ok(people["ann"].post(f"{BASE}/{invoice}/approve"))
    assert [await queue(people[name], parts) for name in ("ann", "bob", "cy")] == [([], 1, 1), ([], 0, 0), ([], 0, 0)]
    await ok(people["cy"].post(f"{BASE}/{invoice}/reject", json={"comment": "look again"}))
    assert [len((await queue(people[name], parts))[0]) for name in ("ann", "bob", "cy")] == [1, 1, 0]


async def test_one_by_one_with_what_was_said_and_the_next_one_on_any_page(parts, people) -> None:
    for n in (1, 2, 3):
        await open_invoice(parts.store, reference=f"R-{n}")
    whole = await ok(people["ann"].get(f"/v1/approval-queue?at_least={await parts.store.head()}"))
    ids = [item["id"] for item in whole["items"]]
    await ok(people["cy"].post(f"{BASE}/{ids[1]}/comments", json={"comment": "Checked <b>twice</b>"}))
    await ok(people["cy"].post(f"{BASE}/{ids[1]}/request-approval"))
    walked, cursor, here = [], "", None
    while cursor is not None:
        asked = {"limit": 1, "at_least": await parts.store.head(), **({"cursor": cursor} if cursor else {})}
        page = await ok(people["ann"].get("/v1/approval-queue", params=asked))
        (item,) = page["items"]
        assert here in {None, item["id"]}
        walked.append((item["id"], [(c["author"], c["comment"]) for c in item["comments"]]))
        here, cursor = item["next"] and item["next"]["id"], page["next_cursor"]
    assert walked == [(ids[0], []), (ids[1], [("cy", "Checked <b>twice</b>")]), (ids[2], [])]
    assert here is None


async def test_of_a_month_a_customer_a_cluster(parts, people) -> None:
    await open_invoice(parts.store)
    asked = [{"month": "2026-02"}, {"month": "2026-03"}, {"customer": "C1"}, {"customer": "C2"}]
    asked += [{"cluster": "NORTH"}, {"cluster": "SOUTH"}]
    assert [len((await queue(people["ann"], parts, **one))[0]) for one in asked] == [1, 0, 1, 0, 1, 0]


async def test_pages_go_on_where_they_stopped(parts, people) -> None:
    for n in range(3):
        await open_invoice(parts.store, reference=f"R-{n}")
    path = f"/v1/approval-queue?limit=2&at_least={await parts.store.head()}"
    first = await ok(people["ann"].get(path))
    rest = await ok(people["ann"].get(f"{path}&cursor={first['next_cursor']}"))
    ids = [i["id"] for i in (*first["items"], *rest["items"])]
    assert (len(ids), ids, rest["next_cursor"], rest["total"]) == (3, sorted(ids), None, 3)
