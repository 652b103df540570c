"""What billing an entry by hand would make, down to its sources, and what it made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from commands.billing_contract.bill import Decision
from commands.billing_contract.billing_desk import ReplacedInvoice
from commands.billing_contract.explaining import SHOWN, first_of
from commands.billing_contract.generate import Generated, Proposal
from commands.billing_contract.making import NewInvoice
from commands.billing_contract.proposal_document import sources_of
from commands.ports.contract_ledger import ContractLedger, TakenTransaction
from commands.ports.invoice_runs import MadeInvoice
from domain.billing_contract.entry_events import InvoiceMade
from domain.billing_contract.line_items import LineItem
from domain.pricing.explain import Explanation, explain
from domain.pricing.items import Failure
from services.api.calculation_view import item_view, milestone_view, segment_view, work_view
from services.api.rendering import TAX, exact, money

_INVOICES: Final = "/v1/customer-invoices"
Work = Mapping[str, Sequence[TakenTransaction]]
"""By line."""


async def work_of(ledger: ContractLedger, proposal: Proposal) -> Work:
    """The transactions that the proposal takes."""
    taken = [one for some in proposal.prepared.plan.taken.values() for one in first_of(some)]
    found: dict[str, list[TakenTransaction]] = defaultdict(list)
    for one in await ledger.within(proposal.contract, taken) if taken else ():
        found[one.line].append(one)
    return found


def proposal_view(proposal: Proposal, work: Work) -> dict[str, Any]:
    """Invoices with items and sources; of an entry that is billed already what it would come to without these."""
    entry, decision = proposal.entry, proposal.decision
    return {
        "contract": {"number": proposal.number, "id": proposal.contract, "version": proposal.version},
        "entry": {
            "kind": entry.kind,
            "line": entry.line,
            "milestone": entry.name,
            "from": entry.first,
            "to": entry.last,
            "run_date": entry.run_date,
        },
        "invoice_date": proposal.prepared.plan.day,
        "today": proposal.today,
        "currency": proposal.currency,
        "digest": proposal.digest,
        "invoiced": [_live(one) for one in proposal.invoiced],
        "invoices": [] if decision is None else [_invoice(decision, one, work) for one in decision.invoices],
        "replaced": [_replaced(one) for one in proposal.replaced],
        "warnings": proposal.warnings,
        "tax": TAX,
    }


def generated_view(made: Generated) -> dict[str, Any]:
    """What a generation answers."""
    return {
        "id": made.contract,
        "version": made.version,
        "invoices": [_made(one) for one in made.invoices],
        "warnings": made.warnings,
        "replaced": [_replaced(one) for one in made.replaced],
        "digest": made.digest,
    }


def _replaced(one: ReplacedInvoice) -> dict[str, Any]:
    return {
        "id": one.id,
        "reference": one.reference,
        "customer": one.customer,
        "how": one.how,
        "by": one.by,
        "advice": one.advice,
        "href": f"{_INVOICES}/{one.id}",
    }


def _live(one: InvoiceMade) -> dict[str, Any]:
    href = f"{_INVOICES}/{one.invoice}"
    return {"id": one.invoice, "reference": one.reference, "customer": one.customer, "href": href}


def _made(one: MadeInvoice) -> dict[str, Any]:
    return {
        "id": one.id,
        "customer": one.customer,
        "reference": one.reference,
        "total": one.total or None,
        "currency": one.currency,
        "href": f"{_INVOICES}/{one.id}",
    }


def _invoice(decision: Decision, one: NewInvoice, work: Work) -> dict[str, Any]:
    priced = decision.priced[one.stream.id]
    result, currency = priced.result, one.created.currency
    shown: dict[str, Any] = {
        "customer": one.made.customer,
        "reference": one.made.reference,
        "period_from": one.created.period_from,
        "period_to": one.created.period_to,
        "lines": one.state.lines,
    }
    if isinstance(result, Failure):
        failure = {"code": result.code, "message": result.message, "product": result.product, "rule": result.rule}
        return {**shown, "items": [], "total": None, "cost_total": None, "failure": failure}
    own = sources_of(decision.prepared.plan.items.get(one.made.customer, ()))
    items = []
    for item in result.items:
        opened = item_view(item, currency)
        opened.pop("id")  # of an invoice that is none yet
        if item.contract_line is None:
            tree = explain(priced.to_price, priced.groups, priced.inputs.context, item.id)
            opened["tree"] = tree.model_dump(mode="json") if isinstance(tree, Explanation) else None
        else:
            made_of = own.get((item.contract_line, item.kind, item.cycle), ())
            opened["sources"] = [_sources(line, work, currency) for line in made_of]
        items.append(opened)
    totals = {"total": money(result.revenue_total, currency), "cost_total": money(result.cost_total, currency)}
    return {**shown, "items": items, **totals, "failure": None}


def _sources(line: LineItem, work: Work, currency: str) -> dict[str, Any]:
    taken = work.get(line.line, ()) if line.transactions else ()
    return {
        "amount": money(line.amount, currency),
        "whole": money(line.whole, currency),
        "share": None if line.share is None else exact(line.share),
        "billed": money(line.billed, currency),
        "segments": [segment_view(one) for one in line.segments],
        "milestones": [milestone_view(one) for one in line.milestones],
        "transactions": [work_view(one) for one in taken if one.customer in (None, line.customer)][:SHOWN],
        "count": len(line.segments) + len(line.milestones) + line.transactions,
    }
