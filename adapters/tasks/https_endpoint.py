"""Asking an endpoint over HTTPS: signed, verified, bounded in time and size, redirects not followed.

What counts is the status: 2xx and 409 (it was done before) are done, other 4xx are no, for good. Everything else leaves
open whether it was done, also an answer that breaks off: the caller asks again with the same key.
"""

import asyncio
import hashlib
import hmac
import json
import re
import ssl
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from domain.customer_invoice.tasks import Done, NotDone, Result

MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read; what is beyond them is not waited for."""
ALREADY: Final = 409
SIGNATURE: Final = "Ledgerline-Signature"
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def secure_client(ca_file: Path | None, version: str, at_once: int) -> httpx.AsyncClient:
    """A client that trusts the system's authorities, or only those of a file; no proxy, no redirect, no cookie kept."""
    return httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=None if ca_file is None else str(ca_file)),
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
        headers={"user-agent": f"ledgerline/{version}", "accept": "application/json", "accept-encoding": "identity"},
    )


def signature(secret: str, key: str, document: bytes, at: datetime) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 under the secret over `SECONDS.KEY.` and the body's bytes."""
    seconds = int(at.timestamp())
    signed = f"{seconds}.{key}.".encode() + document
    return f"t={seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class HttpsEndpoint:
    """`commands.ports.tasks.Endpoint`. `seconds`: from the first byte sent to the last one read."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, seconds: float) -> None:
        self._client = client
        self._url = url
        self._secret = secret
        self._seconds = seconds
        self._name = urlsplit(url).netloc

    async def ask(self, key: str, document: bytes, at: datetime) -> Result:
        """See the port."""
        headers = {
            "content-type": "application/json",
            "idempotency-key": key,
            SIGNATURE: signature(self._secret, key, document, at),
        }
        status: int | None = None
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(
                    "POST", self._url, content=document, headers=headers, timeout=self._seconds
                ) as answer,
            ):
                status = answer.status_code
                return self._judged(status, await _beginning(answer))
        except (TimeoutError, httpx.TimeoutException):
            return self._open("timeout", f"did not answer in full within {self._seconds:g} s", status)
        except httpx.TransportError as broken:
            if status is not None:
                return self._open("answer-broken", f"broke off its answer {status}", status)
            if _is_about_tls(broken):
                return self._open("tls", f"can't be trusted, or speaks no TLS: {_tls_words(broken)}", None)
            return self._open("connection", "can't be reached, or closed the connection without an answer", None)

    def _judged(self, status: int, body: bytes) -> Result:
        if status == ALREADY or httpx.codes.is_success(status):
            return Done(status=status)
        said = f"answered {status}{_code_in(body)}"
        if httpx.codes.is_client_error(status):
            return NotDone("refused", f"{self._name} {said}.", final=True, status=status)
        return self._open(f"http-{status}", said, status)

    def _open(self, code: str, said: str, status: int | None) -> NotDone:
        return NotDone(code, f"{self._name} {said}.", final=False, status=status)


class NoEndpoint:
    """`Endpoint` where none is set: the task waits for the setting, as a problem."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    async def ask(self, key: str, document: bytes, at: datetime) -> Result:  # noqa: ARG002 - the port's names
        """Never."""
        return NotDone("not-set-up", f"There is nobody to ask: set {self._setting}.", final=False)


async def _beginning(answer: httpx.Response) -> bytes:
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) >= MAX_ANSWER:
            break
    return read[:MAX_ANSWER]


def _code_in(body: bytes) -> str:
    """The answer's `code` or `error.code`, if it is a plain word: texts may name people, and are not kept."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    for place in (told, told.get("error") if isinstance(told, dict) else None):
        code = place.get("code") if isinstance(place, dict) else None
        if isinstance(code, str) and _CODE.fullmatch(code):
            return f" ({code})"
    return ""


def _is_about_tls(error: BaseException) -> bool:
    return _ssl_error(error) is not None


def _tls_words(error: BaseException) -> str:
    found = _ssl_error(error)
    if isinstance(found, ssl.SSLCertVerificationError):
        return found.verify_message
    return (found.reason if found else None) or "the handshake failed"


def _ssl_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
