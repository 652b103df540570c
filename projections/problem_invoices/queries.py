"""What can be asked of the problem invoices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from projections.paging import Page, PageRequest
from projections.problem_invoices.customer_invoices import Approvers, InvoiceProblem
from projections.problem_invoices.rows import ProblemRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFilter:
    """Any combination; None or empty: not asked. `number` is a part of one, or of a reference, case aside; `kinds`: any
    of them. A `provider` has no customer invoices, a `customer` no provider invoices.
    """

    kinds: frozenset[str] = frozenset()
    provider: str | None = None
    customer: str | None = None
    number: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ProblemItem:
    """A problem: what, since when, how often tried, and what to do next, one sentence a kind.

    An automatic import without progress since before `stuck_before` shows as `stuck` though no event says so.
    """

    row: ProblemRow
    kinds: tuple[str, ...]
    messages: tuple[str, ...]
    since: datetime
    next_steps: tuple[str, ...]
    incomplete_since: datetime | None


class ProblemQueries(Protocol):
    """Provider and customer invoices that still need somebody, the latest first."""

    async def page(
        self, wanted: ProblemFilter, page: PageRequest, stuck_before: datetime, approvers: Approvers | None = None
    ) -> Page[ProblemItem | InvoiceProblem]:
        """A page of the list; `stuck_before` is an hour ago. Rejected for a cursor that is none of it.

        With `approvers`, invoices in approval that nobody can approve are problems, too.
        """
        ...
