"""What can be asked of the approval queue. It has no rows of its own: it is a view of the invoice list."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from projections.invoice_list.queries import InvoiceItem
from projections.paging import Page, PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClick:
    """Whose open invoices the person may approve without a request: by the process that counts for the customer.

    `processes` and `clusters` are those that lead to such a process, `known_...` all there are; `otherwise` is the
    answer for customers with neither.
    """

    processes: frozenset[str] = frozenset()
    known_processes: frozenset[str] = frozenset()
    clusters: frozenset[str] = frozenset()
    known_clusters: frozenset[str] = frozenset()
    otherwise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueScope:
    """Whose queue, and of which invoices; None: not asked. `first` and `last` are the days of a month: overlap.

    `any_group`: the person is in a group that may approve invoices, so that steps without a group are theirs, too.
    """

    person: str
    groups: frozenset[str]
    any_group: bool
    one_click: OneClick
    first: date | None = None
    last: date | None = None
    customer: str | None = None
    cluster: str | None = None
    descendants: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, its total what is left. `done`: what this person approved of the same scope.

    Without a month, what was done counts while it is still in approval, and when it became final today.
    """

    page: Page[InvoiceItem]
    done: int


class ApprovalQueue(Protocol):
    """Invoices that wait for one person: in approval at a step of theirs, or ready for a single click.

    In a fixed order, that of numbers: end of period, customer, id.
    """

    async def page(self, scope: QueueScope, page: PageRequest, today: date, now: datetime) -> Queue:
        """A page of the queue. Rejected for a cursor that is none of it."""
        ...
