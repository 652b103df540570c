"""How an attempt ends: both checks, and what follows from them."""

from dataclasses import dataclass
from decimal import Decimal

from domain.fact import Fact
from domain.money import plain
from domain.provider_invoice import events as e
from domain.provider_invoice.checksum import (
    OVERRIDE_LIMIT,
    Override,
    can_be_overridden,
    check_stated,
    checksum_message,
)
from domain.provider_invoice.lifecycle import FOREIGN_CURRENCY
from domain.provider_invoice.parts import ErrorReason, MissingReference, Totals
from domain.provider_invoice.state import ProviderInvoice

MAX_CUSTOMERS_NAMED = 500


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The references check failed: how many are missing, on how many lines, and the biggest of them."""

    missing: int
    lines: int
    amount: Decimal
    biggest: tuple[MissingReference, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The references check passed: what each customer has, and the digest of the resolution as stored."""

    customers: tuple[e.CustomerTotals, ...]
    excluded_rows: int
    digest: str
    excluded_cost: Decimal = Decimal(0)
    """Of lines whose customer is not resold."""


def conclude(
    invoice: ProviderInvoice,
    references: Unresolved | Resolved,
    *,
    override: Override | None = None,
    limit: Decimal = OVERRIDE_LIMIT,
    retry: bool = False,
) -> list[Fact]:
    """The facts that end an attempt, or another try of it (`retry`): active, or everything that fails."""
    currency = _foreign_currency(invoice)
    if currency is not None:
        return _failure(invoice, [("import_failed", currency, None)], retry=retry)
    totals = invoice.checked
    waived: list[Fact] = []
    difference = totals.difference
    sum_is_right = difference == 0 or invoice.overridden is not None
    if override is not None:
        check_stated(totals, override)
        if not sum_is_right and can_be_overridden(difference, limit):
            waived.append(
                _named(invoice, e.ChecksumOverridden, totals=totals, difference=difference, reason=override.reason)
            )
            sum_is_right = True
    if sum_is_right and isinstance(references, Resolved):
        return [*waived, _activated(invoice, totals, references)]
    failures: list[tuple[ErrorReason, str, Fact | None]] = []
    if isinstance(references, Unresolved):
        failures.append(("unresolved_references", *_unresolved(invoice, references)))
    if not sum_is_right:
        failures.append(("checksum_failed", *_checksum_failed(invoice, totals, limit)))
    return [*waived, *_failure(invoice, failures, retry=retry)]


def fail_import(invoice: ProviderInvoice, code: str, message: str) -> list[Fact]:
    """The attempt can't go on: a file unreadable, cancelled, its worker lost three times, or stuck."""
    if invoice.status != "populating":
        return []
    return [_named(invoice, e.ImportFailed, code=code, message=message)]


def _foreign_currency(invoice: ProviderInvoice) -> str | None:
    others = [c for c in invoice.currencies if c != invoice.header.currency]
    if not others:
        return None
    return (
        f"Lines are in {', '.join(others)}, the header is in {invoice.header.currency}: one invoice has one currency. "
        "Split the file or correct the header."
    )


def _unresolved(invoice: ProviderInvoice, found: Unresolved) -> tuple[str, Fact]:
    currency = invoice.header.currency
    names = ", ".join(f"{m.kind} {m.reference}" if m.reference else f"no {m.kind} named" for m in found.biggest[:3])
    message = (
        f"{found.missing:,} reference{'s' * (found.missing != 1)} on {found.lines:,} "
        f"line{'s' * (found.lines != 1)} over {plain(found.amount)} {currency} could not be resolved ({names}"
        f"{', ...' if found.missing > len(found.biggest[:3]) else ''}): fill in the codes in errors.csv, post it, "
        "and try again."
    )
    return message, _named(
        invoice,
        e.ReferencesUnresolved,
        missing=found.missing,
        lines=found.lines,
        amount=found.amount,
        currency=currency,
        biggest=found.biggest,
        message=message,
    )


def _checksum_failed(invoice: ProviderInvoice, totals: Totals, limit: Decimal) -> tuple[str, Fact]:
    message = checksum_message(totals, limit)
    if invoice.left_out:
        message += f" {invoice.left_out:,} rows of the files were left out, by role or split."
    return message, _named(
        invoice,
        e.ChecksumFailed,
        totals=totals,
        difference=totals.difference,
        can_be_overridden=can_be_overridden(totals.difference, limit),
        message=message,
    )


def _failure(
    invoice: ProviderInvoice, failures: list[tuple[ErrorReason, str, Fact | None]], *, retry: bool
) -> list[Fact]:
    if not retry:
        return [
            fact if fact is not None else _named(invoice, e.ImportFailed, code=FOREIGN_CURRENCY, message=message)
            for _, message, fact in failures
        ]
    unresolved = next((f for _, _, f in failures if isinstance(f, e.ReferencesUnresolved)), None)
    checksum = next((f for _, _, f in failures if isinstance(f, e.ChecksumFailed)), None)
    return [
        retried(
            invoice,
            [(reason, message) for reason, message, _ in failures],
            missing=unresolved.missing if unresolved else 0,
            difference=checksum.difference if checksum else None,
            code=FOREIGN_CURRENCY if any(reason == "import_failed" for reason, _, _ in failures) else None,
        )
    ]


def retried(
    invoice: ProviderInvoice,
    failures: list[tuple[ErrorReason, str]],
    *,
    missing: int = 0,
    difference: Decimal | None = None,
    code: str | None = None,
) -> e.ImportRetried:
    """Another try that ended where it was: one fact, whatever fails."""
    return e.ImportRetried(
        provider=invoice.provider,
        invoice_number=invoice.number,
        attempt=invoice.attempt,
        tries=invoice.tries + 1,
        reasons=tuple(reason for reason, _ in failures),
        messages=tuple(message for _, message in failures),
        missing=missing,
        difference=difference,
        revision=invoice.revision,
        code=code,
    )


def _activated(invoice: ProviderInvoice, totals: Totals, resolved: Resolved) -> Fact:
    by_size = sorted(resolved.customers, key=lambda c: (-abs(c.cost), c.customer))
    return _named(
        invoice,
        e.Activated,
        header=invoice.header,
        totals=invoice.totals,
        checksum_difference=totals.difference,
        rows=invoice.rows,
        excluded_rows=resolved.excluded_rows,
        excluded_cost=resolved.excluded_cost,
        customer_count=len(resolved.customers),
        customers=tuple(by_size[:MAX_CUSTOMERS_NAMED]),
        resolution=resolved.digest,
        revision=invoice.revision,
        adjusts=invoice.adjusts,
    )


def _named(invoice: ProviderInvoice, cls: type[e.ProviderInvoiceFact], **fields: object) -> Fact:
    return cls.model_validate(
        {"provider": invoice.provider, "invoice_number": invoice.number, "attempt": invoice.attempt, **fields}
    )
