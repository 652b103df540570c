"""From a plan to facts: the invoices, the entries that they bill, the transactions that they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.billing_contract.preparing import Prepared
from commands.billing_contract.skipping import skip_facts
from commands.billing_contract.taking_out import corrected, taken_out
from commands.billing_contract.taking_usage import Taken, UsageToTake, take_usage
from commands.ports.contract_ledger import ContractDue
from commands.ports.event_store import History, Write
from domain.billing_contract.entry import entry_stream, fold_entry, ref_of
from domain.billing_contract.entry_events import (
    BilledPart,
    Cause,
    EntryEmpty,
    EntryInvoiced,
    InvoiceMade,
    UsageReceived,
)
from domain.billing_contract.line_items import LineItem
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.placing import amount_on, shown_on
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Known, next_run
from domain.customer_invoice.events import ContractItem, ContractSource, CustomerInvoiceCreated
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.fact import Fact
from domain.identity import Stream, contract_invoice_stream
from domain.money import add

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """An invoice that is about to begin; `state` is what it is after `created` and the usage that it takes."""

    stream: Stream
    made: InvoiceMade
    created: CustomerInvoiceCreated
    state: CustomerInvoice
    usage: Taken

    @property
    def history(self) -> History:
        """Nothing is there yet."""
        return empty(self.stream)


def empty(stream: Stream) -> History:
    """A stream that is not there."""
    return History(stream, (), 0, GENESIS, 0)


def new_invoices(prepared: Prepared) -> Sequence[NewInvoice]:
    """One for each customer of the plan, and for each whose usage waits."""
    known, plan = prepared.known, prepared.plan
    ids = {share.customer: share.customer_id for share in known.contract.terms.customers}
    found = []
    for customer in prepared.customers:
        items, usage = plan.items.get(customer, ()), prepared.usage.get(customer)
        number = _number(known, customer, plan.day)
        stream = contract_invoice_stream(known.contract.number, customer, plan.day, number)
        reference = f"{known.contract.number}/{plan.day}/{number}"
        if len(ids) > 1:
            reference = f"{known.contract.number}/{customer}/{plan.day}/{number}"
        made = InvoiceMade(invoice=stream.id, reference=reference, customer=customer, customer_id=ids[customer])
        created = _created(prepared, made, number, items, usage)
        state = fold([created])
        if state is None:
            raise TypeError("an invoice that is created is there")
        taken = Taken()
        if usage is not None:
            taken, state = take_usage(stream.id, state, usage)
        found.append(NewInvoice(stream, made, created, state, taken))
    return found


def entry_writes(prepared: Prepared, invoices: Sequence[NewInvoice], cause: Cause) -> tuple[list[Write], Known]:
    """What the entries say, and the contract as it is known after that."""
    known, plan = prepared.known, prepared.plan
    made = {one.made.customer: one.made for one in invoices}
    items = {id(item): (customer, item) for customer, some in plan.items.items() for item in some}
    placed: set[int] = set()
    facts: dict[UUID, EntryInvoiced] = {}
    for due in plan.due:
        of = {key: one for key, one in items.items() if shown_on(due, one[1])}
        if of:
            own = {key: amount for key, one in of.items() if (amount := amount_on(due, one[1])) is not None}
            whole = {key for key in own if not of[key][1].by_milestone}  # on one entry: the first of several runs
            parts = [(*of[key], amount) for key, amount in own.items() if key not in placed or key not in whole]
            placed |= own.keys()
            fact = _invoiced(prepared, due.entry, list(of.values()), parts, made, cause)
            facts[fact.ref.entry] = fact
    _with_usage(prepared, facts, made, cause)
    rest = [one for key, one in items.items() if key not in placed]
    if rest:  # corrections of earlier cycles ride with the first entry that is billed, or with the first there is
        first = next(iter(facts.values()), None)
        first = first or _invoiced(prepared, plan.due[0].entry, [], [], made, cause)
        facts[first.ref.entry] = _with_corrections(first, rest, made)
    known = known if prepared.replaced is None else prepared.replaced.how.known
    entries, writes, skips = dict(known.entries), [], skip_facts(prepared)
    for due in (*plan.due, *plan.waits):
        stream = entry_stream(known.contract.number, due.entry)
        history = prepared.entries.get(stream.id) or empty(stream)
        before = taken_out(prepared.replaced, stream.id, plan.day, made) if due in plan.due else ()
        fact_of: Fact | None = facts.get(stream.id)
        stands = due in plan.waits or (prepared.replaced is not None and _billed([*history.facts, *before]))
        if fact_of is None and not stands:
            ref = ref_of(known.contract.number, due.entry)
            fact_of = EntryEmpty(contract=known.contract.number, ref=ref, day=plan.day, cause=cause)
        done = () if fact_of is None else (fact_of, *_received(known, due.entry, stream.id, invoices))
        said = (*before, *done, *skips.get(stream.id, ()))
        if not said:
            continue  # billed as it was, by invoices that stand; or it waits, and says why already
        writes.append(Write(history, said, record_key=known.contract_id))
        state = fold_entry([*history.facts, *said])
        if state is not None:
            entries[stream.id] = state
    return writes, replace(known, entries=entries)


def _billed(facts: Sequence[Fact]) -> bool:
    state = fold_entry(facts)
    return state is not None and bool(state.live) and state.status == "inactive"


def _with_usage(
    prepared: Prepared, facts: dict[UUID, EntryInvoiced], made: Mapping[str, InvoiceMade], cause: Cause
) -> None:
    """A cycle whose usage is on an invoice is billed by that, whatever else it has."""
    by_entry = {entry_stream(prepared.known.contract.number, due.entry).id: due.entry for due in prepared.plan.due}
    found: dict[tuple[str, UUID], None] = {}
    for customer, usage in prepared.usage.items():
        entries = (*(entry for _, entry in usage.offered), *(one.entry for one in usage.posted))
        found |= dict.fromkeys((customer, entry) for entry in entries)
    for customer, entry in (*found, *corrected(prepared.replaced, by_entry)):
        fact = facts.get(entry) or _invoiced(prepared, by_entry[entry], [], [], made, cause)
        if made[customer].invoice not in {one.invoice for one in fact.invoices}:
            fact = fact.model_copy(update={"invoices": (*fact.invoices, made[customer])})
        facts[entry] = fact


def _received(known: Known, entry: Entry, id_: UUID, invoices: Sequence[NewInvoice]) -> Sequence[UsageReceived]:
    """What the invoices took for an entry, batch by batch."""
    return [
        UsageReceived(
            contract=known.contract.number,
            ref=ref_of(known.contract.number, entry),
            usage_line=entry.line,
            invoice=one.made.invoice,
            reference=one.made.reference,
            customer=one.made.customer,
            customer_id=one.made.customer_id,
            source=added.source,
            lines=added.lines,
            cost=added.cost,
            currency=added.currency,
            digest=added.digest,
            without_cost=added.without_cost,
        )
        for one in invoices
        for of, added in one.usage.received
        if of == id_
    ]


def due_after(prepared: Prepared, after: Known) -> ContractDue:
    """When the contract is due after this."""
    terms = after.contract.terms
    since = after.contract.recorded_on
    if prepared.seen is not None and prepared.seen.next_run is not None:
        since = max(since, prepared.seen.next_run)
    version = 0 if prepared.seen is None else prepared.seen.version
    return ContractDue(after.contract_id, after.contract.number, terms.time_zone, next_run(after, since), version)


def _created(
    prepared: Prepared, made: InvoiceMade, number: int, items: Sequence[LineItem], usage: UsageToTake | None
) -> CustomerInvoiceCreated:
    known, plan, replaced = prepared.known, prepared.plan, prepared.replaced
    entries = tuple(entry_stream(known.contract.number, due.entry).id for due in plan.due)
    old = [one for _, one in replaced.invoices.values() if one.customer == made.customer] if replaced else []
    firsts, lasts = [item.first for item in items], [item.last for item in items]
    if not items:  # purchases alone
        firsts, lasts = [one.period_from for one in old], [one.period_to for one in old]
    if usage is not None:
        firsts.append(usage.first)
        lasts.append(usage.last)
    return CustomerInvoiceCreated(
        customer=made.customer,
        reference=made.reference,
        customer_id=made.customer_id,
        invoice_type="contract",
        invoice_date=plan.day,
        period_from=min(firsts),
        period_to=max(lasts),
        currency=known.contract.terms.currency,
        contract=ContractSource(
            contract=known.contract.number,
            contract_id=known.contract_id,
            version=known.version,
            number=number,
            approval=known.contract.terms.approval,
            entries=entries,
            items=_merged(
                [
                    *(contract_item(known, item) for item in items if item.amount or item.kind != "correction"),
                    *(replaced.usage.get(made.customer, ()) if replaced is not None else ()),
                ]
            ),
            replaces=tuple(id_ for id_, (_, one) in replaced.invoices.items() if one in old) if replaced else (),
        ),
    )


def _merged(items: Sequence[ContractItem]) -> tuple[ContractItem, ...]:
    """A line's milestones or transactions are one item, also where some of them are billed again."""
    found: dict[tuple[object, ...], ContractItem] = {}
    for item in items:
        key = (item.line, item.kind, item.cycle, item.product, item.subscription)
        there = found.get(key)
        if there is None:
            found[key] = item
            continue
        costs = [one.cost for one in (there, item) if one.cost is not None]
        more = {"amount": add(there.amount, item.amount), "sources": there.sources + item.sources}
        found[key] = there.model_copy(update={**more, "cost": add(*costs) if costs else None})
    return tuple(found.values())


def contract_item(known: Known, item: LineItem) -> ContractItem:
    """As the invoice has it."""
    terms = known.contract.lines[item.line].terms
    of = terms if isinstance(terms, SubscriptionTerms) else None
    return ContractItem(
        line=item.line,
        kind=item.kind,
        amount=item.amount,
        cost=item.cost,
        cycle=item.cycle,
        product=None if of is None else of.product,
        subscription=None if of is None else of.subscription,
        sources=len(item.segments) + len(item.milestones) + item.transactions,
    )


def _invoiced(
    prepared: Prepared,
    entry: Entry,
    items: Sequence[tuple[str, LineItem]],
    parts: Sequence[tuple[str, LineItem, Decimal]],
    made: Mapping[str, InvoiceMade],
    cause: Cause,
) -> EntryInvoiced:
    known, plan = prepared.known, prepared.plan
    customers = dict.fromkeys(customer for customer, _ in items)
    takes = entry.kind == "run" and any(item.again is None for _, item, _ in parts)
    taken = plan.taken.get(entry.line or "", ()) if takes else ()
    return EntryInvoiced(
        contract=known.contract.number,
        ref=ref_of(known.contract.number, entry),
        day=plan.day,
        cause=cause,
        invoices=tuple(made[customer] for customer in customers),
        billed=tuple(_part(made[customer], item, amount) for customer, item, amount in parts),
        transactions=tuple(taken),
    )


def _with_corrections(
    fact: EntryInvoiced, items: Sequence[tuple[str, LineItem]], made: Mapping[str, InvoiceMade]
) -> EntryInvoiced:
    known = {one.invoice for one in fact.invoices}
    more = dict.fromkeys(customer for customer, _ in items if made[customer].invoice not in known)
    return fact.model_copy(
        update={
            "invoices": (*fact.invoices, *(made[customer] for customer in more)),
            "billed": (*fact.billed, *(_part(made[customer], item, item.amount) for customer, item in items)),
        }
    )


def _part(made: InvoiceMade, item: LineItem, amount: Decimal) -> BilledPart:
    return BilledPart(invoice=made.invoice, customer=made.customer, line=item.line, cycle=item.cycle, amount=amount)


def _number(known: Known, customer: str, day: date) -> int:
    """One more than the invoices that this customer has of the contract with this date."""
    before = {
        one.invoice
        for entry in known.entries.values()
        for one in entry.invoices
        if one.customer == customer and f"/{day}/" in one.reference
    }
    return len(before) + 1
