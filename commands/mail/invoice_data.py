"""The data that the mail of an invoice is written with, and a sample of it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from commands.mail.data import money
from domain.customer_invoice.approval_events import Approved, CustomerSnapshot
from domain.customer_invoice.calculation_events import Calculated, ItemValue
from domain.customer_invoice.events import CustomerInvoiceCreated
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import id_for
from domain.money import plain

MAX_ITEMS: Final = 200
"""Items that the text may list; `items_left_out` counts the others."""


def invoice_data(state: CustomerInvoice, product_names: Mapping[str, str]) -> dict[str, Any]:
    """What the text of an approved invoice may name; figures as people read them. ValueError for another one."""
    approved = state.approved
    if approved is None:
        raise ValueError(f"{state.reference} is {state.status}, not approved")
    currency = approved.currency
    return {
        "number": approved.number,
        "reference": state.reference,
        "type": state.invoice_type,
        "customer": state.customer,
        "customer_name": approved.snapshot.name,
        "invoice_date": approved.invoice_date.isoformat(),
        "period_from": approved.period_from.isoformat(),
        "period_to": approved.period_to.isoformat(),
        "currency": currency,
        "total": money(approved.revenue_total, currency),
        "items": [_item(item, currency, product_names) for item in state.items[:MAX_ITEMS]],
        "items_left_out": max(0, approved.item_count - MAX_ITEMS),
    }


def sample_invoice_data() -> dict[str, Any]:
    """That of an invoice with one item."""
    names = {"customer": "SAMPLE", "reference": "SAMPLE-1"}
    first, last, total = date(2026, 1, 1), date(2026, 1, 31), Decimal("1234.50")
    dates = {"invoice_date": last, "period_from": first, "period_to": last, "currency": "EUR"}
    item = ItemValue(
        id="1", kind="price", product="P-1", rule="R-1", rule_version=1, quantity=Decimal("2.5"), unit="h", amount=total
    )
    totals = {"revenue_total": total, "cost_total": Decimal(1000), "item_count": 1}
    calculated = Calculated(
        **names, calculation=1, through=1, reference_position=1, currency="EUR", items=(item,), inputs=(), digest="0",
        **totals,
    )  # fmt: skip
    approved = Approved(
        **names, number="INV-2026-000001", series="INV", sequence=1, approval_date=last, approved_by="sample",
        items_digest="0", snapshot=CustomerSnapshot(code="SAMPLE", version=1, name="Sample Ltd"), **dates, **totals,
    )  # fmt: skip
    created = CustomerInvoiceCreated(
        **names, customer_id=id_for("customer", "SAMPLE"), invoice_type="ad_hoc", **dates
    )  # fmt: skip
    state = fold([created, calculated, approved])
    return invoice_data(state, {"P-1": "Support"}) if state else {}


def _item(item: ItemValue, currency: str, names: Mapping[str, str]) -> dict[str, Any]:
    code = item.product or ""
    return {
        "kind": item.kind,
        "product": code,
        "name": names.get(code, code or item.rule),
        "subscription": item.subscription or "",
        "quantity": "" if item.quantity is None else plain(item.quantity),
        "unit": item.unit or "",
        "amount": money(item.amount, currency),
    }
