"""A real SMTP server on 127.0.0.1 for tests: keeps what it takes, and misbehaves on request."""

import asyncio
import email
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """`mails` are what it took. `refuse` maps a recipient to the answer it gets, `data_answer` is that to all mails.

    Once `talks` is cleared, mails are not answered.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}
        self.data_answer = "250 OK"
        self.talks = asyncio.Event()
        self.talks.set()
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?timeout=5"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="127.0.0.1", enable_SMTPUTF8=True), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Away: connections are refused. It comes back on the same port by `start`."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_RCPT(self, server, session: Session, envelope: Envelope, address: str, options) -> str:  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self.talks.wait()
        if self.data_answer.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=default)
            self.mails.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
        return self.data_answer


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    server.talks.set()
    await server.stop()
