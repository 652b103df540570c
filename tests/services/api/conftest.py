"""The API on a real PostgreSQL, called in process."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from commands.keys.create import create_key
from commands.origin import Origin
from services.api.app import create_app
from services.projector import make_projector
from services.settings import load_settings
from services.wiring import Parts, open_parts
from services.worker import run_worker

MakeClient = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def parts(database: str, tmp_path: Path) -> AsyncIterator[Parts]:
    lists = tmp_path / "lists"
    lists.mkdir()
    settings = load_settings(
        data=tmp_path / "data", import_roots=(str(lists),), rate_limit=0, max_body=200_000, max_bulk_body=400_000
    )
    async with open_parts(settings, database_url=database) as opened:
        yield opened


@pytest.fixture
async def projecting(parts: Parts) -> AsyncIterator[None]:
    """A projector beside the API."""
    stop = threading.Event()
    projector = make_projector(parts.database_url, None)
    task = asyncio.create_task(asyncio.to_thread(projector.run, stop))
    yield
    stop.set()
    await task


@pytest.fixture
async def working(parts: Parts) -> AsyncIterator[None]:
    """A worker beside the API."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(parts, stop))
    yield
    stop.set()
    await task


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_app(parts)


async def key_for(parts: Parts, *roles: str, subject: str = "tester", **more) -> str:
    now = parts.clock.now()
    origin = Origin(uuid4(), "test", now, now.date(), "UTC", "test")
    made = await create_key(
        parts.store, origin, subject=subject, roles=roles or ("admin",), entropy=os.urandom(32), **more
    )
    return made.outcome.secret


@pytest.fixture
async def client_for(app: FastAPI, parts: Parts) -> AsyncIterator[MakeClient]:
    """Makes clients with keys of these roles."""
    opened: list[httpx.AsyncClient] = []

    async def make(*roles: str, subject: str = "tester", **more) -> httpx.AsyncClient:
        secret = await key_for(parts, *roles, subject=subject, **more)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://api",
            headers={"authorization": f"Bearer {secret}"},
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def api(client_for: MakeClient) -> httpx.AsyncClient:
    """A client that may do everything but approve."""
    return await client_for("admin", "auditor")


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        yield client


def assert_problem(response: httpx.Response, status: int, code: str) -> dict:
    """The answer is a problem document of this kind, and tells nothing of the inside."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"urn:ledgerline:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in response.text
    return body
