"""A contract's invoice is recalculated: its items, and what its entries say that it bills, in one save."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.desk import keeping
from commands.billing_contract.licence_costs import with_licence_costs
from commands.billing_contract.making import contract_item
from commands.billing_contract.preparing import Loaded, load_contracts
from commands.billing_contract.replacing import usage_differences
from commands.ports.event_store import Rows, Write
from commands.ports.licences import Licences
from domain.billing_contract.billing import Plan
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.rebilling import rebilled, recomputed, same_items, with_kept
from domain.billing_contract.selection import Known
from domain.customer_invoice.events import ContractItem, ContractItemsRecomputed
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream


@dataclass(frozen=True, slots=True)
class Rebilled:
    """What belongs into the save that recalculates the invoice: facts of it and of entries, and rows."""

    facts: tuple[ContractItemsRecomputed, ...] = ()
    writes: tuple[Write, ...] = ()
    rows: tuple[Rows, ...] = ()


async def items_anew(desk: ContractBilling, licences: Licences, invoice: UUID, state: CustomerInvoice) -> Rebilled:
    """For an invoice that may change. Nothing for one that is of no contract, or when all items are as they were.

    When the contract is due next is kept with it, so that of this and a billing at once one decides again. Rejected
    `not-priced`: usage of an approved invoice that it corrects can't be priced.
    """
    source = state.contract
    if source is None:
        return Rebilled()
    loaded = (await load_contracts(desk, [source.contract_id])).get(source.contract_id)
    if loaded is None:
        raise TypeError(f"{state.reference} bills the contract {source.contract}, which is not there")
    known = loaded.known
    subscriptions = recomputed(known, invoice, state)
    plan = Plan(state.invoice_date, (), {state.customer: subscriptions.items})
    plan = (await with_licence_costs(desk.calculation, licences, {known.contract_id: (known, plan)}))[known.contract_id]
    anew = [contract_item(known, item) for item in plan.items[state.customer]]
    usage = await _differences(desk, known, source.replaces, state)
    items = with_kept(known, state, anew, subscriptions.left, usage)
    if same_items(items, source.items):
        return Rebilled()
    fact = ContractItemsRecomputed(
        customer=state.customer, reference=state.reference, version=known.version, items=items
    )
    writes, after = _entries(loaded, invoice, state, items)
    return Rebilled((fact,), (*writes, Write(loaded.history, ())), (keeping(after, loaded.seen),))


async def _differences(
    desk: ContractBilling, known: Known, replaces: Sequence[UUID], state: CustomerInvoice
) -> Sequence[ContractItem]:
    """Usage of approved invoices that it corrects, at today's prices."""
    if not replaces:
        return ()
    histories = await desk.store.load_many([Stream("customer-invoice", one) for one in replaces])
    before = {stream.id: fold(history.facts) for stream, history in histories.items()}
    approved = {id_: one for id_, one in before.items() if one is not None and one.status == "approved"}
    return (await usage_differences(desk, known, approved)).get(state.customer, ())


def _entries(
    loaded: Loaded, invoice: UUID, state: CustomerInvoice, items: Sequence[ContractItem]
) -> tuple[Sequence[Write], Known]:
    known, writes = loaded.known, []
    entries = dict(known.entries)
    for id_, fact in rebilled(known, invoice, state, items).items():
        history = loaded.entries[id_]
        writes.append(Write(history, (fact,), record_key=known.contract_id))
        after = fold_entry([*history.facts, fact])
        if after is not None:
            entries[id_] = after
    return writes, replace(known, entries=entries)
