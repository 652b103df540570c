"""Random bodies on every route that takes one: refused or done, never an error of ours, and the record stays whole."""

import json
import random
import string
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.services.api.steps import active, ok, typed_in, world

TEXTS = (
    *("", " ", "a", "EUR", "XXX", "2026-02-30", "2026-03-01", "2026-03-01T00:00:00Z", "-1", "1e999", "NaN", "0.30"),
    *(
        "ACME",
        "C1",
        "P1",
        "F-1",
        "\u202e",
        "é" * 300,
        "x" * 5000,
        "../../x",
        "%00",
        "'; --",
        "{{ x }}",
        "=1+1",
        "viewer",
    ),
    *("import-summary", "0f5aa5ac-0000-5000-8000-000000000000", "usage", "\U0001f600", "a\nb", "a\x7f"),
)
NUMBERS = (0, -1, 1, 10**30, 2**63, -(2**63), 1.5, 1e308, 100)


def anything(rnd: random.Random, depth: int = 0) -> Any:
    """A JSON value of any shape."""
    kind = rnd.randrange(8 if depth < 3 else 5)
    if kind <= 1:
        return rnd.choice(TEXTS)
    if kind == 2:
        return rnd.choice(NUMBERS)
    if kind == 3:
        return rnd.choice((True, False, None))
    if kind == 4:
        return "".join(rnd.choices(string.printable + "äß\u0301", k=rnd.randrange(20)))
    if kind == 5:
        return [anything(rnd, depth + 1) for _ in range(rnd.randrange(4))]
    return {rnd.choice(TEXTS): anything(rnd, depth + 1) for _ in range(rnd.randrange(4))}


def shaped(  # noqa: PLR0911 - one return a type of schema
    rnd: random.Random, schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0
) -> Any:
    """Something like the schema, with fields left out, added and of other shapes."""
    if rnd.random() < 0.12 or depth > 4:
        return anything(rnd, depth)
    if "$ref" in schema:
        return shaped(rnd, schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    if "anyOf" in schema:
        return shaped(rnd, rnd.choice(schema["anyOf"]), schemas, depth + 1)
    if "enum" in schema or "const" in schema:
        return rnd.choice(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "object":
            found = {}
            for name, field in schema.get("properties", {}).items():
                if name in schema.get("required", ()) or rnd.random() < 0.5:
                    found[name] = shaped(rnd, field, schemas, depth + 1)
            if rnd.random() < 0.1:
                found[rnd.choice(TEXTS)] = anything(rnd)
            return found
        case "array":
            return [shaped(rnd, schema.get("items", {}), schemas, depth + 1) for _ in range(rnd.randrange(3))]
        case "string":
            return rnd.choice(("2026-03-01", "ACME", "EUR", "10.00", *rnd.choices(TEXTS, k=2)))
        case "boolean":
            return rnd.random() < 0.5
        case _:
            return anything(rnd, depth + 1)


@pytest.mark.parametrize("seed", range(4))
async def test_never_an_error_of_ours(app: FastAPI, api: httpx.AsyncClient, seed: int):
    rnd = random.Random(seed)
    await world(api)
    ids = [await typed_in(api), await active(api, invoice_number="F-2")]
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "get":
                continue
            for _ in range(3):
                where = fill(path, rnd, ids)
                content, headers = body_for(rnd, operation, schemas)
                if rnd.random() < 0.3:
                    headers["idempotency-key"] = rnd.choice(("k", "l", "m"))
                if rnd.random() < 0.1:
                    headers["if-match"] = rnd.choice(('"1"', "2", "x", "*"))
                query = {"part": rnd.choice(("a", "", "\n", "difference"))} if path.endswith("/lines") else {}
                answer = await api.request(method.upper(), where, content=content, headers=headers, params=query)
                assert answer.status_code < 500, (method, where, content, answer.text)
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert answer.json()["code"]
    events = (await ok(api.get("/v1/events?limit=1000")))["items"]
    assert [e["position"] for e in events] == sorted({e["position"] for e in events})


@pytest.mark.parametrize("seed", range(2))
async def test_random_queries_are_answered_or_refused(app: FastAPI, api: httpx.AsyncClient, seed: int):
    rnd = random.Random(100 + seed)
    await world(api)
    ids = [await typed_in(api), await active(api, invoice_number="F-2")]
    for path, item in app.openapi()["paths"].items():
        if "get" not in item or path == "/v1/events":
            continue
        for _ in range(3):
            names = [
                p["name"] for p in item["get"].get("parameters", ()) if p["in"] == "query" and p["name"] != "at_least"
            ]
            query = {name: str(anything(rnd, 3)) for name in names if rnd.random() < 0.4}
            answer = await api.get(fill(path, rnd, ids), params=query)
            assert answer.status_code < 500, (path, query, answer.text)


def fill(path: str, rnd: random.Random, ids: list[str]) -> str:
    """The path with ids that are there, and some that are not."""
    parts = []
    for part in path.split("/"):
        if not part.startswith("{"):
            parts.append(part)
        elif rnd.random() < 0.3:
            parts.append(rnd.choice(("nonsense", "%F0", "0f5aa5ac-0000-5000-8000-000000000000", "%2e%2e")))
        else:
            parts.append(rnd.choice(ids) if "invoice" in part else rnd.choice(("ACME", "C1", "import-summary")))
    return "/".join(parts)


def body_for(rnd: random.Random, operation: dict[str, Any], schemas: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """A body, more or less of the right shape, and now and then no JSON at all."""
    contents = operation.get("requestBody", {}).get("content", {})
    media = rnd.choice(list(contents) or ["application/json"])
    headers = {"content-type": media}
    if rnd.random() < 0.1:
        return bytes(rnd.choices(range(256), k=rnd.randrange(50))), headers
    if media != "application/json":
        return "\n".join(str(rnd.choice(TEXTS)) + "," + str(rnd.choice(NUMBERS)) for _ in range(3)).encode(), headers
    schema = contents.get(media, {}).get("schema", {})
    return json.dumps(shaped(rnd, schema, schemas)).encode(), headers
