"""What every chapter of the demo works with."""

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from domain.identity import provider_invoice_stream
from services.cli.output import table
from services.demo.client import PATIENCE, Client, DemoFailed
from services.demo.mailbox import Mailbox
from services.demo.world import World
from services.settings import Settings
from services.up import Running

SERVICE: Final = "billing-backend"
APPROVALS: Final = "approvals-backend"
CLERK: Final = "invoice-clerk"
"""Whom the service acts for: a role, as a person's login would be."""


@dataclass(slots=True)
class Stage:
    """The console, the world, what is running; `admin` sets things up, `clerk` does the work."""

    console: Console
    world: World
    running: Running
    mailbox: Mailbox
    settings: Settings
    folder: Path
    admin: Client = field(init=False)
    clerk: Client = field(init=False)
    _approvals: str = field(init=False)
    _others: list[Client] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def open(self) -> None:
        """Make the service's key with the first admin key."""
        first = self.running.first_key
        if first is None:
            raise DemoFailed("the store was not empty")
        self.admin = Client(self.running.address, first.secret)
        key = self.admin.send(
            "POST",
            "/keys",
            {"subject": SERVICE, "roles": ["operator", "auditor"], "delegate": True},
            **{"Idempotency-Key": "demo-service-key"},
        )
        self.clerk = Client(self.running.address, key["secret"], CLERK)
        approvals = {"subject": APPROVALS, "roles": ["approver", "operator"], "delegate": True}
        made = self.admin.send("POST", "/keys", approvals, **{"Idempotency-Key": "demo-approvals-key"})
        self._approvals = made["secret"]

    def acting_for(self, person: str) -> Client:
        """The approvals service, acting for a person."""
        self._others.append(Client(self.running.address, self._approvals, person))
        return self._others[-1]

    def close(self) -> None:
        """Close the connections."""
        for other in self._others:
            other.close()
        for name in ("admin", "clerk"):
            client: Client | None = getattr(self, name, None)
            if client is not None:
                client.close()

    def say(self, text: str) -> None:
        """A sentence."""
        self.console.print(f"  {text}")

    def quote(self, text: str) -> None:
        """Words of the system itself, as they are."""
        for line in text.splitlines():
            for piece in _wrapped(line, self.console.width - 6):
                self.console.print(f"  [cyan]│[/] {escape(piece)}", soft_wrap=True)

    def show(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
    ) -> None:
        """A table."""
        self.console.print(table(title, columns, rows, right=right))

    def expect(self, what: str, found: object, wanted: object) -> None:
        """The demo is a test, too: DemoFailed unless both are the same."""
        if found != wanted:
            raise DemoFailed(f"{what}: expected {wanted!r}, found {found!r}")

    def finished_job(self, started: dict[str, Any]) -> str:
        """The result of a job that was started by hand, once it has ended."""
        name, asked = started["name"], started["run"]["requested_at"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            last = self.admin.get(f"/jobs/{name}")["last"]
            if last and last["requested_at"] >= asked and last["ended_at"]:
                self.expect(f"job {name}", last["outcome"], "ok")
                self.clerk.catch_up()
                return str(last["result"])
            time.sleep(0.05)
        raise DemoFailed(f"the job {name} has not ended within {PATIENCE:.0f} s")

    def mails(self, count: int) -> list[EmailMessage]:
        """The mails that have come, once there are so many; one more is a failure."""
        deadline = time.monotonic() + PATIENCE
        while len(self.mailbox.mails) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        self.expect("mails", len(self.mailbox.mails), count)
        return self.mailbox.mails

    def invoice(self, provider: str, number: str) -> dict[str, Any]:
        """A provider invoice, by its human names."""
        found: dict[str, Any] = self.clerk.get(f"/provider-invoices/{provider_invoice_stream(provider, number).id}")
        return found


def _wrapped(line: str, width: int) -> list[str]:
    """A line in pieces that keep its indentation; an empty one stays."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False) or [""]
