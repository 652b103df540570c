"""Usage lines with `wait_for_providers`: their entries are held until the providers have sent what they send.

A provider is missing while it had usage of the contract's customers in the cycle before and has no active invoice that
reaches the last day of this one. Source of the rule: billing contracts, "usage" lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from commands.ports.usage_contracts import UsageContracts, WaitsFor
from domain.billing_contract.cycles import cycle_of
from domain.billing_contract.entry import entry_stream
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.planning import usage_schedule
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Due, Known
from domain.billing_contract.state import Line

WAITING = "waiting-for-providers"


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that waits. `until`: the first day on which it is billed without the missing providers."""

    entry: UUID
    at: Entry
    providers: Sequence[str]
    until: date

    @property
    def reason(self) -> str:
        """For a report or a preview."""
        names = ", ".join(self.providers)
        cycle = f"{self.at.first} to {self.at.last}"
        return f"Line {self.at.line}, {cycle}, waits for {names}; it is billed without on {self.until} at the latest."

    @property
    def without(self) -> str:
        """For who bills it by hand, which does not wait."""
        names = ", ".join(self.providers)
        return f"Line {self.at.line}, {self.at.first} to {self.at.last}, is billed without {names}: nothing came yet."


async def held_entries(
    contracts: UsageContracts, due: Sequence[tuple[Known, Sequence[Due]]], day: date
) -> Sequence[Held]:
    """Those of the due entries that wait on this day: one question for all contracts, none if no line waits."""
    wanted: dict[UUID, tuple[Entry, date, WaitsFor]] = {}
    for known, some in due:
        customers = [share.customer for share in known.contract.terms.customers]
        for one in some:
            line = known.contract.lines.get(one.entry.line or "")
            until = _until(line, one.entry)
            if line is None or until is None or day >= until:
                continue
            calendar = usage_schedule(known.contract, line).calendar
            before = one.entry.first - timedelta(days=1)
            if before >= calendar.start:
                id_ = entry_stream(known.contract.number, one.entry).id
                since = cycle_of(calendar.start, calendar.frequency, before)
                wanted[id_] = one.entry, until, WaitsFor(id_, customers, since.first, since.last, one.entry.last)
    if not wanted:
        return []
    missing = await contracts.missing_providers([waits for _, _, waits in wanted.values()])
    return [Held(id_, at, missing[id_], until) for id_, (at, until, _) in wanted.items() if id_ in missing]


def _until(line: Line | None, entry: Entry) -> date | None:
    """None: it is an entry that never waits."""
    if line is None or entry.kind != "cycle" or not isinstance(line.terms, UsageTerms):
        return None
    days = line.terms.wait_for_providers
    return None if days is None else entry.run_date + timedelta(days=days)
