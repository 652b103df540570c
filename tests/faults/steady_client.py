"""A backend service that bills in spite of everything: same key again until there is an answer."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

PATIENCE = 180.0  # seconds until a command without any answer fails the test
PAUSE = 0.1


class SteadyHttp:
    """Sends each command to one API after the other, with one key, until one of them answers with no fault of its own.

    So a command is acknowledged once, whatever became of the answers before.
    """

    def __init__(self, addresses: Sequence[str], key: str) -> None:
        self._addresses = [f"{address}/v1" for address in addresses]
        self._turn = 0
        self.again = 0
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=15)

    def send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The first answer that is none of a server's troubles; AssertionError when it is a refusal."""
        deadline = time.monotonic() + PATIENCE
        while True:
            said: object
            try:
                answer = self._http.request(
                    method, self._addresses[self._turn % len(self._addresses)] + path, **request
                )
            except httpx.HTTPError as error:
                said = error
            else:
                said = f"{answer.status_code} {answer.text[:500]}"
                if answer.is_success:
                    document: dict[str, Any] = answer.json()
                    return document
                # 409 command-in-progress and the like would be answers, too: nothing of the kind is expected here.
                assert answer.status_code >= 500 or answer.status_code == 429, f"{method} {path}: {said}"
            assert time.monotonic() < deadline, f"{method} {path} has no answer; the last: {said!r}"
            self._turn += 1
            self.again += 1
            time.sleep(PAUSE)  # as a service would: not as fast as it can

    def command(self, key: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        """A command under an idempotency key."""
        headers = {"Idempotency-Key": key, **request.pop("headers", {})}
        return self.send(method, path, headers=headers, **request)

    def close(self) -> None:
        self._http.close()


@dataclass(slots=True)
class Acknowledged:
    """What one invoice must be in the end, by the answers that were given."""

    id: str
    number: str
    amounts: list[Decimal] = field(default_factory=list)
    parts: int = 0
    attempt: int = 1
    status_reason: str | None = "populating"

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, Decimal(0))


class Clerk(threading.Thread):
    """Types invoices in, uploads, activates, takes out, puts back, deletes: one after the other until `enough` is set.

    `done` counts acknowledged commands, `told` has each with its key and answer; `failed` is what ended it before.
    """

    def __init__(self, name: str, seed: int, http: SteadyHttp, enough: threading.Event) -> None:
        super().__init__(name=name)
        self.invoices: list[Acknowledged] = []
        self.told: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = []
        self.done = 0
        self.failed: BaseException | None = None
        self._dice = random.Random(seed)
        self._http = http
        self._enough = enough

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                self._invoice(f"{self.name}-{len(self.invoices) + 1:03}")
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for this one
            self.failed = error
        finally:
            self._http.close()

    def _invoice(self, number: str) -> None:
        parts = [[self._amount() for _ in range(self._dice.randint(1, 30))] for _ in range(self._dice.randint(1, 2))]
        total = sum((amount for part in parts for amount in part), Decimal(0))
        created = self._command(number, "POST", "/provider-invoices", json=header(number, total))
        ours = Acknowledged(created["id"], number)
        self.invoices.append(ours)
        path = f"/provider-invoices/{ours.id}"
        for name, amounts in enumerate(parts, start=1):
            lines = "\n".join(line(amount) for amount in amounts)
            kind = {"Content-Type": "application/x-ndjson"}
            self._command(number, "POST", f"{path}/lines", params={"part": f"p{name}"}, content=lines, headers=kind)
            ours.amounts += amounts
            ours.parts += 1
        if self._dice.random() < 0.1:
            return  # it waits for its activation
        self._to(ours, "POST", f"{path}/activate", "active", json={})
        fate = self._dice.random()
        if fate < 0.5:
            self._to(ours, "POST", f"{path}/deactivate", "deactivated", json={"reason": "To be checked again"})
        if fate < 0.3:
            self._to(ours, "POST", f"{path}/activate", "active", json={})
            ours.attempt += 1
        elif fate < 0.4:
            self._to(ours, "DELETE", path, None, json={"reason": "Typed in by mistake"})

    def _to(self, ours: Acknowledged, method: str, path: str, wanted: str | None, **request: Any) -> None:
        answer = self._command(ours.number, method, path, **request)
        assert answer["status_reason"] == wanted, answer
        ours.status_reason = wanted

    def _command(self, number: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        key = f"{number}:{self.done}"
        answer = self._http.command(key, method, path, **request)
        self.told.append((key, method, path, request, answer))
        self.done += 1
        return answer

    def _amount(self) -> Decimal:
        return Decimal(self._dice.randint(1, 10**6)).scaleb(-2)


def header(number: str, total: Decimal) -> dict[str, str]:
    """A manual invoice's header."""
    return {
        "provider": "PAPER",
        "invoice_number": number,
        "invoice_date": "2026-03-01",
        "period_from": "2026-02-01",
        "period_to": "2026-02-28",
        "currency": "EUR",
        "total": f"{total:.2f}",
    }


def line(amount: Decimal) -> str:
    """A line as NDJSON."""
    return (
        f'{{"kind": "usage", "customer": "c-1", "product": "p-1", "charge_from": "2026-02-03", "quantity": "1", '
        f'"amount": "{amount}"}}'
    )
