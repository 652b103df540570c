"""One command a key, told alike for ever."""

import asyncio

import httpx

from tests.services.api.conftest import MakeClient, assert_problem

GROUP = {"code": "G", "name": "g"}


async def test_the_same_key_and_body_get_the_first_answer_again(api: httpx.AsyncClient):
    headers = {"idempotency-key": "one"}
    first = await api.post("/v1/groups", json=GROUP, headers=headers)
    await api.patch("/v1/groups/G", json={"name": "changed"})
    again = await api.post("/v1/groups", content=b'{ "name":"g", "code":"G" }', headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"] == "/v1/groups/G"
    assert again.headers["etag"] == '"1"'


async def test_another_body_under_the_same_key_is_422(api: httpx.AsyncClient):
    headers = {"idempotency-key": "one"}
    await api.post("/v1/groups", json=GROUP, headers=headers)
    answer = await api.post("/v1/groups", json={**GROUP, "name": "other"}, headers=headers)
    assert_problem(answer, 422, "idempotency-key-reused")


async def test_the_key_means_something_for_one_subject_method_and_path(api: httpx.AsyncClient, client_for: MakeClient):
    headers = {"idempotency-key": "one"}
    other = await client_for("admin", subject="somebody else")
    assert (await api.post("/v1/groups", json=GROUP, headers=headers)).status_code == 201
    assert (await api.put("/v1/groups/H", json={"name": "h"}, headers=headers)).status_code == 201
    answer = await other.post("/v1/groups", json={"code": "I", "name": "i"}, headers=headers)
    assert answer.status_code == 201


async def test_an_answer_that_was_a_refusal_is_not_kept(api: httpx.AsyncClient):
    headers = {"idempotency-key": "one"}
    assert_problem(await api.post("/v1/groups/G/retire", headers=headers), 404, "not-found")
    await api.post("/v1/groups", json=GROUP)
    done = await api.post("/v1/groups/G/retire", headers=headers)
    assert (done.status_code, done.json()["status"]) == (200, "retired")


async def test_a_command_that_had_nothing_to_do_is_remembered_too(api: httpx.AsyncClient):
    await api.post("/v1/groups", json=GROUP)
    headers = {"idempotency-key": "one"}
    first = await api.post("/v1/groups", json=GROUP, headers=headers)
    await api.patch("/v1/groups/G", json={"name": "changed"})
    again = await api.post("/v1/groups", json=GROUP, headers=headers)
    assert (first.json()["result"], again.json()["result"]) == ("unchanged", "unchanged")
    assert again.headers["idempotency-replayed"] == "true"


async def test_sixteen_at_once_make_one(api: httpx.AsyncClient):
    headers = {"idempotency-key": "double-click"}
    body = {"subject": "robot", "roles": ["viewer"]}
    answers = await asyncio.gather(*(api.post("/v1/keys", json=body, headers=headers) for _ in range(16)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    assert sum("secret" in a.json() for a in answers) == 1
    keys = (await api.get("/v1/keys")).json()["items"]
    assert sum(k["subject"] == "robot" for k in keys) == 1


async def test_where_nothing_else_identifies_what_is_made_a_key_is_needed(api: httpx.AsyncClient):
    answer = await api.post("/v1/keys", json={"subject": "s", "roles": ["viewer"]})
    assert_problem(answer, 400, "idempotency-key-missing")
    for wrong in ("", "with space", "x" * 300, "ü"):
        answer = await api.post(
            "/v1/keys", json={"subject": "s", "roles": ["viewer"]}, headers={"idempotency-key": wrong.encode()}
        )
        assert_problem(answer, 400, "invalid-header")


async def test_a_stale_if_match_is_412_and_a_bad_one_400(api: httpx.AsyncClient):
    await api.post("/v1/groups", json=GROUP)
    done = await api.patch("/v1/groups/G", json={"name": "b"}, headers={"if-match": '"1"'})
    assert done.headers["etag"] == '"2"'
    stale = await api.patch("/v1/groups/G", json={"name": "c"}, headers={"if-match": '"1"'})
    assert assert_problem(stale, 412, "stale-version")["version"] == 2
    wrong = await api.patch("/v1/groups/G", json={"name": "c"}, headers={"if-match": "soon"})
    assert_problem(wrong, 400, "invalid-header")
    assert (await api.get("/v1/groups/G")).json()["name"] == "b"
