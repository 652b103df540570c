"""Sample data for previews, made by the same functions as the real data: what a preview shows is what is mailed."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from commands.mail.data import change_values, summary_data, task_values
from commands.mail.invoice_data import sample_invoice_data
from domain.customer_invoice.task_events import TaskFailed
from domain.identity import id_for
from domain.operations.events import (
    CurrencyTotal,
    ImportSummaryBuilt,
    ProviderSummary,
    SummaryChange,
    SummaryFailure,
)
from domain.provider_invoice.events import ChangeReported

_DAY = date(2026, 1, 31)


def sample_of(template: str) -> Mapping[str, Any]:
    """The data of a sample letter; for templates of later versions only what they all have: a name and a message."""
    match template:
        case "import-summary":
            return summary_data(_summary())
        case "provider-invoice-changed":
            return change_values(_change())
        case "invoice":
            return sample_invoice_data()
        case "task-failed":
            return task_values(_task())
        case _:
            return {"name": "SAMPLE-1", "message": "A sample message."}


def _change() -> ChangeReported:
    return ChangeReported(
        provider="SAMPLE",
        invoice_number="F-1",
        attempt=1,
        imported_revision="1",
        imported_total=Decimal(10000),
        revision="2",
        total=Decimal(12000),
        currency="EUR",
        message="imported 10,000.00, provider now reports 12,000.00",
    )


def _task() -> TaskFailed:
    return TaskFailed(
        customer="SAMPLE",
        reference="SAMPLE-1",
        task="charge",
        round=1,
        key="00000000-0000-0000-0000-000000000000:charge",
        number="INV-2026-000001",
        tries=1,
        code="refused",
        message="payments.example answered 402 (card_declined).",
        status=402,
    )


def _summary() -> ImportSummaryBuilt:
    busy = ProviderSummary(
        provider="SAMPLE",
        succeeded=2,
        failed=(
            SummaryFailure(
                provider_invoice=id_for("provider-invoice", "SAMPLE", "F-2"),
                invoice_number="F-2",
                reasons=("checksum_failed",),
                messages=("The lines add up to 99.20 EUR, the header says 100.00 EUR.",),
            ),
        ),
        failed_count=3,
        changed=(
            SummaryChange(
                provider_invoice=id_for("provider-invoice", "SAMPLE", "F-1"),
                invoice_number="F-1",
                imported_total=Decimal(10000),
                reported_total=Decimal(12000),
                currency="EUR",
            ),
        ),
        changed_count=2,
        list_failures=("The list answered 503.",),
        totals=(CurrencyTotal(currency="EUR", total=Decimal("1234.5"), invoices=2),),
    )
    quiet = ProviderSummary(
        provider="QUIET",
        succeeded=0,
        failed=(),
        failed_count=0,
        changed=(),
        changed_count=0,
        list_failures=(),
        totals=(),
    )
    return ImportSummaryBuilt(
        day=_DAY,
        zone="UTC",
        message_id="<sample@ledgerline.invalid>",
        built_on=_DAY,
        through=1,
        providers=(busy, quiet),
        earlier=(busy,),
    )
