"""Customer invoices as JSON: the whole resource, and the shorter answer of a command."""

from typing import Any, Final
from uuid import UUID

from commands.caller import Caller
from commands.customer_invoice.comments import Said
from commands.customer_invoice.desk import Outcome
from commands.customer_invoice.rules import Setting
from domain.customer_invoice.actions import Asking, available_actions
from domain.customer_invoice.approval_events import CustomerSnapshot
from domain.customer_invoice.calculation_events import Calculated, CalculationFailed
from domain.customer_invoice.events import ContractSource
from domain.customer_invoice.state import Approval, CustomerInvoice
from domain.money import rounded
from services.api.call import Told, created_or_ok
from services.api.rendering import TAX, exact, instant, money
from services.api.task_view import Waitings, tasks_view

BASE: Final = "/v1/customer-invoices"
SAME_FAILURES: Final = 3
"""From so many tries with the same failure on, trying again will not help."""


def actions_view(state: CustomerInvoice, setting: Setting, caller: Caller) -> list[dict[str, Any]]:
    """Every verb, and the code of the rule that refuses it."""
    who = Asking(caller.actor, caller.roles, setting.process, setting.groups, setting.today)
    return [{"action": a.action, "allowed": a.allowed, "code": a.code} for a in available_actions(state, who)]


def told(outcome: Outcome, caller: Caller, *, new: bool = False) -> Told:
    """What a command answers: where the invoice stands, what was done, and what can be done next."""
    status, headers = created_or_ok(
        created=new and outcome.changed, location=f"{BASE}/{outcome.id}", version=outcome.version
    )
    state = outcome.state
    body: dict[str, Any] = {
        "id": outcome.id,
        "version": outcome.version,
        "changed": outcome.changed,
        **_header(state),
        **_totals(state),
        "approval": _approval(state.approval, caller),
        "tasks": tasks_view(state),
        "available_actions": actions_view(state, outcome.setting, caller),
    }
    if state.status == "closed":
        body["written_off"] = _written_off(state)
    warnings = _warnings(state)
    if warnings:
        body["warnings"] = warnings
    return Told(body, status, headers)


def invoice_view(
    invoice: UUID,
    version: int,
    state: CustomerInvoice,
    setting: Setting,
    caller: Caller,
    waiting: Waitings | None = None,
) -> dict[str, Any]:
    """The whole resource, but for its items."""
    approved = state.approved
    return {
        "id": invoice,
        "version": version,
        **_header(state),
        **_totals(state),
        "contract": _contract(state.contract),
        "calculation": _calculation(state.calculation),
        "failure": _failure(state.failure),
        "approval": _approval(state.approval, caller),
        "approved": None
        if approved is None
        else {
            "number": approved.number,
            "series": approved.series,
            "series_year": approved.series_year,
            "date": approved.approval_date,
            "items_digest": approved.items_digest,
            **({"by": approved.approved_by} if caller.may("history.read") else {}),
        },
        "closed": None
        if state.closed is None
        else {
            "reason": state.closed.reason,
            "written_off": _written_off(state),
            **({"by": state.closed.closed_by} if caller.may("history.read") else {}),
        },
        "snapshot": _snapshot(state),
        "comments": state.comments,
        "tasks": tasks_view(state, waiting),
        "purchases": [
            {
                "offer": offer,
                "provider_invoice": held.provider_invoice,
                "lines": held.lines,
                "cost": exact(held.cost),
                "ranges": [{"first": r.first, "last": r.last} for r in held.ranges],
            }
            for offer, held in state.holdings.items()
        ],
        "posted_purchases": [
            {"batch": batch, "lines": held.lines, "cost": exact(held.cost), "currency": held.currency}
            for batch, held in state.posted.items()
        ],
        "warnings": _warnings(state),
        "available_actions": actions_view(state, setting, caller),
    }


def said_view(said: Said) -> dict[str, Any]:
    """One comment; `number` counts free ones, those of a step have its number."""
    return {
        "what": said.what,
        "number": said.number,
        "step": said.step,
        "author": said.author,
        "comment": said.text,
        "at": instant(said.at),
    }


def _header(state: CustomerInvoice) -> dict[str, Any]:
    return {
        "number": state.approved.number if state.approved else None,
        "type": state.invoice_type,
        "customer": state.customer,
        "reference": state.reference,
        "invoice_date": state.invoice_date,
        "period_from": state.period_from,
        "period_to": state.period_to,
        "currency": state.currency,
        "status": state.status,
        "stale": state.stale,
        "superseded_by": None if state.superseded is None else state.superseded.by,
    }


def _totals(state: CustomerInvoice) -> dict[str, Any]:
    """Those of the last calculation; `lines` and `cost` are of what it holds now."""
    calculation, currency = state.calculation, state.currency
    return {
        "revenue_total": None if calculation is None else money(calculation.revenue_total, currency),
        "cost_total": None if calculation is None else money(rounded(calculation.cost_total, currency), currency),
        "item_count": None if calculation is None else calculation.item_count,
        "lines": state.lines,
        "cost": exact(state.cost),
        "tax": TAX,
    }


def _contract(source: ContractSource | None) -> dict[str, Any] | None:
    """The contract that it bills; `entries`: of its schedules. `replaces`: earlier invoices of these."""
    if source is None:
        return None
    return {
        "number": source.contract,
        "id": source.contract_id,
        "version": source.version,
        "href": f"/v1/billing-contracts/{source.contract_id}",
        "entries": source.entries,
        "replaces": source.replaces,
    }


def _calculation(calculation: Calculated | None) -> dict[str, Any] | None:
    if calculation is None:
        return None
    return {
        "calculation": calculation.calculation,
        "through": calculation.through,
        "reference_position": calculation.reference_position,
        "inputs": [{"kind": i.kind, "code": i.code, "version": i.version} for i in calculation.inputs],
        "digest": calculation.digest,
    }


def _failure(failure: CalculationFailed | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "calculation": failure.calculation,
        "code": failure.code,
        "message": failure.message,
        "product": failure.product,
        "rule": failure.rule,
        "tries": failure.tries,
        "advice": None
        if failure.tries < SAME_FAILURES
        else "It failed so again and again: trying once more won't help. Mend the set-up it names, or ask for support.",
    }


def _approval(approval: Approval | None, caller: Caller) -> dict[str, Any] | None:
    """Where the approval stands; who did what is for those who may read histories."""
    if approval is None:
        return None
    shown: dict[str, Any] = {
        "process": approval.process,
        "process_version": approval.process_version,
        "four_eyes": approval.four_eyes,
        "step": min(approval.step, len(approval.steps)),
        "steps": [{"group": step.group, "approvals": step.approvals} for step in approval.steps],
        "approvals": len(approval.approvers),
    }
    if caller.may("history.read"):
        shown |= {
            "requested_by": approval.requested_by,
            "approvers": approval.approvers,
            "earlier_approvers": approval.earlier,
        }
    return shown


def _written_off(state: CustomerInvoice) -> dict[str, Any]:
    """What is given up by closing: purchases, their exact cost in each currency, and what they would have brought."""
    total = None if state.closed is None else state.closed.revenue_total
    return {
        "lines": state.lines,
        "cost": exact(state.cost),
        "costs": [{"currency": currency, "cost": exact(cost)} for currency, cost in state.costs.items()],
        "revenue_total": None if total is None else money(total, state.currency),
    }


def _snapshot(state: CustomerInvoice) -> dict[str, Any] | None:
    taken: CustomerSnapshot | None = None
    if state.approved is not None:
        taken = state.approved.snapshot
    elif state.closed is not None:
        taken = state.closed.snapshot
    elif state.approval is not None:
        taken = state.approval.snapshot
    if taken is None:
        return None
    return {"code": taken.code, "version": taken.version, "name": taken.name, "cluster": taken.cluster}


def _warnings(state: CustomerInvoice) -> list[dict[str, str]]:
    if state.status in ("approving", "approved") and state.calculation and state.calculation.item_count == 0:
        return [{"code": "invoice-empty", "detail": f"{state.reference} has no item."}]
    return []
