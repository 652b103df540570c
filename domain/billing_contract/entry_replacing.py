"""An invoice of an entry is replaced by a newer one, or deleted: what it had is put aside, or put back."""

from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.billing_contract import entry_events as x
from domain.billing_contract.entry_state import Aside, EntryState, billed_anew, gone, of_status
from domain.money import add, less

_NOTHING: Final = Decimal(0)


def replaced(state: EntryState, fact: x.EntryReplaced) -> EntryState:
    """What the replaced one had is put aside."""
    old = fact.invoice
    if old not in state.live:
        return state
    after = gone(state, frozenset({old})) if fact.takes_over else billed_anew(state, old)
    kept = Aside(
        old,
        fact.customer,
        fact.by,
        fact.takes_over,
        billed=tuple(part for part in state.billed if part not in after.billed),
        transactions=tuple(taken for by, taken in state.transactions if old in by) if fact.takes_over else (),
        received=tuple(one for one in state.received if one not in after.received),
    )
    return replace(after, aside=(*after.aside, kept))


def reactivated(state: EntryState, fact: x.EntryReactivated) -> EntryState:
    """Without the deleted one; what it had replaced is put back as it was."""
    more = _taken_beside(state, fact) if fact.restores else ()
    state = replace(gone(state, frozenset({fact.invoice})), reactivated=fact.day)
    back = [one for one in state.aside if one.invoice in fact.restores and one.by == fact.invoice]
    for kept in back:
        state = _put_back(state, kept)
    aside = tuple(one for one in state.aside if one not in back)
    state = replace(state, aside=aside, owed=(*state.owed, *more))
    for group in state.replacing:
        if fact.invoice in group and not group & state.live:
            state = _undone(state, group)
    return of_status(state)


def _undone(state: EntryState, group: frozenset[UUID]) -> EntryState:
    """All that were made together are deleted: what is to be billed again is what those before them had."""
    before = [one for one in state.aside if one.by in group]
    parts = [part for one in before for part in one.billed if part.cycle is None]
    owed = [part for part in state.owed if part.invoice not in group]
    owed += [part for part in parts if part.customer not in state.live_customers]
    left = tuple(one for one in state.aside if one not in before)
    return replace(state, aside=left, owed=tuple(owed) if state.live else ())


def _put_back(state: EntryState, kept: Aside) -> EntryState:
    transactions = list(state.transactions)
    for taken in kept.transactions:
        n = next((n for n, (_, there) in enumerate(transactions) if there == taken), None)
        if n is None:
            transactions.append((frozenset({kept.invoice}), taken))
        else:
            transactions[n] = (transactions[n][0] | {kept.invoice}, taken)
    return replace(
        state,
        live=state.live | {kept.invoice},
        billed=(*state.billed, *kept.billed),
        transactions=tuple(transactions),
        received=(*state.received, *kept.received),
        owed=tuple(part for part in state.owed if part.customer != kept.customer),
    )


def _taken_beside(state: EntryState, fact: x.EntryReactivated) -> tuple[x.BilledPart, ...]:
    """The deleted one's part of transactions that the restored ones did not have, and that other customers' invoices
    hold on to: it is billed again as it was.
    """
    back = [one for one in state.aside if one.invoice in fact.restores and one.by == fact.invoice]
    before = {taken for one in back for taken in one.transactions}
    held = [by - {fact.invoice} for by, taken in state.transactions if fact.invoice in by and taken not in before]
    if not any(held):
        return ()
    parts = [part for part in state.billed if part.invoice == fact.invoice and part.cycle is None]
    had = [part.amount for one in back for part in one.billed if part.cycle is None]
    rest = less(add(*(part.amount for part in parts)), add(*had)) if parts else _NOTHING
    return (parts[0].model_copy(update={"amount": rest}),) if rest else ()
