"""The approval of a customer invoice: requested, approved and rejected step by step, withdrawn.

A step is approved by as many different members of its group as the process says. Four eyes: who requested, or approved
an earlier step, can't approve; persons are compared, not keys.
"""

from dataclasses import dataclass
from datetime import date

from domain.customer_invoice import approval_events as a
from domain.customer_invoice.calculation_events import Calculated
from domain.customer_invoice.lifecycle import (
    expect_comment,
    expect_member,
    expect_not_final,
    expect_period_past,
    expect_settled,
)
from domain.customer_invoice.process import AUTOMATIC, Groups, Process
from domain.customer_invoice.state import Approval, CustomerInvoice, evolve, expect_in_place
from domain.fact import Fact
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Approving:
    """What an approval decided. `completes`: nothing is missing but the number, with which `approved` follows."""

    facts: tuple[Fact, ...] = ()
    completes: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """An invoice number. `year` None: of a series that never restarts."""

    text: str
    series: str
    year: int | None
    sequence: int


def request(
    invoice: CustomerInvoice,
    process: Process,
    groups: Groups,
    *,
    requester: str,
    snapshot: a.CustomerSnapshot,
    today: date,
) -> list[Fact]:
    """Locked, at step 1 of the process in force now. A running request decides nothing."""
    if invoice.status == "approving":
        return []
    expect_requestable(invoice, process, groups, today)
    return [_requested(invoice, process, requester, snapshot)]


def approve(
    invoice: CustomerInvoice,
    process: Process,
    groups: Groups,
    *,
    approver: str,
    snapshot: a.CustomerSnapshot,
    today: date,
    comment: str | None = None,
) -> Approving:
    """One member's word. The last one that is needed completes it, and the number follows.

    `process` and `snapshot` count only for an invoice that is approved from `open`: that needs a process of one click.
    The same person twice in a step decides nothing, nor does who approved it at last, again.
    """
    if invoice.approved is not None and invoice.approved.approved_by == approver:
        return Approving()
    said = None if comment is None or not comment.strip() else expect_comment(comment)
    expect_approvable(invoice, process, groups, approver, today)
    asked: list[Fact] = []
    if invoice.status == "open":
        asked = [_requested(invoice, process, approver, snapshot)]
        invoice = evolve(invoice, asked[0]) or invoice
    running = _running(invoice)
    if approver in running.approvers:
        return Approving()
    step = running.steps[running.step - 1]
    given = len(running.approvers) + 1
    complete = given >= step.approvals
    fact = a.StepApproved(
        customer=invoice.customer,
        reference=invoice.reference,
        step=running.step,
        group=step.group,
        approver=approver,
        approvals=given,
        needed=step.approvals,
        complete=complete,
        comment=said,
    )
    return Approving((*asked, fact), complete and running.step == len(running.steps))


def approved(invoice: CustomerInvoice, number: Number, *, approver: str, day: date) -> a.Approved:
    """The end, with its number. `invoice` is as the facts of the approval leave it; `day` that of the deployment."""
    running, calculation = _running(invoice), _calculation(invoice)
    return a.Approved(
        customer=invoice.customer,
        reference=invoice.reference,
        number=number.text,
        series=number.series,
        series_year=number.year,
        sequence=number.sequence,
        approval_date=day,
        approved_by=approver,
        invoice_date=invoice.invoice_date,
        period_from=invoice.period_from,
        period_to=invoice.period_to,
        currency=invoice.currency,
        revenue_total=calculation.revenue_total,
        cost_total=calculation.cost_total,
        item_count=calculation.item_count,
        items_digest=calculation.digest,
        snapshot=running.snapshot,
    )


def reject(invoice: CustomerInvoice, groups: Groups, *, rejecter: str, comment: str) -> list[Fact]:
    """Back to the step before; from the first one it is reopened, and calculated again."""
    said = expect_comment(comment)
    expect_rejectable(invoice, groups, rejecter)
    running = _running(invoice)
    names = {"customer": invoice.customer, "reference": invoice.reference}
    rejected = a.StepRejected(
        **names,
        step=running.step,
        group=running.steps[running.step - 1].group,
        rejecter=rejecter,
        comment=said,
        to_step=running.step - 1,
    )
    return [rejected] if rejected.to_step else [rejected, a.Reopened(**names, cause="rejected")]


def withdraw(invoice: CustomerInvoice, *, person: str, admin: bool, reason: str) -> list[Fact]:
    """The requester, or an admin, takes the request back: reopened, and calculated again."""
    expect_withdrawable(invoice, person, admin=admin)
    names = {"customer": invoice.customer, "reference": invoice.reference}
    return [a.ApprovalWithdrawn(**names, withdrawn_by=person, reason=reason), a.Reopened(**names, cause="withdrawn")]


def expect_requestable(invoice: CustomerInvoice, process: Process, groups: Groups, today: date) -> None:
    """Settled, its period past, and somebody there to approve the first step."""
    expect_not_final(invoice)
    expect_in_place(invoice)
    expect_settled(invoice, "approved")
    if invoice.status == "approving":
        raise Rejected("invoice-locked", f"{invoice.reference} is in approval already.")
    expect_period_past(invoice, today)
    group = process.steps[0].group
    if not groups.of(group):
        name = f"The group {group}" if group else "No group with invoice_approval"
        raise Rejected(
            "group-empty",
            f"{name} has {'no' if group else 'a'} member, so nobody could approve {invoice.reference}: add members.",
        )


def by_itself(invoice: CustomerInvoice) -> bool:
    """Whether the contract that it bills says that its approval is automatic."""
    return invoice.contract is not None and invoice.contract.approval == "automatic"


def expect_approvable(invoice: CustomerInvoice, process: Process, groups: Groups, person: str, today: date) -> None:
    """The person may say yes now."""
    expect_not_final(invoice)
    expect_in_place(invoice)
    if invoice.status != "approving":
        expect_settled(invoice, "approved")
        if not process.one_click:
            raise Rejected(
                "approval-not-requested",
                f"{invoice.reference} follows the process {process.code}, which begins with a request: "
                "request-approval first.",
            )
        if person == AUTOMATIC and (process.automatic or by_itself(invoice)):
            expect_period_past(invoice, today)
            return
        expect_requestable(invoice, process, groups, today)
        expect_member(person, groups, [process.steps[0].group])
        return
    running = _running(invoice)
    expect_member(person, groups, [running.steps[running.step - 1].group])
    if running.four_eyes and person in (running.requested_by, *running.earlier):
        did = "requested it" if person == running.requested_by else "approved an earlier step"
        raise Rejected("four-eyes", f"{person} {did}: under four eyes somebody else must approve {invoice.reference}.")


def expect_rejectable(invoice: CustomerInvoice, groups: Groups, person: str) -> None:
    """The person may say no now."""
    running = _expect_approving(invoice)
    expect_member(person, groups, [running.steps[running.step - 1].group])


def expect_withdrawable(invoice: CustomerInvoice, person: str, *, admin: bool) -> None:
    """The person may take the request back."""
    running = _expect_approving(invoice)
    if person != running.requested_by and not admin:
        raise Rejected(
            "not-requester",
            f"{running.requested_by} requested the approval of {invoice.reference}: they or an admin withdraw it.",
            kind="forbidden",
        )


def _requested(
    invoice: CustomerInvoice, process: Process, requester: str, snapshot: a.CustomerSnapshot
) -> a.ApprovalRequested:
    calculation = _calculation(invoice)
    return a.ApprovalRequested(
        customer=invoice.customer,
        reference=invoice.reference,
        process=process.code,
        process_version=process.version,
        steps=process.steps,
        four_eyes=process.four_eyes,
        requested_by=requester,
        snapshot=snapshot,
        revenue_total=calculation.revenue_total,
        cost_total=calculation.cost_total,
        currency=invoice.currency,
        item_count=calculation.item_count,
    )


def _expect_approving(invoice: CustomerInvoice) -> Approval:
    expect_not_final(invoice)
    expect_in_place(invoice)
    if invoice.status != "approving":
        raise Rejected("approval-not-requested", f"{invoice.reference} is {invoice.status}, not in approval.")
    return _running(invoice)


def _running(invoice: CustomerInvoice) -> Approval:
    if invoice.approval is None:
        raise TypeError(f"{invoice.reference} is {invoice.status} and has no approval")
    return invoice.approval


def _calculation(invoice: CustomerInvoice) -> Calculated:
    if invoice.calculation is None:
        raise TypeError(f"{invoice.reference} is {invoice.status} and was never calculated")
    return invoice.calculation
