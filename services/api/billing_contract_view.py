"""Billing contracts as JSON: the whole resource, its schedule, and the shorter answer of a command."""

from typing import Any, Final
from uuid import UUID

from commands.billing_contract.desk import Outcome
from commands.billing_contract.plan import PlannedEntry
from commands.caller import Caller
from domain.billing_contract.entry import EntryState, overdue
from domain.billing_contract.entry_events import InvoiceMade, LineSkipped
from domain.billing_contract.fixed_price import Milestone
from domain.billing_contract.parts import FixedPriceTerms, SubscriptionTerms
from domain.billing_contract.state import BillingContract, Line
from domain.billing_contract.time_and_material import Transaction
from services.api.call import Told, created_or_ok
from services.api.rendering import TAX, exact

BASE: Final = "/v1/billing-contracts"
VERBS: Final = ("amend", "lines", "quantity", "price", "milestones", "transactions", "ready", "unready", "end")


def told(outcome: Outcome, caller: Caller, *, new: bool = False) -> Told:
    """What a command answers."""
    status, headers = created_or_ok(
        created=new and outcome.changed, location=f"{BASE}/{outcome.id}", version=outcome.version
    )
    body = {
        "id": outcome.id,
        "version": outcome.version,
        "changed": outcome.changed,
        "number": outcome.state.number,
        "status": outcome.state.status,
        "available_actions": _actions(caller),
    }
    return Told(body, status, headers)


def contract_view(contract: UUID, version: int, state: BillingContract, caller: Caller) -> dict[str, Any]:
    """The whole resource, but for its transactions."""
    terms = state.terms
    return {
        "id": contract,
        "version": version,
        "number": state.number,
        "name": terms.name,
        "status": state.status,
        "customers": [{"customer": c.customer, "percent": exact(c.percent)} for c in terms.customers],
        "shares": [
            {"from": s.day, "shares": [{"customer": c.customer, "percent": exact(c.percent)} for c in s.shares]}
            for s in state.shares
        ],
        "currency": terms.currency,
        "from": terms.starts,
        "to": terms.ends,
        "frequency": terms.frequency,
        "offset": terms.offset,
        "refund_policy": terms.refund_policy,
        "post_invoicing_tasks": terms.tasks,
        "approval": terms.approval,
        "time_zone": terms.time_zone,
        "recorded_on": state.recorded_on,
        "lines": [_line_view(line) for line in state.lines.values()],
        "tax": TAX,
        "available_actions": _actions(caller),
    }


def planned_view(one: PlannedEntry, state: BillingContract) -> dict[str, Any]:
    """An entry of the schedule; `overdue`: it was due before the contract was recorded, or before it became active
    again, so it is billed on request only.
    """
    entry, known = one.entry, one.state
    return {
        "id": one.id,
        "run_date": entry.run_date,
        "kind": entry.kind,
        "line": entry.line,
        "from": entry.first,
        "to": entry.last,
        "milestone": entry.name,
        "cut_off": entry.cut_off,
        "last_run": entry.closing,
        "overdue": (known is None or known.status == "active") and overdue(entry.run_date, state, known),
        "status": "active" if known is None else known.status,
        "reason": None if known is None else known.reason,
        "invoices": [] if known is None else [_invoice_view(made, known) for made in known.invoices],
        "skipped": [] if known is None else [_skipped_view(skip) for skip in known.skipped],
        "received_lines": 0 if known is None else sum(batch.lines for batch in known.received),
    }


def _invoice_view(made: InvoiceMade, known: EntryState) -> dict[str, Any]:
    return {
        "id": made.invoice,
        "reference": made.reference,
        "customer": made.customer,
        "deleted": made.invoice not in known.live,
        "superseded": made.invoice in known.superseded,
        "href": f"/v1/customer-invoices/{made.invoice}",
    }


def _skipped_view(skip: LineSkipped) -> dict[str, Any]:
    return {"line": skip.skipped, "code": skip.code, "reason": skip.reason, "day": skip.day}


def transaction_view(one: Transaction, *, cancelled: bool) -> dict[str, Any]:
    """A transaction; its amount is exact, as it is rounded once with the others of its line."""
    return {
        "id": one.id,
        "date": one.day,
        "class": one.kind,
        "quantity": exact(one.quantity),
        "price": exact(one.price),
        "amount": exact(one.exact),
        "cost": None if one.cost is None else exact(one.cost),
        "customer": one.customer,
        "ready": one.ready,
        "cancelled": cancelled,
    }


def _line_view(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": line.code, "name": line.name, "from": line.starts, "to": line.ends}
    match line.terms:
        case SubscriptionTerms():
            shown |= line.terms.model_dump(exclude={"quantity", "price"})
            shown["quantities"] = [{"from": c.day, "quantity": exact(c.value)} for c in line.quantities]
            shown["prices"] = [{"from": c.day, "price": exact(c.value)} for c in line.prices]
        case FixedPriceTerms():
            shown["kind"] = line.terms.kind
            shown["milestones"] = [_milestone_view(one) for one in line.milestones.values()]
        case _:
            shown |= line.terms.model_dump()
    return shown


def _milestone_view(one: Milestone) -> dict[str, Any]:
    return {"name": one.name, "date": one.day, "amount": exact(one.amount), "ready": one.ready}


def _actions(caller: Caller) -> list[dict[str, Any]]:
    code = None if caller.may("billing-contract.change") else "role-too-small"
    return [{"action": verb, "allowed": code is None, "code": code} for verb in VERBS]
