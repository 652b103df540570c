"""The record over HTTP: for auditors, and for systems without a Kafka client."""

import asyncio
from pathlib import Path

import httpx
import pytest

from services.api.app import create_app
from services.settings import load_settings
from services.wiring import open_parts
from tests.services.api.conftest import assert_problem, key_for
from tests.services.api.steps import ok, world


async def test_the_feed_is_read_page_by_page_in_order(api: httpx.AsyncClient):
    await world(api)
    seen, after = [], 0
    while True:
        page = await ok(api.get(f"/v1/events?after={after}&limit=2"))
        if not page["items"]:
            break
        seen += page["items"]
        after = page["next_after"]
    assert [e["type"] for e in seen] == ["key.created", "provider.saved", "customer.saved", "product.saved"]
    assert [e["position"] for e in seen] == sorted(e["position"] for e in seen)
    assert seen[2]["data"]["body"]["name"] == "First"
    assert seen[1]["previous_hash"] == "0" * 64
    assert after == page["head"] == (await ok(api.get("/v1/feed/position")))["position"]


async def test_the_feed_by_type_and_by_aggregate(api: httpx.AsyncClient):
    await world(api)
    some = await ok(api.get("/v1/events?type=product.saved&type=provider.saved"))
    assert [e["type"] for e in some["items"]] == ["provider.saved", "product.saved"]
    kind = await ok(api.get("/v1/events?aggregate=customer"))
    assert [e["type"] for e in kind["items"]] == ["customer.saved"]
    one = await ok(api.get(f"/v1/events?aggregate={kind['items'][0]['subject']}"))
    assert one["items"] == kind["items"]


async def test_a_long_poll_answers_as_soon_as_something_is_recorded(api: httpx.AsyncClient):
    head = (await ok(api.get("/v1/feed/position")))["position"]
    waiting = asyncio.create_task(ok(api.get(f"/v1/events?after={head}&wait=30")))
    await asyncio.sleep(0)
    await ok(api.post("/v1/groups", json={"code": "G", "name": "g"}))
    found = await asyncio.wait_for(waiting, 120)
    assert [e["type"] for e in found["items"]] == ["group.saved"]
    nothing = await ok(api.get(f"/v1/events?after={found['next_after']}&wait=0.05"))
    assert (nothing["items"], nothing["next_after"]) == ([], found["next_after"])


async def test_schemas_of_all_events_are_served(stranger: httpx.AsyncClient):
    listed = (await ok(stranger.get("/v1/schemas")))["items"]
    assert len(listed) > 40
    for each in listed:
        found = await ok(stranger.get(f"/v1/schemas/{each['type']}/{each['version']}"))
        assert found["title"] == each["type"]
    assert_problem(await stranger.get("/v1/schemas/nothing/1"), 404, "not-found")
    assert_problem(await stranger.get("/v1/schemas/key.created/99999999999"), 404, "not-found")
    document = await ok(stranger.get("/asyncapi.json"))
    assert document["asyncapi"] == "3.0.0"


async def test_an_admin_sets_the_test_clock(database: str, tmp_path: Path):
    settings = load_settings(data=tmp_path, clock="test")
    async with open_parts(settings, database_url=database) as parts:
        transport = httpx.ASGITransport(create_app(parts))
        headers = {"authorization": f"Bearer {await key_for(parts)}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as api:
            await ok(api.put("/v1/test-clock", json={"now": "2031-05-06T23:30:00+02:00"}))
            assert await ok(api.get("/v1/test-clock")) == {"now": "2031-05-06T21:30:00Z", "today": "2031-05-06"}
            await ok(api.post("/v1/groups", json={"code": "G", "name": "g"}))
            event = (await ok(api.get("/v1/groups/G/events")))["items"][0]
            assert (event["occurred_at"], event["business_date"]) == ("2031-05-06T21:30:00Z", "2031-05-06")
            assert_problem(await api.put("/v1/test-clock", json={"now": "2031-05-06T23:30:00"}), 422, "invalid-body")


async def test_a_real_deployment_has_no_test_clock(api: httpx.AsyncClient):
    assert_problem(await api.get("/v1/test-clock"), 404, "no-test-clock")
    assert_problem(await api.put("/v1/test-clock", json={"now": "2031-05-06T21:30:00Z"}), 404, "no-test-clock")


@pytest.mark.parametrize("path", ["/docs", "/v1/docs"])
async def test_the_documentation_needs_nothing_from_elsewhere(stranger: httpx.AsyncClient, path: str):
    page = await stranger.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert "https://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
