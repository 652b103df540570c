"""What a deleted invoice gives back to its contract. Source of the rules: customer invoices, "delete"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.billing_contract.entry_events import EntryReactivated, TransactionsTaken
from domain.billing_contract.selection import Known


@dataclass(frozen=True, slots=True)
class Back:
    """A fact for each entry that is to be billed again, by its id; `freed`: transactions that no invoice holds."""

    facts: Mapping[UUID, EntryReactivated]
    freed: Sequence[TransactionsTaken]


def give_back(known: Known, invoice: UUID, *, reference: str, customer: str, day: date, reason: str) -> Back:
    """For the invoice's customer alone: what other customers' invoices of the same entries hold they keep.

    `day`: today in the contract's zone. Transactions that were split are on all of these invoices: they are free once
    the last one is gone; until then this customer's part is billed again as it was.
    """
    facts: dict[UUID, EntryReactivated] = {}
    freed: list[TransactionsTaken] = []
    for id_, entry in known.entries.items():
        if invoice not in entry.live:
            continue
        facts[id_] = EntryReactivated(
            contract=known.contract.number,
            ref=entry.ref,
            invoice=invoice,
            reference=reference,
            customer=customer,
            day=day,
            reason=reason,
            lines=sum(one.lines for one in entry.received if one.invoice == invoice),
        )
        freed += [taken for holders, taken in entry.transactions if holders == {invoice}]
    return Back(facts, freed)
