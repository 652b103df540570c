"""The data that texts are written with: plain values, figures as people read them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from domain.customer_invoice.task_events import TaskFailed
from domain.money import fixed, less
from domain.operations.events import ImportSummaryBuilt, NoticeRaised, ProviderSummary
from domain.provider_invoice.events import ChangeReported

First = NoticeRaised | ImportSummaryBuilt


def data_of(first: First) -> dict[str, Any]:
    """What the text of a letter may name."""
    return dict(first.values) if isinstance(first, NoticeRaised) else summary_data(first)


def change_values(fact: ChangeReported) -> dict[str, str]:
    """The figures of a change that a provider reported."""
    currency, listed = fact.currency, fact.listed_currency or fact.currency
    return {
        "provider": fact.provider,
        "invoice_number": fact.invoice_number,
        "imported_total": money(fact.imported_total, currency),
        "total": money(fact.total, listed),
        "difference": money(less(fact.total, fact.imported_total), currency) if listed == currency else "",
        "currency": currency,
        "listed_currency": listed,
        "imported_revision": fact.imported_revision or "",
        "revision": fact.revision or "",
        "message": fact.message,
    }


def task_values(fact: TaskFailed) -> dict[str, str]:
    """What is told of a task that failed."""
    return {
        "number": fact.number,
        "reference": fact.reference,
        "customer": fact.customer,
        "task": fact.task,
        "code": fact.code,
        "message": fact.message,
        "tries": str(fact.tries),
        "key": fact.key,
    }


def summary_data(built: ImportSummaryBuilt) -> dict[str, Any]:
    """The figures of a day's summary."""
    return {
        "day": built.day.isoformat(),
        "zone": built.zone,
        "succeeded": sum(p.succeeded for p in built.providers),
        "failed": sum(p.failed_count for p in built.providers),
        "changed": sum(p.changed_count for p in built.providers),
        "lists_not_fetched": sum(bool(p.list_failures) for p in built.providers),
        "providers": _providers(built.providers),
        "earlier": _providers(built.earlier),
    }


def money(amount: Decimal, currency: str) -> str:
    """An amount as people read it: 12,000.00; one with more digits than its currency has keeps them."""
    try:
        return f"{Decimal(fixed(amount, currency)):,f}"
    except ValueError:
        return f"{amount:,f}"


def _providers(summaries: Sequence[ProviderSummary]) -> list[dict[str, Any]]:
    return [
        {
            "provider": p.provider,
            "nothing": not (p.succeeded or p.failed_count or p.changed_count or p.list_failures),
            "succeeded": p.succeeded,
            "totals": [
                {"currency": t.currency, "total": money(t.total, t.currency), "invoices": t.invoices} for t in p.totals
            ],
            "failed": p.failed_count,
            "failures": [
                {"invoice_number": f.invoice_number, "reasons": list(f.reasons), "messages": list(f.messages)}
                for f in p.failed
            ],
            "failures_left_out": p.failed_count - len(p.failed),
            "changed": p.changed_count,
            "changes": [
                {
                    "invoice_number": c.invoice_number,
                    "imported_total": money(c.imported_total, c.currency),
                    "reported_total": money(c.reported_total, c.currency),
                    "currency": c.currency,
                }
                for c in p.changed
            ],
            "changes_left_out": p.changed_count - len(p.changed),
            "list_failures": list(p.list_failures),
        }
        for p in summaries
    ]
