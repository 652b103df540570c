"""Queries of the problem invoices."""

import json
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, Values, any_of, columns, composed, names, part
from adapters.sql_files import load_sql
from projections.invoice_list.rows import InvoiceRow
from projections.paging import Cursor, Page, PageRequest
from projections.problem_invoices.advice import next_steps
from projections.problem_invoices.customer_invoices import Approvers, InvoiceProblem
from projections.problem_invoices.queries import ProblemFilter, ProblemItem
from projections.problem_invoices.rows import ProblemRow

_BEFORE: Final = 5
"""What stands before the columns of the rows: whose it is, kinds, since, incomplete since, tasks."""
_WIDTH: Final = len(names(ProblemRow))
PAGE: Final = composed(
    load_sql(__package__), "page", columns=columns(ProblemRow, "b"), invoice_columns=columns(InvoiceRow, "i")
)


class PostgresProblems:
    """See `projections.problem_invoices.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, wanted: ProblemFilter, page: PageRequest, stuck_before: datetime, approvers: Approvers | None = None
    ) -> Page[ProblemItem | InvoiceProblem]:
        """See the port."""
        cursor = page.after(2)
        values = {
            "kinds": any_of(wanted.kinds),
            "provider": wanted.provider,
            "customer": wanted.customer,
            "number": part(wanted.number),
            "currency": wanted.currency,
            "stuck_before": stuck_before,
            "members": _members(approvers),
            "after_since": checked(datetime.fromisoformat, cursor[0]) if cursor else None,
            "after_id": checked(UUID, cursor[1]) if cursor else None,
        }
        return await self._reader.page(PAGE, values, page, _item, _key)


def _members(approvers: Approvers | None) -> str | None:
    """Group -> members as JSON; steps without a group look under the empty name."""
    if approvers is None:
        return None
    return json.dumps({**{g: list(m) for g, m in approvers.members.items()}, "": list(approvers.any_group)})


def _key(item: ProblemItem | InvoiceProblem) -> Cursor:
    return (item.since.isoformat(), item.row.id)


def _item(values: Values) -> ProblemItem | InvoiceProblem:
    ours, kinds, since, incomplete_since, tasks = values[:_BEFORE]
    if ours:
        wrong = {"failed_task": "failed", "unknown_task": "unknown"}.get(kinds[0])
        those = [task for task in tasks or () if task["status"] == wrong]
        return InvoiceProblem(InvoiceRow(*values[_BEFORE + _WIDTH :]), kinds[0], since, incomplete_since, those)
    row = ProblemRow(*values[_BEFORE : _BEFORE + _WIDTH])
    messages = tuple(row.messages) or (
        f"{row.provider} {row.number}: the import has made no progress since {since:%Y-%m-%d %H:%M} UTC.",
    )
    return ProblemItem(
        row=row,
        kinds=tuple(kinds),
        messages=messages,
        since=since,
        next_steps=next_steps(kinds, can_be_overridden=row.can_be_overridden),
        incomplete_since=incomplete_since,
    )
