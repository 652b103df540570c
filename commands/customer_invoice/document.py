"""An approved invoice as a JSON document for other systems: stable, versioned, the same bytes each time.

Amounts are decimal strings with exactly the currency's digits, quantities plain decimal strings. Costs are not in it:
it is what the customer owes. A version only ever gains fields; anything else is the next version.
"""

import json
from typing import Any, Final
from uuid import UUID

from domain.customer_invoice.approval_events import Approved
from domain.customer_invoice.calculation_events import ItemValue
from domain.customer_invoice.state import CustomerInvoice
from domain.money import fixed, plain

DOCUMENT: Final = "ledgerline.customer-invoice"
VERSION: Final = 1


def document(invoice: UUID, state: CustomerInvoice) -> bytes:
    """UTF-8 JSON of an invoice that is approved; ValueError for another."""
    return json.dumps(contents(invoice, state), ensure_ascii=False, separators=(",", ":")).encode()


def contents(invoice: UUID, state: CustomerInvoice) -> dict[str, Any]:
    """What is in it; see docs/post-invoicing-tasks.md."""
    approved = approved_of(state)
    taken, currency, contract = approved.snapshot, approved.currency, state.contract
    return {
        "document": DOCUMENT,
        "version": VERSION,
        "id": str(invoice),
        "number": approved.number,
        "type": state.invoice_type,
        "reference": state.reference,
        "contract": None if contract is None else {"id": str(contract.contract_id), "number": contract.contract},
        "invoice_date": approved.invoice_date.isoformat(),
        "approval_date": approved.approval_date.isoformat(),
        "period_from": approved.period_from.isoformat(),
        "period_to": approved.period_to.isoformat(),
        "customer": {"code": taken.code, "name": taken.name, "version": taken.version},
        "currency": currency,
        "revenue_total": fixed(approved.revenue_total, currency),
        "tax": approved.tax,
        "item_count": approved.item_count,
        "items_digest": approved.items_digest,
        "items": [_item(item, currency) for item in state.items],
    }


def approved_of(state: CustomerInvoice) -> Approved:
    """How it was approved; ValueError when it was not."""
    if state.approved is None:
        raise ValueError(f"{state.reference} is {state.status}, not approved")
    return state.approved


def _item(item: ItemValue, currency: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "product": item.product,
        "subscription": item.subscription,
        "late_period": item.late_period and item.late_period.isoformat(),
        "quantity": None if item.quantity is None else plain(item.quantity),
        "unit": item.unit,
        "amount": fixed(item.amount, currency),
    }
