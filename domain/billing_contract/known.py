"""A contract with what happened to its entries, and an entry that is to be billed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from domain.billing_contract.entry import EntryState, entry_stream, gone
from domain.billing_contract.schedule import Entry
from domain.billing_contract.state import BillingContract


@dataclass(frozen=True, slots=True)
class Known:
    """A contract and all of its entries that something happened to, by their ids."""

    contract_id: UUID
    contract: BillingContract
    entries: Mapping[UUID, EntryState]
    version: int = 0
    """Of the contract's stream."""

    def state(self, entry: Entry) -> EntryState | None:
        """What happened to an entry."""
        return self.entries.get(entry_stream(self.contract.number, entry).id)

    @property
    def invoiced(self) -> date | None:
        """The first day of the latest entry with a live invoice; None: nothing is invoiced."""
        return max((entry.ref.first for entry in self.entries.values() if entry.live), default=None)

    def without(self, invoices: frozenset[UUID]) -> "Known":
        """As it would be without these invoices."""
        if not invoices:
            return self
        return replace(self, entries={id_: gone(entry, invoices) for id_, entry in self.entries.items()})


@dataclass(frozen=True, slots=True)
class Due:
    """An entry to bill. `only`: customers that it is to be billed for anew, as the others' invoices are live."""

    entry: Entry
    state: EntryState | None = None
    only: frozenset[str] | None = None
