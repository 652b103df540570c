"""What a deleted invoice gives back to its contract. Source of the rules: customer invoices, "delete"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.billing_contract.entry import evolve_entry
from domain.billing_contract.entry_events import EntryReactivated, TransactionsTaken
from domain.billing_contract.known import Known


@dataclass(frozen=True, slots=True)
class Back:
    """A fact for each entry that is to be billed again, by its id; `freed`: transactions that no invoice holds."""

    facts: Mapping[UUID, EntryReactivated]
    freed: Sequence[TransactionsTaken]


def give_back(
    known: Known,
    invoice: UUID,
    *,
    reference: str,
    customer: str,
    day: date,
    reason: str,
    restorable: frozenset[UUID] = frozenset(),
) -> Back:
    """For the invoice's customer alone: what other customers' invoices of the same entries hold they keep.

    `day`: today in the contract's zone. Transactions that were split are on all of these invoices: they are free once
    the last one is gone; until then this customer's part is billed again as it was. Invoices that this one replaced are
    put back: closed ones, and of the others those that are `restorable`, neither closed nor deleted since.
    """
    facts: dict[UUID, EntryReactivated] = {}
    freed: list[TransactionsTaken] = []
    for id_, entry in known.entries.items():
        back = [one for one in entry.aside if one.by == invoice and (not one.takes_over or one.invoice in restorable)]
        if invoice not in entry.live and not back:
            continue
        received = [one for one in entry.received if one.invoice == invoice]
        fact = EntryReactivated(
            contract=known.contract.number,
            ref=entry.ref,
            invoice=invoice,
            reference=reference,
            customer=customer,
            day=day,
            reason=reason,
            lines=sum(one.lines for one in received)
            - sum(one.lines for kept in back if kept.takes_over for one in kept.received),
            restores=tuple(one.invoice for one in back),
        )
        after = evolve_entry(entry, fact)
        facts[id_] = fact.model_copy(update={"again": after.status == "active"})
        still = [taken for _, taken in after.transactions]
        freed += [taken for _, taken in entry.transactions if taken not in still]
    return Back(facts, freed)
