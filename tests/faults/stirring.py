"""Clients that do whatever they like to provider invoices, customer invoices and purchases, over HTTP, at random."""

import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from domain.identity import ad_hoc_invoice_stream, periodical_invoice_stream, purchase_id
from tests.faults.test_purchases_everywhere import MONTHS

CUSTOMERS = ("K1", "K2")
AD_HOC = ("AH-1", "AH-2")
MADE = 12
"""Provider invoices that one client types in."""
FINAL_AT_MOST = {"approve": 2, "close": 1}
PERIODICAL = [str(periodical_invoice_stream(c, m).id) for c in CUSTOMERS for m in MONTHS]
INVOICES = [*PERIODICAL, *(str(ad_hoc_invoice_stream(a).id) for a in AD_HOC)]
VERBS = ("request-approval", "withdraw", "reject", "approve", "close", "delete", "recalculate", "reroute", "cancel")
LIKELY = {"request-approval": {"open"}, "withdraw": {"approving"}, "reject": {"approving"}, "close": {"open"}}
REASON = {"reason": "r"}


class Shared:
    """What all threads know: provider invoices with their lines, purchases that were accepted, and what succeeded."""

    def __init__(self) -> None:
        self.enough = threading.Event()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.active: dict[str, list[dict[str, str]]] = {}
        self.purchases: list[str] = []


class Stirrer(threading.Thread):
    """Does whatever it likes to whatever there is; a refusal is part of the game, a server's fault is not."""

    def __init__(self, number: int, addresses: Sequence[str], key: str, shared: Shared) -> None:
        super().__init__(name=f"stirrer-{number}")
        self.failed: BaseException | None = None
        self._dice, self._shared, self._number, self._made = random.Random(number), shared, number, 0
        self._addresses, self._headers = addresses, {"Authorization": f"Bearer {key}"}

    def run(self) -> None:
        try:
            with httpx.Client(timeout=30, headers=self._headers) as self._http:
                while not self._shared.enough.wait(self._dice.random() / 4):
                    self._dice.choice((self._feed, self._provider, self._provider, self._customer, self._customer))()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for this one
            self.failed = error

    def _feed(self) -> None:
        """Usage and purchases; the usage may be taken out again before anybody has routed it."""
        if self._made == MADE:
            return
        self._made += 1
        number = f"S{self._number}-{self._made:03}"
        key = f"{number}-p"
        purchase = {"key": key, "customer": self._dice.choice(CUSTOMERS), "product": "P1", "quantity": "3", "cost": "2"}
        purchase["time"] = f"{self._dice.choice(MONTHS).replace(day=5).isoformat()}T12:00:00Z"
        if self._dice.random() < 0.5:
            purchase |= {"reference": AD_HOC[CUSTOMERS.index(purchase["customer"])]}
        if self._send("purchase", "POST", "/purchases", [purchase]):
            self._shared.purchases.append(str(purchase_id(purchase["customer"], key)))
        lines = [usage_line(self._dice, month) for month in MONTHS for _ in range(3)]
        made = self._send("create", "POST", "/provider-invoices", provider_header(number, lines))
        if made is None or not self._fill(made["id"], lines):
            return
        if self._dice.random() < 0.4 and self._send(
            "deactivate", "POST", f"/provider-invoices/{made['id']}/deactivate", REASON
        ):
            self._send("activate", "POST", f"/provider-invoices/{made['id']}/activate", {})
        self._shared.active[made["id"]] = lines

    def _fill(self, invoice: str, lines: Sequence[dict[str, str]]) -> bool:
        content = "\n".join(json.dumps(one) for one in lines)
        path = f"/provider-invoices/{invoice}"
        if self._send("lines", "POST", f"{path}/lines?part=a", content) is None:
            return False
        return self._send("activate", "POST", f"{path}/activate", {}) is not None

    def _provider(self) -> None:
        if not self._shared.active:
            return
        invoice = self._dice.choice(list(self._shared.active))
        path, verb = (
            f"/provider-invoices/{invoice}",
            self._dice.choice(("release", "release", "reoffer", "out", "adjust")),
        )
        if verb == "release":
            self._send(verb, "POST", f"{path}/release", {**REASON, "customer_invoice": self._dice.choice(PERIODICAL)})
        elif verb == "reoffer":
            self._send(verb, "POST", f"{path}/reoffer", REASON)
        elif verb == "out":
            if self._send("deactivate", "POST", f"{path}/deactivate", REASON):
                self._send("activate", "POST", f"{path}/activate", {})
        else:
            more = [*self._shared.active[invoice], usage_line(self._dice, MONTHS[0])]
            total = str(sum(Decimal(one["amount"]) for one in more))
            made = self._send(verb, "POST", f"{path}/adjust", {"total": total})
            if made is not None and made["status_reason"] == "populating":
                self._fill(made["id"], more)

    def _customer(self) -> None:
        missing = [verb for verb in VERBS if not self._shared.done[verb]]
        verb = self._dice.choice(missing if missing and self._dice.random() < 0.5 else VERBS)
        if self._shared.done[verb] >= FINAL_AT_MOST.get(verb, 10**9):
            return
        if verb == "delete":
            self._remove(self._dice.choice(AD_HOC))
        elif verb == "reroute":
            self._send(verb, "POST", "/purchases/reroute", {"customer": self._dice.choice(CUSTOMERS)})
        elif verb == "cancel" and self._shared.purchases:
            self._send(verb, "POST", f"/purchases/{self._dice.choice(self._shared.purchases)}/cancel", REASON)
        elif verb != "cancel":
            body = {"withdraw": REASON, "reject": {"comment": "c"}, "close": REASON}.get(verb)
            person = "requester" if verb in {"request-approval", "withdraw"} else "lead"
            path = f"/customer-invoices/{self._dice.choice(self._likely(verb) or INVOICES)}/{verb}"
            self._send(verb, "POST", path, body, person)

    def _likely(self, verb: str) -> list[str]:
        """Invoices that allowed it a moment ago."""
        base = f"{self._dice.choice(self._addresses)}/v1/customer-invoices"
        found = {one: self._http.get(f"{base}/{one}") for one in INVOICES}
        wanted = LIKELY.get(verb, {"open", "approving"})
        return [one for one, answer in found.items() if answer.is_success and answer.json()["status"] in wanted]

    def _remove(self, reference: str) -> None:
        path = f"/customer-invoices/{ad_hoc_invoice_stream(reference).id}"
        if self._send("delete", "DELETE", path, REASON):
            self._send("create", "POST", "/customer-invoices", ad_hoc(reference))

    def _send(
        self, verb: str, method: str, path: str, body: Any = None, person: str | None = None
    ) -> dict[str, Any] | None:
        """The answer; None: refused, or nobody was there to answer."""
        headers = {"On-Behalf-Of": person} if person else {}
        given: dict[str, Any] = {"json": body}
        if isinstance(body, str):
            headers["Content-Type"], given = "application/x-ndjson", {"content": body}
        answer = self._http.request(method, f"{self._dice.choice(self._addresses)}/v1{path}", headers=headers, **given)
        assert answer.status_code < 500 or answer.status_code == 503, f"{verb} {path}: {answer.text}"
        (self._shared.done if answer.is_success else self._shared.refused)[verb] += 1
        found: dict[str, Any] | None = answer.json() if answer.is_success else None
        return found


def usage_line(dice: random.Random, month: date) -> dict[str, str]:
    customer = dice.choice(CUSTOMERS)
    return {
        "kind": "usage", "customer": customer.lower(), "product": "p-1", "charge_from": month.replace(day=9).isoformat(),
        "quantity": str(dice.randint(1, 9)), "amount": f"{dice.randint(1, 999)}.{dice.randint(10, 99)}",
    }  # fmt: skip


def provider_header(number: str, lines: Sequence[dict[str, str]]) -> dict[str, str]:
    return {
        "provider": "PAPER", "invoice_number": number, "invoice_date": MONTHS[1].isoformat(), "currency": "EUR",
        "period_from": MONTHS[0].isoformat(), "period_to": MONTHS[1].isoformat(),
        "total": str(sum(Decimal(one["amount"]) for one in lines)),
    }  # fmt: skip


def ad_hoc(reference: str) -> dict[str, str]:
    day = MONTHS[1].isoformat()
    customer = CUSTOMERS[AD_HOC.index(reference)]
    return {"customer": customer, "reference": reference, "invoice_date": day, "period_from": day}
