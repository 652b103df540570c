"""What can be asked of billing contracts and of the entries of their schedules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from projections.billing_contracts.rows import BillingContractRow, BillingScheduleRow
from projections.paging import Page, PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFilter:
    """Any combination; None: not asked. `search` is a part of number or name, case aside; `billed_on`: a day within
    start and end; `customer`, `kind` and `task`: one of the contract's.
    """

    search: str | None = None
    number: str | None = None
    customer: str | None = None
    status: str | None = None
    currency: str | None = None
    frequency: str | None = None
    kind: str | None = None
    task: str | None = None
    billed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFilter:
    """Any combination; None: not asked. Days include both ends. `contract` is a number, `customer` one that has an
    invoice of the entry; `skipped`: with a line that could not be billed.
    """

    contract: str | None = None
    contract_id: UUID | None = None
    customer: str | None = None
    kind: str | None = None
    line: str | None = None
    status: str | None = None
    reason: str | None = None
    skipped: bool | None = None
    run_from: date | None = None
    run_to: date | None = None


@dataclass(frozen=True, slots=True)
class ContractItem:
    """A contract; `last_billed`: the latest invoice date of its entries, None: nothing was ever billed."""

    row: BillingContractRow
    last_billed: date | None


class BillingContractQueries(Protocol):
    """Contracts, the newest first; entries that something happened to, the latest run date first."""

    async def page(self, wanted: ContractFilter, page: PageRequest) -> Page[ContractItem]:
        """A page of the list; Rejected for a cursor that is none of it."""
        ...

    async def ids(self, wanted: ContractFilter, limit: int) -> Sequence[UUID]:
        """At most so many contracts that it finds, by number."""
        ...

    async def automatic(self) -> frozenset[str]:
        """Numbers of the contracts whose invoices are approved by themselves."""
        ...

    async def schedules(self, wanted: ScheduleFilter, page: PageRequest) -> Page[BillingScheduleRow]:
        """A page of the entries; Rejected for a cursor that is none of it."""
        ...
