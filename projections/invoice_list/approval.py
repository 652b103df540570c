"""How a customer invoice's approval and end change its row: requested, approved and rejected step by step, reopened,
final.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.customer_invoice import approval_events as a
from projections.invoice_list.rows import InvoiceRow
from projections.ports.feed import FeedRecord
from projections.read_model import Document, there

Maybe = InvoiceRow | None
NONE: Final[dict[str, Any]] = {
    "process": None,
    "steps": (),
    "four_eyes": False,
    "requested_by": None,
    "requested_at": None,
    "step": None,
    "step_group": None,
    "approvers": (),
    "steps_done": (),
    "barred": (),
    "snapshot_version": None,
    "snapshot_name": None,
    "snapshot_cluster": None,
}
"""Not in approval: the customer is shown as it is now."""


NO_FAILURE: Final[dict[str, Any]] = {
    "failure_code": None,
    "failure_message": None,
    "failure_product": None,
    "failure_rule": None,
    "failure_tries": 0,
    "failing_since": None,
}


def requested(row: Maybe, fact: Document, record: FeedRecord) -> InvoiceRow:
    """Locked, at the first step; the customer is shown as it is now from here on."""
    row = there(row, record)._replace(
        process=fact["process"],
        steps=[{"group": s.get("group"), "approvals": s.get("approvals", 1)} for s in fact["steps"]],
        four_eyes=fact.get("four_eyes", False),
        requested_by=fact["requested_by"],
        requested_at=record.occurred_at,
    )
    return _at(row, record, 1, (), (), status="approving", stale=False, **_snapshot(fact))


def step_approved(row: Maybe, fact: a.StepApproved, record: FeedRecord) -> InvoiceRow:
    """One more said yes; with the last one that is needed the next step begins."""
    row = there(row, record)
    approvers = (*row.approvers, fact.approver)
    if not fact.complete:
        return _at(row, record, row.step or 1, approvers, row.steps_done)
    return _at(row, record, (row.step or 1) + 1, (), (*row.steps_done, approvers))


def step_rejected(row: Maybe, fact: a.StepRejected, record: FeedRecord) -> InvoiceRow:
    """Back to the step before; from the first one `reopened` follows."""
    row, to = there(row, record), max(fact.to_step, 1)
    return _at(row, record, to, (), row.steps_done[: to - 1])


def reopened(row: Maybe, _fact: a.Reopened, record: FeedRecord) -> InvoiceRow:
    """Not locked any more: it is calculated again."""
    return noted(there(row, record), record, status="pending", stale=True, **NONE)


def approved(row: Maybe, fact: Document, record: FeedRecord) -> InvoiceRow:
    """Final, with its number."""
    return noted(
        there(row, record),
        record,
        status="approved",
        stale=False,
        number=fact["number"],
        series=fact["series"],
        revenue_total=Decimal(fact["revenue_total"]),
        cost_total=Decimal(fact["cost_total"]),
        items=fact["item_count"],
        approval_date=date.fromisoformat(fact["approval_date"]),
        ended_by=fact["approved_by"],
        ended_at=record.occurred_at,
        step=None,
        step_group=None,
        approvers=(),
        barred=(),
        **_snapshot(fact),
    )


def closed(row: Maybe, fact: Document, record: FeedRecord) -> InvoiceRow:
    """Final: never sent, no number; the customer as at closing."""
    then = _snapshot(fact) if fact.get("snapshot") else {}
    return noted(
        there(row, record),
        record,
        status="closed",
        stale=False,
        reason=fact["reason"],
        ended_by=fact.get("closed_by"),
        ended_at=record.occurred_at,
        **{**NONE, **then},
        **NO_FAILURE,
    )


def noted(row: InvoiceRow, record: FeedRecord, **fields: Any) -> InvoiceRow:  # noqa: ANN401 -- columns of many types
    """The row with some columns changed by an event."""
    return row._replace(
        changed_at=record.occurred_at, version=record.stream_version, position=record.position, **fields
    )


def _at(
    row: InvoiceRow,
    record: FeedRecord,
    number: int,
    approvers: Sequence[str],
    done: Sequence[Sequence[str]],
    **fields: Any,  # noqa: ANN401 -- columns of many types
) -> InvoiceRow:
    """At a step, with those who can't approve it: who did so already; under four eyes, who asked or did before."""
    barred = [*approvers]
    if row.four_eyes:
        barred += [row.requested_by or "", *(person for people in done for person in people)]
    there_is = number <= len(row.steps)  # after the last one `approved` follows
    return noted(
        row,
        record,
        step=number,
        step_group=row.steps[number - 1]["group"] if there_is else None,
        approvers=approvers,
        steps_done=done,
        barred=sorted(set(barred)),
        **fields,
    )


def _snapshot(fact: Document) -> dict[str, Any]:
    taken = fact["snapshot"]
    return {
        "snapshot_version": taken["version"],
        "snapshot_name": taken["name"],
        "snapshot_cluster": taken.get("cluster"),
    }
