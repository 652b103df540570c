"""An entry that is billed already is billed anew: which invoices are replaced, how, and what they hold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID

from commands.billing_contract.billing_desk import Asked, ContractBilling
from commands.customer_invoice.pricing import price
from commands.ports.event_store import Conflict, History
from domain.billing_contract.entry import entry_stream
from domain.billing_contract.line_items import TransactionSum
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.replacing import Mode, Replacing, modes_of
from domain.billing_contract.selection import Known, named_entry
from domain.customer_invoice.calculation_events import ItemValue
from domain.customer_invoice.events import ContractItem
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream
from domain.money import add, less
from domain.pricing.items import Failure, Item
from domain.rejected import Rejected

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Replaced:
    """The live invoices of an entry, as they are; `usage`: what approved ones bill otherwise, by customer."""

    how: Replacing
    invoices: Mapping[UUID, tuple[History, CustomerInvoice]]
    held: Sequence[TransactionSum] = ()
    """Transactions that only they hold."""
    usage: Mapping[str, Sequence[ContractItem]] = field(default_factory=dict)

    def of(self, mode: Mode) -> Mapping[UUID, tuple[History, CustomerInvoice]]:
        """Those that are treated so."""
        wanted = self.how.by(mode)
        return {id_: one for id_, one in self.invoices.items() if id_ in wanted}

    def refusal(self, customers: Sequence[str]) -> Rejected | None:
        """Why they can't be replaced by invoices of these customers: no difference, or nothing in their place."""
        names = [one.reference for _, one in self.invoices.values()]
        if not customers and not self.of("take_over"):
            return Rejected(
                "no-difference",
                f"Billed anew it comes to what {', '.join(names)} said: there is nothing to correct.",
                facts={"invoices": [str(one) for one in self.invoices]},
            )
        lost = [one.reference for _, one in self.of("take_over").values() if one.customer not in customers]
        if lost:
            return Rejected(
                "nothing-to-bill",
                f"Nothing would be billed in place of {', '.join(lost)}: delete it, and nothing is billed.",
                facts={"invoices": [str(one) for one in self.invoices]},
            )
        return None


async def replaced(
    desk: ContractBilling, known: Mapping[UUID, Known], asked: Iterable[Asked]
) -> Mapping[UUID, Replaced | Rejected]:
    """By contract, where the entry that is asked for is billed already; Rejected `invoice-approving`."""
    found: dict[UUID, Replaced | Rejected] = {}
    for one in asked:
        if one.replace or one.as_if_free:
            try:
                there = await _replaced(desk, known[one.contract], one)
            except Rejected as no:
                found[one.contract] = no
            else:
                if there is not None:
                    found[one.contract] = there
    return found


async def _replaced(desk: ContractBilling, known: Known, asked: Asked) -> Replaced | None:
    if not any(one.live for one in known.entries.values()):
        return None
    entry = named_entry(known, asked.cycle, anew=asked.replace, line=asked.line)
    state = known.entries.get(entry_stream(known.contract.number, entry).id)
    if state is None or state.status == "active" or not state.live:
        return None
    live = [one for one in state.invoices if one.invoice in state.live]
    invoices = {}
    histories = await desk.store.load_many([Stream("customer-invoice", one.invoice) for one in live])
    for stream, history in histories.items():
        invoice = fold(history.facts)
        if invoice is None:
            raise TypeError(f"{stream} bills {known.contract.number} and is not there")
        if invoice.status == "deleted" or invoice.superseded is not None:
            raise Conflict(stream)  # since the contract was read
        invoices[stream.id] = (history, invoice)
    if asked.replace:
        how = Replacing(known, entry, modes_of(live, {id_: one.status for id_, (_, one) in invoices.items()}))
    else:
        how = Replacing(known, entry, {one.invoice: "take_over" for one in live})
    held = await desk.ledger.sums_of(known.contract_id, how.freed)
    approved = {id_: invoices[id_][1] for id_ in how.by("difference")}
    return Replaced(how, invoices, held, await usage_differences(desk, known, approved))


async def usage_differences(
    desk: ContractBilling, known: Known, approved: Mapping[UUID, CustomerInvoice]
) -> Mapping[str, Sequence[ContractItem]]:
    """Usage of approved invoices at today's prices, and what they bill for it taken back, where the two differ."""
    holding = [one for one in approved.values() if one.lines]
    if not holding:
        return {}
    inputs = await desk.calculation.reference.pricing_inputs(sorted({one.customer for one in holding}))
    line = next(one.code for one in known.contract.lines.values() if isinstance(one.terms, UsageTerms))
    sums: dict[str, list[Item]] = defaultdict(list)
    for priced in (await price(desk.calculation, approved, inputs)).values():
        if isinstance(priced.result, Failure):
            reason = priced.result.message
            raise Rejected("not-priced", f"{priced.invoice.reference} can't be priced as of today: {reason}")
        sums[priced.invoice.customer] += [item for item in priced.result.items if item.contract_line is None]
    found = {}
    for customer, now in sums.items():
        before = [item for one in approved.values() if one.customer == customer for item in one.items if _usage(item)]
        found[customer] = _pairs(line, _by_product(before), _by_product(now))
    return {customer: some for customer, some in found.items() if some}


def _usage(item: ItemValue) -> bool:
    """Whether it bills purchases, or corrects what others billed for them."""
    return item.contract_line is None or (item.cycle is None and item.kind in ("usage", "negation"))


def _pairs(line: str, before: "_Sums", now: "_Sums") -> Sequence[ContractItem]:
    found = []
    for key in dict.fromkeys([*before, *now]):
        taken_back = less(_NOTHING, before.get(key, _NOTHING))
        anew = now.get(key, _NOTHING)
        if add(anew, taken_back):
            product, subscription = key
            of = ContractItem(line=line, kind="usage", amount=anew, product=product, subscription=subscription)
            found += [of, of.model_copy(update={"kind": "negation", "amount": taken_back})]
    return [one for one in found if one.amount]


_Sums = Mapping[tuple[str | None, str | None], Decimal]


def _by_product(items: Iterable[Item | ItemValue]) -> _Sums:
    found: dict[tuple[str | None, str | None], Decimal] = {}
    for item in items:
        key = (item.product, item.subscription)
        found[key] = add(found.get(key, _NOTHING), item.amount)
    return found


def with_held(
    sums: Mapping[str, Sequence[TransactionSum]], held: Sequence[TransactionSum]
) -> Mapping[str, Sequence[TransactionSum]]:
    """By line: what replaced invoices hold together with what is free, one sum for each customer."""
    found: dict[str, dict[str | None, TransactionSum]] = {
        line: {one.customer: one for one in some} for line, some in sums.items()
    }
    for one in held:
        of = found.setdefault(one.taken[0].line, {})
        there = of.get(one.customer)
        of[one.customer] = one if there is None else _both(one, there)
    return {line: list(of.values()) for line, of in found.items()}


def _both(one: TransactionSum, other: TransactionSum) -> TransactionSum:
    costs = [each.cost for each in (one, other) if each.cost is not None]
    return TransactionSum(
        customer=one.customer,
        exact=add(one.exact, other.exact),
        cost=add(*costs) if costs else None,
        without_cost=one.without_cost + other.without_cost,
        taken=(*one.taken, *other.taken),
    )
