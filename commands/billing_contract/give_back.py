"""A contract's invoice is deleted: its entries are active again, and the transactions that it had taken are free."""

from dataclasses import dataclass, replace
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.desk import keeping, local_day
from commands.billing_contract.preparing import load_contracts
from commands.origin import Origin
from commands.ports.contract_ledger import TakeTransactions
from commands.ports.event_store import Rows, Write
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.giving_back import give_back
from domain.customer_invoice.state import CustomerInvoice


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What belongs into the save that deletes the invoice: facts of entries, and rows."""

    writes: tuple[Write, ...] = ()
    rows: tuple[Rows, ...] = ()


async def given_back(
    desk: ContractBilling,
    origin: Origin,
    invoice: UUID,
    state: CustomerInvoice,
    reason: str,
    restorable: frozenset[UUID] = frozenset(),
) -> GivenBack:
    """Nothing for an invoice that is of no contract, or that holds nothing any more because a newer one replaced it.

    `restorable`: invoices that it replaced, and that were neither closed nor deleted since: they hold what it took over
    again. When the contract is due next is kept with it. An entry whose date is past is `overdue` from then on.
    """
    source = state.contract
    if source is None:
        return GivenBack()
    loaded = (await load_contracts(desk, [source.contract_id])).get(source.contract_id)
    if loaded is None:
        raise TypeError(f"{state.reference} bills the contract {source.contract}, which is not there")
    known = loaded.known
    found = give_back(
        known,
        invoice,
        reference=state.reference,
        customer=state.customer,
        day=local_day(origin, known.contract.terms.time_zone),
        reason=reason,
        restorable=restorable,
    )
    if not found.facts:
        return GivenBack()
    entries = dict(known.entries)
    writes = []
    for id_, fact in found.facts.items():
        history = loaded.entries[id_]
        writes.append(Write(history, (fact,), record_key=known.contract_id))
        after = fold_entry([*history.facts, fact])
        if after is not None:
            entries[id_] = after
    rows: list[Rows] = [keeping(replace(known, entries=entries), loaded.seen)]
    if found.freed:
        rows.append(TakeTransactions([(known.contract_id, taken) for taken in found.freed], back=True))
    return GivenBack((*writes, Write(loaded.history, ())), tuple(rows))
