"""What a caller may do with a customer invoice now, and the code of the rule that refuses the rest."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.customer_invoice import approval, lifecycle
from domain.customer_invoice.process import Groups, Process
from domain.customer_invoice.state import CustomerInvoice, expect_changeable
from domain.customer_invoice.tasks import TASKS, expect_taskable
from domain.permissions import allowed as role_allows
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Action:
    """`action` is the verb of the path; `code` says which rule refuses it, None when it is allowed."""

    action: str
    allowed: bool
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, under which process and groups; `today` is the day in the invoice's zone."""

    person: str
    roles: Collection[str]
    process: Process
    groups: Groups
    today: date


def available_actions(invoice: CustomerInvoice, who: Asking) -> list[Action]:
    """Every verb with whether this caller may use it now. A role that is too small is named first."""
    found = []
    for action, (permission, rule) in _RULES.items():
        code = _refusal(rule, invoice, who) if role_allows(permission, who.roles) else "role-too-small"
        found.append(Action(action, code is None, code))
    return found


_Rule = Callable[[CustomerInvoice, Asking], object]


def _refusal(rule: _Rule, invoice: CustomerInvoice, who: Asking) -> str | None:
    try:
        rule(invoice, who)
    except Rejected as no:
        return no.code
    return None


def _approve(invoice: CustomerInvoice, who: Asking) -> None:
    approval.expect_approvable(invoice, who.process, who.groups, who.person, who.today)
    if invoice.approval is not None and who.person in invoice.approval.approvers:
        raise Rejected("approved-already", f"{who.person} has approved this step.")


def _recalculate(invoice: CustomerInvoice, _: Asking) -> None:
    expect_changeable(invoice)
    if invoice.status == "pending":
        raise Rejected("invoice-pending", f"{invoice.reference} waits for its calculation already.")


_RULES: Final[dict[str, tuple[str, _Rule]]] = {
    "recalculate": ("customer-invoice.recalculate", _recalculate),
    "request-approval": (
        "customer-invoice.request-approval",
        lambda i, who: approval.expect_requestable(i, who.process, who.groups, who.today),
    ),
    "approve": ("customer-invoice.approve", _approve),
    "reject": (
        "customer-invoice.reject",
        lambda i, who: approval.expect_rejectable(i, who.groups, who.person),
    ),
    "withdraw": (
        "customer-invoice.withdraw",
        lambda i, who: approval.expect_withdrawable(i, who.person, admin="admin" in who.roles),
    ),
    "close": (
        "customer-invoice.close",
        lambda i, who: lifecycle.expect_closable(
            i, person=who.person, process=who.process, groups=who.groups, today=who.today
        ),
    ),
    "comment": ("customer-invoice.comment", lambda i, _: lifecycle.expect_not_final(i)),
    "delete": ("customer-invoice.delete", lambda i, _: lifecycle.expect_deletable(i)),
    **{f"tasks/{name}": ("customer-invoice.task", lambda i, _: expect_taskable(i)) for name in TASKS},
}
