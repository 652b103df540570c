"""Queries of the problem invoices."""

from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, Values, any_of, columns, composed, names, part
from adapters.sql_files import load_sql
from projections.paging import Page, PageRequest
from projections.problem_invoices.advice import next_steps
from projections.problem_invoices.queries import ProblemFilter, ProblemItem
from projections.problem_invoices.rows import ProblemRow

_WIDTH: Final = len(names(ProblemRow))
PAGE: Final = composed(load_sql(__package__), "page", columns=columns(ProblemRow))


class PostgresProblems:
    """See `projections.problem_invoices.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, wanted: ProblemFilter, page: PageRequest, stuck_before: datetime) -> Page[ProblemItem]:
        """See the port."""
        cursor = page.after(2)
        values = {
            "kinds": any_of(wanted.kinds),
            "provider": wanted.provider,
            "number": part(wanted.number),
            "currency": wanted.currency,
            "stuck_before": stuck_before,
            "after_since": checked(datetime.fromisoformat, cursor[0]) if cursor else None,
            "after_id": checked(UUID, cursor[1]) if cursor else None,
        }
        return await self._reader.page(PAGE, values, page, _item, lambda i: (i.since.isoformat(), i.row.id))


def _item(values: Values) -> ProblemItem:
    row = ProblemRow(*values[:_WIDTH])
    kinds, since, incomplete_since = values[_WIDTH:]
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
