"""How a customer invoice begins and ends, but for its approval: created, recalculated, commented, closed, deleted."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.customer_invoice import events as e
from domain.customer_invoice.periods import LAST_DAY
from domain.customer_invoice.process import Groups, Process
from domain.customer_invoice.snapshot import CustomerSnapshot
from domain.customer_invoice.state import CustomerInvoice, expect_changeable, expect_open_to_change
from domain.fact import Fact
from domain.money import minor_units
from domain.rejected import Rejected

MAX_COMMENT: Final = 10_000
"""Characters of a comment."""


def create_ad_hoc(
    invoice: CustomerInvoice | None,
    *,
    customer: str,
    customer_id: UUID,
    reference: str,
    invoice_date: date,
    period_from: date,
    period_to: date,
    currency: str,
) -> list[Fact]:
    """An ad hoc invoice begins, `pending`. The same one again decides nothing; in any other respect it is another."""
    if invoice is not None and invoice.status != "deleted":
        there = (invoice.customer, invoice.currency, invoice.invoice_date, invoice.period_from, invoice.period_to)
        if there == (customer, currency, invoice_date, period_from, period_to):
            return []
        raise Rejected(
            "reference-taken",
            f"{reference} exists for {invoice.customer} in {invoice.currency}, dated {invoice.invoice_date}, for "
            f"{invoice.period_from} to {invoice.period_to}: choose another reference.",
        )
    minor_units(currency)
    if period_to < period_from:
        raise Rejected("period-backwards", "period_to lies before period_from.", kind="invalid")
    if max(invoice_date, period_to) > LAST_DAY:
        raise Rejected("date-too-late", f"Invoices end with {LAST_DAY}: give an earlier date.", kind="invalid")
    return [
        e.CustomerInvoiceCreated(
            customer=customer,
            reference=reference,
            customer_id=customer_id,
            invoice_type="ad_hoc",
            invoice_date=invoice_date,
            period_from=period_from,
            period_to=period_to,
            currency=currency,
        )
    ]


def recalculate(invoice: CustomerInvoice, cause: str = "recalculate") -> list[Fact]:
    """It is `pending` again. One that is already decides nothing."""
    expect_changeable(invoice)
    if invoice.status == "pending":
        return []
    return [e.CustomerInvoiceChanged(customer=invoice.customer, reference=invoice.reference, cause=cause)]


def comment(invoice: CustomerInvoice, author: str, text: str) -> list[Fact]:
    """Somebody says something about it, at any time before it is final."""
    expect_not_final(invoice)
    return [
        e.CustomerInvoiceCommented(
            customer=invoice.customer,
            reference=invoice.reference,
            number=invoice.comments + 1,
            author=author,
            comment=expect_comment(text),
        )
    ]


def close(
    invoice: CustomerInvoice,
    reason: str,
    *,
    person: str,
    process: Process,
    groups: Groups,
    today: date,
    snapshot: CustomerSnapshot | None = None,
) -> list[Fact]:
    """Final without being sent: what it holds is written off, and said. Twice decides nothing."""
    if invoice.status == "closed":
        return []
    expect_closable(invoice, person=person, process=process, groups=groups, today=today)
    return [
        e.CustomerInvoiceClosed(
            customer=invoice.customer,
            reference=invoice.reference,
            reason=reason,
            lines=invoice.lines,
            cost=invoice.cost,
            revenue_total=_forgone(invoice),
            closed_by=person,
            costs=tuple(e.CostSum(currency=currency, cost=cost) for currency, cost in invoice.costs.items()),
            snapshot=snapshot,
        )
    ]


def delete(invoice: CustomerInvoice, reason: str) -> list[Fact]:
    """A tombstone; the caller gives back what it held in the same transaction. Twice decides nothing."""
    if invoice.status == "deleted":
        return []
    expect_deletable(invoice)
    return [e.CustomerInvoiceDeleted(customer=invoice.customer, reference=invoice.reference, reason=reason)]


def expect_closable(invoice: CustomerInvoice, *, person: str, process: Process, groups: Groups, today: date) -> None:
    """Closing is for members of any group of the process, on a settled invoice (or one in whose place a newer one is)
    whose period is past.
    """
    expect_open_to_change(invoice)
    if invoice.status == "pending" and invoice.superseded is None:
        raise _pending(invoice, "closed")
    expect_period_past(invoice, today)
    expect_member(person, groups, [step.group for step in process.steps])


def expect_deletable(invoice: CustomerInvoice) -> None:
    """Periodical invoices stay: a period without one would lose what is bought in it."""
    expect_open_to_change(invoice)
    if invoice.invoice_type == "periodical":
        raise Rejected(
            "periodical-not-deletable",
            f"{invoice.reference} is periodical: every period of a customer has its invoice; close it when it is past.",
        )


def expect_not_final(invoice: CustomerInvoice) -> None:
    """Rejected `invoice-final` for an approved, closed or deleted invoice."""
    if invoice.status in ("approved", "closed", "deleted"):
        raise Rejected("invoice-final", f"{invoice.reference} is {invoice.status}: that is final.")


def expect_settled(invoice: CustomerInvoice, what: str) -> None:
    """Rejected `invoice-pending` or `invoice-error` unless its totals match all that is known."""
    if invoice.status == "pending":
        raise _pending(invoice, what)
    if invoice.status == "error":
        why = invoice.failure.message if invoice.failure else "its calculation failed"
        raise Rejected("invoice-error", f"{invoice.reference} can't be {what} while it is in error: {why}")


def expect_period_past(invoice: CustomerInvoice, today: date) -> None:
    """`today` is the day in the invoice's zone: after the period, for a contract's invoice on its date or later."""
    if invoice.invoice_type == "contract":
        if today < invoice.invoice_date:
            raise Rejected(
                "period-not-past",
                f"{invoice.reference} is dated {invoice.invoice_date}, today is {today}: come back on that day.",
                facts={"possible_from": invoice.invoice_date},
            )
    elif today <= invoice.period_to:
        raise Rejected(
            "period-not-past",
            f"The period of {invoice.reference} ends on {invoice.period_to}, today is {today}: wait until it is past.",
            facts={"period_to": invoice.period_to},
        )


def expect_member(person: str, groups: Groups, any_of: Sequence[str | None]) -> None:
    """Rejected `not-in-group` unless the person is in one of the groups; None: any with `invoice_approval`."""
    if any(person in groups.of(group) for group in any_of):
        return
    wanted = ", ".join(sorted({group or "a group with invoice_approval" for group in any_of}))
    raise Rejected(
        "not-in-group", f"{person} is not in {wanted}: ask a member, or an admin for membership.", kind="forbidden"
    )


def expect_comment(text: str) -> str:
    """The comment, trimmed; Rejected `comment-missing`, `comment-too-long`."""
    said = text.strip()
    if not said:
        raise Rejected("comment-missing", "Say something: `comment` must not be empty.", kind="invalid")
    if len(said) > MAX_COMMENT:
        raise Rejected(
            "comment-too-long",
            f"A comment has at most {MAX_COMMENT:,} characters, this one has {len(said):,}: shorten it.",
            kind="invalid",
        )
    return said


def _forgone(invoice: CustomerInvoice) -> Decimal | None:
    """What its purchases would have brought; what a newer invoice has taken over is not written off."""
    if invoice.superseded is not None:
        return Decimal(0)
    return invoice.calculation.revenue_total if invoice.calculation else None


def _pending(invoice: CustomerInvoice, what: str) -> Rejected:
    return Rejected(
        "invoice-pending", f"{invoice.reference} can't be {what} before it is calculated: try again in some seconds."
    )
