"""What every route does before its own work: keys, roles, limits, JSON, problems."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from services.api.access import access_of
from services.api.openapi import api_routes
from services.api.rate_limit import RateLimit
from services.wiring import Parts
from tests.services.api.conftest import MakeClient, assert_problem


async def test_no_key_and_a_wrong_key_are_401(stranger: httpx.AsyncClient):
    body = assert_problem(await stranger.get("/v1/providers/X"), 401, "key-missing")
    assert "Bearer" in body["detail"]
    for value in ("Bearer", "Basic abc", "Bearer nonsense", "Bearer ll_" + "a" * 43, "Bearer \xff\xfe"):
        answer = await stranger.get("/v1/providers/X", headers={"authorization": value.encode("latin-1")})
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert_problem(answer, 401, "key-unknown")


async def test_an_unknown_caller_is_refused_before_the_body_is_looked_at(stranger: httpx.AsyncClient):
    assert_problem(await stranger.post("/v1/providers", content=b"{"), 401, "key-missing")


async def test_an_expired_and_a_revoked_key_are_401(parts: Parts, client_for: MakeClient, api: httpx.AsyncClient):
    client = await client_for("viewer", expires_at=parts.clock.now() + timedelta(hours=1))
    assert (await client.get("/v1/feed/position")).status_code == 200
    gone = await client_for("viewer", subject="leaver")
    keys = (await api.get("/v1/keys")).json()["items"]
    key = next(k["id"] for k in keys if k["subject"] == "leaver")
    assert (await api.post(f"/v1/keys/{key}/revoke", json={"reason": "left"})).json()["status"] == "revoked"
    assert_problem(await gone.get("/v1/feed/position"), 401, "key-unknown")
    assert (await api.post(f"/v1/keys/{key}/revoke")).status_code == 200


async def test_a_key_is_read_where_its_location_says(api: httpx.AsyncClient):
    headers = {"idempotency-key": "one"}
    made = await api.post("/v1/keys", json={"subject": "robot", "roles": ["viewer"]}, headers=headers)
    shown = await api.get(made.headers["location"])
    assert (shown.status_code, shown.headers["etag"]) == (200, '"1"')
    assert (shown.json()["subject"], shown.json()["id"]) == ("robot", made.json()["id"])
    assert made.json()["secret"] not in shown.text
    history = (await api.get(f"{made.headers['location']}/events")).json()["items"]
    assert [event["type"] for event in history] == ["key.created"]
    assert_problem(await api.get("/v1/keys/0f5aa5ac-0000-5000-8000-000000000000"), 404, "not-found")


async def test_a_role_too_small_is_403_and_says_which_is_needed(client_for: MakeClient):
    viewer = await client_for("viewer")
    body = assert_problem(await viewer.post("/v1/providers", json={}), 403, "role-too-small")
    assert body["needs"] == ["admin"]
    assert_problem(await viewer.get("/v1/events"), 403, "role-too-small")


async def test_a_delegate_acts_for_a_person_and_others_may_not(client_for: MakeClient, api: httpx.AsyncClient):
    service = await client_for("admin", subject="portal", delegate=True)
    person = {"on-behalf-of": "kim@example.com"}
    made = await service.post("/v1/groups", json={"code": "G", "name": "g"}, headers=person)
    assert made.status_code == 201
    event = (await api.get("/v1/groups/G/events")).json()["items"][0]
    assert (event["actor"], event["agent"]) == ("kim@example.com", "portal")
    refused = await api.post("/v1/groups", json={"code": "H", "name": "h"}, headers=person)
    assert_problem(refused, 403, "delegation-not-allowed")
    unnamed = await service.post("/v1/groups", json={"code": "H", "name": "h"}, headers={"on-behalf-of": " "})
    assert_problem(unnamed, 422, "invalid-person")


async def test_unknown_paths_and_methods_are_problems(api: httpx.AsyncClient):
    assert_problem(await api.get("/v1/nothing"), 404, "unknown-path")
    assert_problem(await api.get("/"), 404, "unknown-path")
    answer = await api.put("/healthz")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_a_body_that_is_too_long_is_413_announced_or_not(api: httpx.AsyncClient):
    long = b'{"code": "' + b"x" * 300_000 + b'"}'
    assert assert_problem(await api.post("/v1/groups", content=long), 413, "body-too-large")["limit"] == 200_000

    async def streamed():
        for at in range(0, len(long), 10_000):
            yield long[at : at + 10_000]

    assert_problem(await api.post("/v1/groups", content=streamed()), 413, "body-too-large")
    assert_problem(await api.post("/v1/products/bulk", content=b"[" + b" " * 500_000), 413, "body-too-large")


async def test_headers_that_are_too_long_and_zero_characters_are_refused(api: httpx.AsyncClient):
    assert_problem(await api.get("/healthz", headers={"x-long": "a" * 40_000}), 431, "headers-too-large")
    assert_problem(await api.get("/v1/providers/%00"), 400, "invalid-path")
    assert_problem(await api.get("/v1/events?aggregate=%00"), 400, "invalid-path")


@pytest.mark.parametrize(
    "content", [b"{", b"[1,2]", b'"x"', b"null", b"{} {}", b'{"code": NaN}', b'{"a":1,"a":2}', b""]
)
async def test_json_of_the_wrong_shape_changes_nothing(api: httpx.AsyncClient, content: bytes):
    before = (await api.get("/v1/feed/position")).json()
    answer = await api.post("/v1/groups", content=content)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"invalid-json", "invalid-body"}
    assert (await api.get("/v1/feed/position")).json() == before


async def test_unknown_fields_are_refused_by_pointer(api: httpx.AsyncClient):
    answer = await api.post("/v1/groups", json={"code": "G", "name": "g", "memberz": []})
    body = assert_problem(answer, 422, "invalid-body")
    assert {"pointer": "/memberz", "detail": "Extra inputs are not permitted"} in body["errors"]
    other = await api.post("/v1/keys", json={"subject": "s", "roles": ["viewer"], "x/y": 1})
    assert assert_problem(other, 422, "invalid-body")["errors"][0]["pointer"] == "/x~1y"


async def test_a_bad_parameter_is_400_and_named(api: httpx.AsyncClient):
    body = assert_problem(await api.get("/v1/events?limit=5000"), 400, "invalid-parameter")
    assert body["errors"][0]["parameter"] == "limit"
    assert_problem(await api.get("/v1/events?type=nothing"), 400, "invalid-parameter")
    assert_problem(await api.get("/v1/events?aggregate=nothing"), 400, "invalid-parameter")
    assert_problem(await api.get("/v1/events?aggregate=key/1"), 400, "invalid-parameter")


async def test_a_parameter_nobody_knows_is_refused_instead_of_listing_everything(api: httpx.AsyncClient):
    body = assert_problem(await api.get("/v1/provider-invoices?statuss=active"), 400, "invalid-parameter")
    assert body["errors"][0]["parameter"] == "statuss"
    assert "did you mean status?" in body["detail"]
    assert_problem(await api.get("/v1/providers/X?x"), 400, "invalid-parameter")
    assert_problem(await api.post("/v1/groups?dry=1", json={"code": "G", "name": "g"}), 400, "invalid-parameter")
    assert_problem(await api.get("/v1/groups/G"), 404, "not-found")
    assert (await api.get("/v1/provider-invoices?status=active&status=deleted&count=no&at_least=0")).status_code == 200
    assert (await api.get("/healthz?probe=1")).status_code == 200


async def test_request_ids_come_back_and_become_the_correlation_id(api: httpx.AsyncClient):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await api.post(
        "/v1/groups", json={"code": "G", "name": "g"}, headers={"x-request-id": "order-77", "traceparent": trace}
    )
    assert answer.headers["x-request-id"] == "order-77"
    event = (await api.get("/v1/groups/G/events")).json()["items"][0]
    assert (event["correlation_id"], event["traceparent"]) == ("order-77", trace)
    other = await api.get("/healthz", headers={"x-request-id": "with space", "traceparent": "nonsense"})
    assert other.headers["x-request-id"] not in {"", "with space"}


async def test_a_key_that_sends_too_many_commands_waits(app: FastAPI, parts: Parts, client_for: MakeClient):
    parts.rate_limit = RateLimit(2, lambda: 0.0)
    client = await client_for("admin")
    answers = [await client.post("/v1/groups", json={"code": f"G{n}", "name": "g"}) for n in range(3)]
    assert [a.status_code for a in answers] == [201, 201, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert_problem(answers[2], 429, "too-many-commands")
    assert (await client.get("/v1/feed/position")).status_code == 200


async def test_what_nobody_foresaw_is_a_500_without_its_inside(app: FastAPI, api: httpx.AsyncClient, monkeypatch):
    async def broken(_self: object) -> int:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(Parts, "feed_position", broken)
    answer = await api.get("/v1/feed/position", headers={"x-request-id": "find-me"})
    body = assert_problem(answer, 500, "internal-error")
    assert "find-me" in body["detail"]
    assert "secret inside" not in answer.text


def test_every_route_says_who_may_call_it(app: FastAPI):
    public = {route.path for route in api_routes(app) if access_of(route.endpoint).action is None}
    assert public == {
        *("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/openapi.json", "/docs", "/v1/docs"),
        *("/asyncapi.json", "/v1/asyncapi.json", "/v1/schemas", "/v1/schemas/{type}/{version}"),
    }


async def test_health_readiness_and_metrics_need_no_key(stranger: httpx.AsyncClient):
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}
    assert (await stranger.get("/readyz")).json()["checks"] == {"database": "ok"}
    text = (await stranger.get("/metrics")).text
    assert 'ledgerline_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in text
