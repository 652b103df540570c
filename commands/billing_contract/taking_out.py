"""What entries, and who reads them, are told of invoices that newer ones replace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from commands.billing_contract.billing_desk import ReplacedInvoice
from commands.billing_contract.replacing import Replaced
from domain.billing_contract.entry_events import EntryReplaced, InvoiceMade

_ADVICE: Final = {
    "take_over": "{old} is replaced by {new} and holds nothing any more: close or delete it.",
    "difference": "{old} is approved and stands: {new} brings the difference.",
    "anew": "{old} is closed and keeps what it had taken: {new} bills the cycle anew.",
}


def taken_out(
    replaced: Replaced | None, entry: UUID, day: date, made: Mapping[str, InvoiceMade]
) -> Sequence[EntryReplaced]:
    """What an entry is told of those of its invoices that new ones of the same customers take the place of."""
    known = replaced.how.known if replaced is not None else None
    state = known.entries.get(entry) if known is not None else None
    if replaced is None or known is None or state is None:
        return ()
    found = []
    for old in replaced.how.taken_out(entry, state):
        customer = replaced.invoices[old][1].customer
        new = made.get(customer)
        if new is not None:
            takes_over = replaced.how.modes[old] == "take_over"
            received = sum(one.lines for one in state.received if one.invoice == old) if takes_over else 0
            found.append(
                EntryReplaced(
                    contract=known.contract.number,
                    ref=state.ref,
                    invoice=old,
                    reference=replaced.invoices[old][1].reference,
                    customer=customer,
                    by=new.invoice,
                    by_reference=new.reference,
                    day=day,
                    takes_over=takes_over,
                    lines=received,
                )
            )
    return found


def corrected(replaced: Replaced | None, due: Iterable[UUID]) -> Iterator[tuple[str, UUID]]:
    """Customers whose usage on approved invoices is billed otherwise, with each of these invoices' entries: whichever
    of them is billed anew later, the new invoice is found there, and the difference is not made twice.
    """
    if replaced is None or not replaced.usage:
        return
    approved = replaced.of("difference")
    for entry in due:
        state = replaced.how.known.entries.get(entry)
        stand = {one.customer for id_, (_, one) in approved.items() if state is not None and id_ in state.live}
        for customer in replaced.usage:
            if customer in stand:
                yield customer, entry


def told(replaced: Replaced | None, made: Mapping[str, InvoiceMade]) -> Sequence[ReplacedInvoice]:
    """What the caller is told of each; those for whose customers nothing is made are left alone."""
    found = []
    for old, (_, state) in replaced.invoices.items() if replaced is not None else ():
        new = made.get(state.customer)
        if replaced is not None and new is not None:
            mode = replaced.how.modes[old]
            how: Literal["superseded", "corrected", "billed_anew"] = (
                "superseded" if mode == "take_over" else "corrected" if mode == "difference" else "billed_anew"
            )
            advice = _ADVICE[mode].format(old=state.reference, new=new.reference)
            found.append(ReplacedInvoice(old, state.reference, state.customer, new.invoice, how, advice))
    return found
