"""An endpoint over real TLS, whatever it answers, or doesn't."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from adapters.tasks import HttpsEndpoint, NoEndpoint, secure_client
from domain.customer_invoice.tasks import Done, NotDone
from tests.support.https_server import Endpoint, endpoint, write_certificates
from tests.support.ports import free_port

__all__ = ["endpoint"]

KEY, BODY, SECRET = "7:charge", '{"number":"INV-ü"}'.encode(), "whsec"
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def ask(endpoint: Endpoint, *, url=None, ca_file=None, seconds=20.0):
    async with secure_client(ca_file or endpoint.ca_file, "1", 4) as client:
        return await HttpsEndpoint(client, url or endpoint.url, SECRET, seconds).ask(KEY, BODY, AT)


async def test_what_is_sent_is_signed_and_whole(endpoint):
    assert await ask(endpoint) == Done(status=201)
    (asked,) = endpoint.asked
    assert (asked.path, asked.body, asked.key) == ("/charges?tenant=7", BODY, KEY)
    assert asked.headers["content-type"] == "application/json"
    seconds = int(AT.timestamp())
    said = hmac.new(SECRET.encode(), f"{seconds}.{KEY}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert asked.headers["ledgerline-signature"] == f"t={seconds},v1={said}"
    assert await ask(endpoint) == Done(status=409)
    assert len(endpoint.charged) == 1


@pytest.mark.parametrize(
    ("how", "code", "final"),
    [
        (400, "refused", True),
        (404, "refused", True),
        (429, "refused", True),
        (500, "http-500", False),
        (503, "http-503", False),
        ("redirect", "http-307", False),
        ("close", "connection", False),
        ("cut", "answer-broken", False),
    ],
)
async def test_what_is_not_done_for_good_and_what_nobody_knows(endpoint, how, code, final):
    endpoint.behaves = [how]
    found = await ask(endpoint)
    assert isinstance(found, NotDone)
    assert (found.code, found.final, len(endpoint.asked)) == (code, final, 1)
    assert found.message.startswith(f"127.0.0.1:{endpoint.port} ")
    assert not {"tenant", "person", SECRET} & set(found.message.split())
    assert ("(card_declined)" in found.message) == (isinstance(how, int))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299, 409])
async def test_done(endpoint, status):
    endpoint.behaves, endpoint.content = [status], b""
    assert await ask(endpoint) == Done(status=status)


async def test_no_answer_in_time(endpoint):
    endpoint.behaves = ["hang"]
    found = await ask(endpoint, seconds=0.2)
    assert (found.code, found.final) == ("timeout", False)
    assert "within 0.2 s" in found.message


async def test_an_answer_without_end_is_read_to_its_beginning(endpoint):
    endpoint.behaves = ["endless"]
    assert await ask(endpoint) == Done(status=200)


async def test_who_is_not_vouched_for_is_told_nothing(endpoint, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    stranger, _ = write_certificates(other)
    found = await ask(endpoint, ca_file=stranger)
    assert (found.code, found.final, endpoint.asked) == ("tls", False, [])
    wrong_name = await ask(endpoint, url=f"https://localhost:{endpoint.port}/")
    assert (wrong_name.code, endpoint.asked) == ("tls", [])


async def test_nobody_there(endpoint):
    found = await ask(endpoint, url=f"https://127.0.0.1:{free_port()}/")
    assert (found.code, found.final) == ("connection", False)


async def test_nobody_set():
    found = await NoEndpoint("X_URL").ask(KEY, BODY, AT)
    assert (found.code, found.final, found.message) == ("not-set-up", False, "There is nobody to ask: set X_URL.")
