"""Problems of customer invoices, made of rows of the invoice list: what is wrong, and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from projections.invoice_list.rows import InvoiceRow
from projections.problem_invoices import tasks as about_tasks

InvoiceProblemKind = Literal["calculation_error", "approval_stuck", "failed_task", "unknown_task"]

SAME_FAILURES: Final = 3
"""From so many tries with the same failure on, trying again will not help."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve: the members of each group in force, and those of any group that may approve invoices."""

    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    any_group: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class InvoiceProblem:
    """A customer invoice that needs somebody."""

    row: InvoiceRow
    kind: InvoiceProblemKind
    since: datetime
    incomplete_since: datetime | None
    tasks: Sequence[Mapping[str, Any]] = ()
    """Of `failed_task` those that failed, of `unknown_task` those that nobody knows the end of."""

    @property
    def code(self) -> str | None:
        """Of the failure."""
        return str(self.tasks[0]["code"]) if self.tasks else self.row.failure_code

    @property
    def tries(self) -> int:
        """How often the same failure was met; 0: nothing is tried."""
        if self.tasks:
            return max(int(task["tries"]) for task in self.tasks)
        return self.row.failure_tries if self.kind == "calculation_error" else 0

    @property
    def message(self) -> str:
        """What is wrong, with figures."""
        row = self.row
        if self.tasks:
            return about_tasks.messages(f"{row.number or row.reference} of {row.customer}", self.tasks)
        if self.kind == "calculation_error":
            again = f" It failed so {row.failure_tries} times." if row.failure_tries > 1 else ""
            return f"{row.reference} of {row.customer}: {row.failure_message}{again}"
        barred = f"; {len(row.barred)} can't approve it (again)" if row.barred else ""
        group = row.step_group or "no group with invoice_approval"
        return (
            f"{row.reference} of {row.customer} waits at step {row.step} of {len(row.steps)} for {group}, "
            f"which has nobody left who may approve it{barred}."
        )

    @property
    def next_step(self) -> str:
        """What to do, in one sentence."""
        if self.tasks:
            return about_tasks.next_step(self.row.id, self.tasks)
        if self.kind == "approval_stuck":
            return "Add a member to the group who has not approved or requested it, or withdraw the request."
        if self.row.failure_tries >= SAME_FAILURES:
            return "Trying once more won't help: mend the set-up that the message names, or ask for support."
        return "Mend what the message names; it is calculated again by itself, or on recalculate."
