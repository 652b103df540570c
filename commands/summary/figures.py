"""The figures of a day's imports, out of the events of the invoices: pure counting, the same every time.

An invoice counts once a day, as its last attempt or try of the day ended: succeeded when it was activated, failed with
its reasons and messages; and changed when the provider reported another revision or total and did not take that back
on the same day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID

from commands.ports.event_store import Recorded
from domain.money import add
from domain.operations.events import (
    CurrencyTotal,
    ProviderListFailed,
    ProviderSummary,
    SummaryChange,
    SummaryFailure,
)
from domain.provider_invoice import events as e

TYPES: Final = (
    e.Activated.type,
    e.ReferencesUnresolved.type,
    e.ChecksumFailed.type,
    e.ImportFailed.type,
    e.ImportRetried.type,
    e.ChangeReported.type,
    e.ChangeWithdrawn.type,
    ProviderListFailed.type,
)
"""Types of the events that a summary counts."""

MAX_NAMED: Final = 100
"""Invoices named as failed, and as changed, and lists: the rest is counted. It keeps the event below 256 KiB."""
MAX_MESSAGES: Final = 2
MAX_MESSAGE: Final = 240


@dataclass(slots=True)
class _Invoice:
    number: str
    commit: int = 0
    activated: e.Activated | None = None
    reasons: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    change: e.ChangeReported | None = None

    def ended(self, commit: int) -> None:
        """Another end: it replaces the one before, unless it is the other check of the same try."""
        if commit != self.commit:
            self.commit, self.activated = commit, None
            self.reasons, self.messages = [], []


@dataclass(slots=True)
class _Day:
    invoices: dict[UUID, _Invoice] = field(default_factory=dict)
    list_failures: list[str] = field(default_factory=list)


def summaries(
    events: Iterable[Recorded], providers: Iterable[str], named: int = MAX_NAMED
) -> tuple[ProviderSummary, ...]:
    """One summary for each provider given and each that something happened with, by code; at most `named` by name."""
    days: defaultdict[str, _Day] = defaultdict(_Day)
    for code in providers:
        days[code] = _Day()
    for recorded in events:
        fact = recorded.fact
        if isinstance(fact, ProviderListFailed):
            failures = days[fact.provider or ""].list_failures
            if fact.message[:MAX_MESSAGE] not in failures:
                failures.append(fact.message[:MAX_MESSAGE])
        elif isinstance(fact, e.ProviderInvoiceFact):
            invoices = days[fact.provider].invoices
            _count(invoices.setdefault(recorded.stream.id, _Invoice(fact.invoice_number)), recorded, fact)
    left = _Left(named, named, named)
    return tuple(_summary(code, days[code], left) for code in sorted(days))


def _count(invoice: _Invoice, recorded: Recorded, fact: e.ProviderInvoiceFact) -> None:
    match fact:
        case e.Activated():
            invoice.ended(recorded.commit_id)
            invoice.activated = fact
            invoice.reasons, invoice.messages = [], []
        case e.ReferencesUnresolved():
            _failed(invoice, recorded, ["unresolved_references"], [fact.message])
        case e.ChecksumFailed():
            _failed(invoice, recorded, ["checksum_failed"], [fact.message])
        case e.ImportFailed():
            _failed(invoice, recorded, ["import_failed"], [fact.message])
        case e.ImportRetried():
            _failed(invoice, recorded, fact.reasons, fact.messages)
        case e.ChangeReported():
            invoice.change = fact
        case e.ChangeWithdrawn():
            invoice.change = None
        case _:
            pass


def _failed(invoice: _Invoice, recorded: Recorded, reasons: Sequence[str], messages: Sequence[str]) -> None:
    invoice.ended(recorded.commit_id)
    invoice.reasons.extend(reasons)
    invoice.messages.extend(messages)


@dataclass(slots=True)
class _Left:
    """How many may still be named."""

    failures: int
    changes: int
    lists: int


def _summary(code: str, day: _Day, left: _Left) -> ProviderSummary:
    by_number = sorted(day.invoices.items(), key=lambda item: (item[1].number, item[0]))
    failed = [(id_, i) for id_, i in by_number if i.reasons]
    changed = [(id_, i.change) for id_, i in by_number if i.change is not None]
    named_failures, named_changes = failed[: left.failures], changed[: left.changes]
    left.failures -= len(named_failures)
    left.changes -= len(named_changes)
    lists = day.list_failures[: min(MAX_MESSAGES, left.lists)]
    left.lists -= len(lists)
    activated = [i.activated for _, i in by_number if i.activated is not None]
    return ProviderSummary(
        provider=code,
        succeeded=len(activated),
        failed=tuple(
            SummaryFailure(
                provider_invoice=id_,
                invoice_number=i.number,
                reasons=tuple(i.reasons),
                messages=tuple(m[:MAX_MESSAGE] for m in i.messages[:MAX_MESSAGES]),
            )
            for id_, i in named_failures
        ),
        failed_count=len(failed),
        changed=tuple(
            SummaryChange(
                provider_invoice=id_,
                invoice_number=fact.invoice_number,
                imported_total=fact.imported_total,
                reported_total=fact.total,
                currency=fact.currency,
            )
            for id_, fact in named_changes
        ),
        changed_count=len(changed),
        list_failures=tuple(lists),
        totals=_totals(activated),
    )


def _totals(activated: Sequence[e.Activated]) -> tuple[CurrencyTotal, ...]:
    totals: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    for fact in activated:
        currency = fact.header.currency
        totals[currency] = add(totals.get(currency, Decimal(0)), fact.header.total)
        counts[currency] = counts.get(currency, 0) + 1
    return tuple(CurrencyTotal(currency=c, total=totals[c], invoices=counts[c]) for c in sorted(totals))
