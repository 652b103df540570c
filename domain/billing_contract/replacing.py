"""What becomes of invoices of an entry that is billed anew. Source: billing contracts, "By hand", `replace_existing`.

Each customer's invoice by itself, by its status: one that is not final yet is taken over whole; an approved one stands,
and the new one brings the difference; a closed one keeps what it had taken, and its cycles are billed anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from domain.billing_contract.entry import EntryState, billed_anew, entry_stream, gone
from domain.billing_contract.entry_events import InvoiceMade, TransactionsTaken
from domain.billing_contract.known import Known
from domain.billing_contract.line_items import LineItem
from domain.billing_contract.schedule import Entry
from domain.customer_invoice.state import Status
from domain.money import less
from domain.rejected import Rejected

Mode = Literal["take_over", "difference", "anew"]

_MODES: Final[Mapping[Status, Mode]] = {
    "pending": "take_over",
    "open": "take_over",
    "error": "take_over",
    "approved": "difference",
    "closed": "anew",
}
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Replacing:
    """The live invoices of an entry that are replaced, and how; `known` is the contract as it really is."""

    known: Known
    named: Entry
    modes: Mapping[UUID, Mode]

    def by(self, mode: Mode) -> frozenset[UUID]:
        """The invoices that are treated so."""
        return frozenset(invoice for invoice, of in self.modes.items() if of == mode)

    @property
    def as_if(self) -> Known:
        """The contract as the new invoices find it."""
        return replace(self.known, entries={id_: self._entry(id_, one) for id_, one in self.known.entries.items()})

    @property
    def forced(self) -> frozenset[UUID]:
        """Entries that are billed now, whatever their state is."""
        found = {id_ for id_, one in self.known.entries.items() if self.taken_out(id_, one)}
        approved = self.by("difference")
        return frozenset(found) | {
            id_ for id_, one in self.known.entries.items() if one.ref.kind == "cycle" and one.live & approved
        }

    def taken_out(self, id_: UUID, entry: EntryState) -> Sequence[UUID]:
        """Invoices that do not bill the entry any more, because newer ones do; in order."""
        closed = self.by("anew") if self._anew(id_, entry) else frozenset()
        return sorted(entry.live & (self.by("take_over") | closed))

    @property
    def freed(self) -> Sequence[TransactionsTaken]:
        """Transactions that nobody else holds: the new invoices take them first."""
        take = self.by("take_over")
        return [
            taken
            for entry in self.known.entries.values()
            for holders, taken in entry.transactions
            if holders and holders <= take
        ]

    def negations(self) -> Iterator[LineItem]:
        """What approved invoices bill of cycles, taken back: the new ones bill it anew."""
        approved = self.by("difference")
        for entry in self.known.entries.values():
            for part in entry.billed:
                if part.invoice in approved and part.cycle is not None:
                    yield LineItem(
                        line=part.line,
                        kind="negation",
                        customer=part.customer,
                        amount=less(_NOTHING, part.amount),
                        whole=part.amount,
                        share=None,
                        first=part.cycle,
                        last=entry.ref.last if part.cycle == entry.ref.first else part.cycle,
                        cycle=part.cycle,
                        negates=part.invoice,
                    )

    def _entry(self, id_: UUID, entry: EntryState) -> EntryState:
        state = gone(entry, self.by("take_over"))
        for closed in self.by("anew") if self._anew(id_, entry) else ():
            state = billed_anew(state, closed)
        approved = self.by("difference")
        kept = tuple(part for part in state.billed if part.invoice not in approved or part.cycle is None)
        return replace(state, billed=kept)

    def _anew(self, id_: UUID, entry: EntryState) -> bool:
        """Of a closed invoice: its cycles, and the run that is named, which may have more transactions by now."""
        named = entry_stream(self.known.contract.number, self.named).id
        return entry.ref.kind == "cycle" or (entry.ref.kind == "run" and id_ == named)


def modes_of(live: Sequence[InvoiceMade], statuses: Mapping[UUID, Status]) -> Mapping[UUID, Mode]:
    """How each live invoice is replaced. Rejected `invoice-approving` while one is in approval."""
    approving = [one.reference for one in live if statuses[one.invoice] == "approving"]
    if approving:
        raise Rejected(
            "invoice-approving",
            f"{', '.join(approving)}: in approval, so it can't be replaced. Withdraw the request or reject it first.",
        )
    return {one.invoice: _MODES[statuses[one.invoice]] for one in live}
