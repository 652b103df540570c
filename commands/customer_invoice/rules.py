"""What counts for an invoice now: the approval process and number series in force, the groups, the customer's day."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from commands.ports.reference import Body, Clusters, Present, PresentCustomer, PresentReference
from domain.customer_invoice.process import BUILT_IN, Groups, Process
from domain.reference.bodies import GroupBody
from domain.reference.invoice_bodies import (
    DEFAULT_CODE,
    DEFAULT_SERIES,
    ApprovalProcessBody,
    InvoiceNumberSeriesBody,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """All processes, series, groups and clusters, as of one look."""

    clusters: Clusters
    processes: Mapping[str, Process]
    series: Mapping[str, InvoiceNumberSeriesBody]
    groups: Groups

    def process_of(self, customer: PresentCustomer | None) -> Process:
        """The customer's, else the nearest cluster's upwards, else the saved `default`, else the built-in one."""
        code = self.clusters.approval_process_of(customer) if customer else None
        return self.processes.get(code or DEFAULT_CODE) or self.processes.get(DEFAULT_CODE, BUILT_IN)

    def series_of(self, customer: PresentCustomer | None) -> InvoiceNumberSeriesBody:
        """Found likewise."""
        code = self.clusters.number_series_of(customer) if customer else None
        return self.series.get(code or DEFAULT_CODE) or self.series.get(DEFAULT_CODE, DEFAULT_SERIES)


@dataclass(frozen=True, slots=True)
class Setting:
    """What counts for the invoices of one customer. `customer` None: nobody has saved it."""

    customer: PresentCustomer | None
    process: Process
    series: InvoiceNumberSeriesBody
    groups: Groups
    today: date
    """The day it is for the customer."""


class Rulebook:
    """The rules, kept in the process until any reference data changes."""

    def __init__(self, reference: PresentReference) -> None:
        self._reference = reference
        self._known: tuple[int, Rules] | None = None

    async def rules(self) -> Rules:
        """Those in force now: never behind a command that was answered."""
        position = await self._reference.reference_position()
        if self._known is None or self._known[0] != position:
            self._known = (position, await self._read())
        return self._known[1]

    async def settings(self, customers: Sequence[str], now: datetime, zone: str) -> Mapping[str, Setting]:
        """Code -> what counts for its invoices; `zone` is for customers that nobody has saved."""
        codes = list(dict.fromkeys(customers))
        rules, present = await asyncio.gather(self.rules(), self._reference.customers(codes))
        found = {}
        for code in codes:
            customer = present.get(code)
            today = now.astimezone(ZoneInfo(customer.time_zone if customer else zone)).date()
            found[code] = Setting(customer, rules.process_of(customer), rules.series_of(customer), rules.groups, today)
        return found

    async def _read(self) -> Rules:
        clusters, processes, series, groups = await asyncio.gather(
            self._reference.clusters(),
            self._reference.all_of(ApprovalProcessBody),
            self._reference.all_of(InvoiceNumberSeriesBody),
            self._reference.all_of(GroupBody),
        )
        return Rules(
            clusters,
            {code: Process.of(p.body, p.version) for code, p in _serving(processes).items()},
            {code: s.body for code, s in _serving(series).items()},
            groups_of(groups),
        )


def groups_of(groups: Mapping[str, Present[GroupBody]]) -> Groups:
    """Groups in force: a retired one has no members any more."""
    in_force = {code: group.body for code, group in groups.items() if group.in_force}
    return Groups(
        {code: frozenset(body.members) for code, body in in_force.items()},
        frozenset(code for code, body in in_force.items() if body.invoice_approval),
    )


def _serving(all_: Mapping[str, Present[Body]]) -> dict[str, Present[Body]]:
    """A retired one keeps its meaning for whoever names it; a retired `default` gives way to the built-in one."""
    return {code: one for code, one in all_.items() if one.in_force or code != DEFAULT_CODE}
