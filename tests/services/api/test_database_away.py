"""The database goes away under the API: 503 with `Retry-After` for whatever is asked, and all is well once it is back."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.api.app import create_app
from services.settings import load_settings
from services.wiring import open_parts
from tests.services.api.conftest import assert_problem, key_for
from tests.services.api.steps import HEADER, INVOICES, ok
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.waiting import eventually_async

ASKED = (
    ("POST", "/v1/groups", {"code": "G", "name": "g"}),
    ("POST", INVOICES, HEADER),
    ("GET", "/v1/providers/ACME", None),
    ("GET", INVOICES, None),
    ("GET", "/v1/events", None),
    ("GET", "/v1/operations", None),
)
USER, PASSWORD = "ledgerline", "of-this-test"


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        server.make_user(USER, PASSWORD)
        yield server


async def test_everything_is_503_until_it_is_back(postgres: OwnPostgres, tmp_path: Path):
    settings = load_settings(data=tmp_path, rate_limit=0)
    async with open_parts(settings, database_url=postgres.url(USER, PASSWORD), patience=0.3) as parts:
        secret = await key_for(parts, "admin", "auditor")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(parts)),
            base_url="http://api",
            headers={"authorization": f"Bearer {secret}"},
            timeout=60,
        ) as api:
            made = await ok(api.put("/v1/providers/ACME", json={"name": "Acme"}), 201)
            postgres.kill()
            for method, path, body in ASKED:
                answer = await api.request(method, path, json=body)
                assert_problem(answer, 503, "store-unavailable")
                assert answer.headers["retry-after"] == "1", path
            assert_problem(await api.get("/readyz"), 503, "not-ready")
            assert (await api.get("/healthz")).status_code == 200
            postgres.start()

            async def back() -> bool:
                return (await api.get("/v1/providers/ACME")).status_code == 200

            await eventually_async(back)
            assert (await ok(api.get("/v1/providers/ACME")))["version"] == made["version"]
            assert (await api.get("/v1/groups/G")).status_code == 404
