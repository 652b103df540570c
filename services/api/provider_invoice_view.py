"""Provider invoices as JSON: the whole resource, and the shorter answer of a command."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from commands.caller import Caller
from commands.provider_invoice.desk import Outcome
from domain.provider_invoice.actions import Usage, available_actions
from domain.provider_invoice.parts import FileRef, KindSum, PartRef
from domain.provider_invoice.reported import Change
from domain.provider_invoice.state import ProviderInvoice
from services.api.call import Told, created_or_ok
from services.api.rendering import TAX, exact, money

BASE: Final = "/v1/provider-invoices"
_WORDS: Final = {
    "populating": ("active", "populating"),
    "active": ("active", "active"),
    "error": ("inactive", "error"),
    "deactivated": ("inactive", "deactivated"),
    "deleted": ("deleted", None),
}
_ACTIONS: dict[tuple[Any, ...], list[dict[str, Any]]] = {}


def invoice_words(state: ProviderInvoice) -> dict[str, Any]:
    """The two words that JSON has for where an invoice stands."""
    status, reason = _WORDS[state.status]
    return {"status": status, "status_reason": reason}


def actions_view(state: ProviderInvoice, usage: Usage, caller: Caller) -> list[dict[str, Any]]:
    """Every verb, and the code of the rule that refuses it. Kept by all that the rules look at."""
    key = (
        (state.source, state.status, state.adjusts is None, state.open_change is None, state.import_code),
        (usage, caller.roles),
    )
    known = _ACTIONS.get(key)
    if known is None:
        found = available_actions(state, usage, caller.roles)
        known = [{"action": a.action, "allowed": a.allowed, "code": a.code} for a in found]
        if len(_ACTIONS) < 10_000:  # noqa: PLR2004 - few states, few sets of roles
            _ACTIONS[key] = known
    return known


def answer_view(outcome: Outcome, caller: Caller) -> dict[str, Any]:
    """What a command answers."""
    state = outcome.state
    status, reason = _WORDS[state.status]
    currency = state.header.currency
    body: dict[str, Any] = {
        "id": outcome.id,
        "version": outcome.version,
        "status": status,
        "status_reason": reason,
        "changed": outcome.changed,
        "provider": state.provider,
        "invoice_number": state.number,
        "attempt": state.attempt,
        "currency": currency,
        "total": money(state.header.total, currency),
        "available_actions": actions_view(state, outcome.usage, caller),
    }
    if state.reasons:
        body |= {"reasons": state.reasons, "messages": state.messages, "difference": _money(state.difference, currency)}
    if outcome.operation is not None:
        body["operation"] = {"id": outcome.operation, "href": f"/v1/operations/{outcome.operation}"}
    return body


def told(outcome: Outcome, caller: Caller) -> Told:
    """The answer with its status and headers: 201 when made, 202 when an operation goes on behind it."""
    status, headers = created_or_ok(created=outcome.created, location=f"{BASE}/{outcome.id}", version=outcome.version)
    if outcome.operation is not None:
        status, headers = 202, {**headers, "Location": f"/v1/operations/{outcome.operation}"}
    return Told(answer_view(outcome, caller), status, headers)


def invoice_view(invoice: UUID, version: int, state: ProviderInvoice, usage: Usage, caller: Caller) -> dict[str, Any]:
    """The whole resource."""
    status, reason = _WORDS[state.status]
    header = state.header
    currency = header.currency
    totals = state.totals
    return {
        "id": invoice,
        "version": version,
        "provider": state.provider,
        "invoice_number": state.number,
        "source": state.source,
        "status": status,
        "status_reason": reason,
        "reasons": state.reasons,
        "messages": state.messages,
        "import_code": state.import_code,
        "attempt": state.attempt,
        "tries": state.tries,
        "revision": state.revision,
        "invoice_date": header.invoice_date,
        "period_from": header.period_from,
        "period_to": header.period_to,
        "currency": currency,
        "total": money(header.total, currency),
        "tax_included": header.tax_included,
        "tax": TAX,
        "lines": state.rows,
        "left_out": state.left_out,
        "sums": {
            "licence": exact(totals.licence),
            "usage": exact(totals.usage),
            "tax": exact(totals.tax),
            "exact": exact(totals.exact),
            "rounded": money(totals.grand, currency),
            "difference": money(totals.difference, currency),
        },
        "difference": _money(state.difference, currency),
        "overridden": _money(state.overridden, currency),
        "parts": [_part(part) for _, part in sorted(state.parts.items())],
        "files": [_file(file) for file in state.files],
        "change_open": state.open_change is not None,
        "changes": [_change(change, currency) for change in state.changes],
        "adjusts": _linked(state.adjusts, state.adjusts_number),
        "adjustments": [_linked(adjustment, None) for adjustment in state.adjustments],
        "available_actions": actions_view(state, usage, caller),
    }


def _money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else money(amount, currency)


def _linked(invoice: UUID | None, number: str | None) -> dict[str, Any] | None:
    if invoice is None:
        return None
    link: dict[str, Any] = {"id": invoice, "href": f"{BASE}/{invoice}"}
    return link if number is None else {**link, "invoice_number": number}


def _change(change: Change, currency: str) -> dict[str, Any]:
    listed = change.currency or currency
    return {
        "revision": change.revision,
        "total": money(change.total, listed),
        "currency": listed,
        "state": change.how,
        "adjustment": change.adjustment,
    }


def _part(part: PartRef) -> dict[str, Any]:
    return {
        "part": part.part,
        "lines": part.sums.rows,
        "first_line": part.first_line,
        "last_line": part.last_line,
        "chunks": part.chunks,
        "complete": part.complete,
        "left_out": part.left_out,
        "digest": part.digest,
        "file_sha256": part.file_sha256,
        "mapping": part.mapping,
        "currencies": part.currencies,
        "sums": {name: _sum(getattr(part.sums, name)) for name in ("licence", "usage", "tax")},
    }


def _sum(kind: KindSum) -> dict[str, Any]:
    return {"lines": kind.count, "amount": exact(kind.amount), "tax": exact(kind.tax)}


def _file(file: FileRef) -> dict[str, Any]:
    return {"path": file.path, "role": file.role, "sha256": file.sha256, "size": file.size}
