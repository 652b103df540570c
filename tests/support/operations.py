"""Facts of operations and imports for tests."""

from datetime import date
from decimal import Decimal

from domain.fact import Fact
from domain.operations.events import ImportSummaryBuilt
from domain.provider_invoice import events as e
from domain.provider_invoice.parts import Header, LineSums, Totals

DAY = date(2026, 3, 2)


def built_summary(day: date = DAY, built_on: date | None = None, through: int = 0) -> ImportSummaryBuilt:
    return ImportSummaryBuilt(
        day=day,
        zone="UTC",
        message_id=f"<import-summary.{day}@example.test>",
        built_on=built_on or day,
        through=through,
        providers=(),
    )


def _names(number: str, provider: str) -> dict[str, object]:
    return {"provider": provider, "invoice_number": number, "attempt": 1}


def header(total: str = "100", currency: str = "EUR") -> Header:
    return Header(
        invoice_date=DAY, period_from=DAY, period_to=DAY, currency=currency, total=Decimal(total), tax_included=True
    )


def activated(number: str, total: str = "100", currency: str = "EUR", provider: str = "ACME") -> Fact:
    head = header(total, currency)
    fields = {
        "header": head,
        "totals": Totals.of(head, LineSums()),
        "checksum_difference": Decimal(0),
        "rows": 1,
        "excluded_rows": 0,
        "customer_count": 0,
        "customers": (),
        "resolution": "0" * 64,
    }
    return e.Activated.model_validate({**_names(number, provider), **fields})


def import_failed(number: str, message: str = "The file is broken.", provider: str = "ACME") -> Fact:
    return e.ImportFailed.model_validate({**_names(number, provider), "code": "file-broken", "message": message})


def checks_failed(number: str, provider: str = "ACME") -> tuple[Fact, Fact]:
    """Both checks of one try."""
    names = _names(number, provider)
    missing = {
        "missing": 1,
        "lines": 2,
        "amount": "5",
        "currency": "EUR",
        "biggest": (),
        "message": "1 customer is unknown.",
    }
    wrong = {
        "totals": Totals.of(header(), LineSums()),
        "difference": "-100",
        "can_be_overridden": False,
        "message": "The lines add up to 0.00.",
    }
    return (
        e.ReferencesUnresolved.model_validate({**names, **missing}),
        e.ChecksumFailed.model_validate({**names, **wrong}),
    )


def changed(number: str, total: str = "12000", revision: str | None = "2", provider: str = "ACME") -> e.ChangeReported:
    return e.ChangeReported.model_validate(
        {
            **_names(number, provider),
            "imported_revision": "1",
            "imported_total": "10000",
            "revision": revision,
            "total": total,
            "currency": "EUR",
            "message": "imported 10,000.00, provider now reports 12,000.00",
        }
    )


def change_withdrawn(number: str, provider: str = "ACME") -> Fact:
    return e.ChangeWithdrawn.model_validate({**_names(number, provider), "revision": "1", "total": "10000"})
