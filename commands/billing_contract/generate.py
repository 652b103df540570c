"""One contract, by hand: what a cycle would come to, and making exactly that. Source: billing contracts, "By hand"."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from commands.billing_contract.bill import Ready, decide_all, save_of
from commands.billing_contract.billing_desk import Asked, ContractBilling, ReplacedInvoice
from commands.billing_contract.desk import local_day
from commands.billing_contract.preparing import Loaded, Prepared, load_contracts, prepare
from commands.billing_contract.taking_out import told
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Answer
from commands.ports.invoice_runs import MadeInvoice
from domain.billing_contract.billed_already import expect_active, invoiced_by
from domain.billing_contract.entry_events import Cause, InvoiceMade
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Known, named_entry
from domain.money import fixed, plain
from domain.pricing.items import Failure
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Proposal:
    """What billing an entry would make now. `ready` None: there is nothing to bill.

    `invoiced`: live invoices that bill the entry already; the proposal is then what it would come to without them, or
    what would replace them.
    `digest`: SHA-256 (hex) over the invoices with their items, so that a caller can ask for exactly these.
    """

    contract: UUID
    number: str
    version: int
    currency: str
    entry: Entry
    today: date
    known: Known
    prepared: Prepared
    ready: Ready | None
    invoiced: Sequence[InvoiceMade]
    digest: str
    warnings: Sequence[str]

    @property
    def replaced(self) -> Sequence[ReplacedInvoice]:
        """What becomes of invoices that these replace."""
        of = {one.made.customer: one.made for one in self.ready.invoices} if self.ready is not None else {}
        return told(self.prepared.replaced, of) if self.prepared.asked.replace else ()

    @property
    def made(self) -> Sequence[MadeInvoice]:
        """The invoices."""
        return self.ready.billed.invoices if self.ready is not None else ()


@dataclass(frozen=True, slots=True)
class Generated:
    """What was made; `version` is the contract's, which a billing does not change."""

    contract: UUID
    number: str
    version: int
    entry: Entry
    invoices: Sequence[MadeInvoice]
    warnings: Sequence[str]
    digest: str
    replaced: Sequence[ReplacedInvoice] = ()


GeneratedAnswer: TypeAlias = "Callable[[Generated], Answer | None] | None"


async def propose(
    desk: ContractBilling,
    origin: Origin,
    contract: UUID,
    cycle: date | None,
    *,
    replace: bool = False,
    cause: Cause = "generate",
) -> Proposal:
    """Nothing is stored. Rejected `billing-contract-missing`, `cycle-unknown`, `nothing-left`; to `replace` also
    `invoice-approving`, `no-difference`, `nothing-to-bill`.
    """
    loaded = await _there(desk, contract)
    known = loaded.known
    entry = named_entry(known, cycle, anew=replace)
    invoiced = invoiced_by(known, entry)
    asked = Asked(
        contract,
        entry.run_date,
        by_hand=True,
        cycle=entry.named_by,
        replace=replace and bool(invoiced),
        as_if_free=not replace and bool(invoiced),
    )
    prepared = (await prepare(desk, origin, [asked]))[contract]
    if isinstance(prepared, Rejected):
        raise prepared
    ready = None
    if prepared.customers:
        (ready,) = await decide_all(desk, [prepared], cause)
    today = local_day(origin, known.contract.terms.time_zone)
    warnings = list(ready.billed.warnings) if ready is not None else []
    if max(entry.run_date, entry.last) > today:
        when = f"runs from {entry.first} to {entry.last}" if entry.kind == "cycle" else f"is dated {entry.run_date}"
        warnings.append(f"This entry {when} and is to be billed on {entry.run_date}: today is {today}.")
    return Proposal(
        contract=contract,
        number=known.contract.number,
        version=loaded.history.version,
        currency=known.contract.terms.currency,
        entry=entry,
        today=today,
        known=known,
        prepared=prepared,
        ready=ready,
        invoiced=invoiced,
        digest=_digest(known.contract.number, entry, ready),
        warnings=warnings,
    )


async def generate(
    desk: ContractBilling,
    origin: Origin,
    contract: UUID,
    cycle: date | None,
    *,
    replace: bool = False,
    expect: str | None = None,
    expected: int | None = None,
    answer: GeneratedAnswer = None,
) -> Done[Generated]:
    """Make what the proposal says: the invoice date is the entry's run date, and no task is armed.

    Invoices that bill the entry already refuse it, unless it is to `replace` them.
    Rejected like a proposal, and `cycle-invoiced`, `nothing-to-bill`; `preview-outdated` when `expect` is the digest of
    something else.
    """

    async def decide() -> Decided[Generated]:
        proposal = await propose(desk, origin, contract, cycle, replace=replace)
        expect_version(proposal.version, expected)
        if not replace:
            expect_active(proposal.known, proposal.entry)
        if expect is not None and expect != proposal.digest:
            raise Rejected(
                "preview-outdated",
                "What would be billed is not what was previewed any more: look at the preview again.",
                facts={"digest": proposal.digest, "invoices": [_told(one) for one in proposal.made]},
            )
        if proposal.ready is None:
            raise Rejected(
                "nothing-to-bill",
                f"{proposal.number} has nothing to bill for {proposal.entry.named_by}: see its preview.",
            )
        outcome = Generated(
            contract,
            proposal.number,
            proposal.version,
            proposal.entry,
            proposal.made,
            [*proposal.warnings, *(one.advice for one in proposal.replaced)],
            proposal.digest,
            proposal.replaced,
        )
        return Decided(save_of(origin, [proposal.ready]), outcome)

    return await settle(desk.store, origin, decide, answer)


async def _there(desk: ContractBilling, contract: UUID) -> Loaded:
    loaded = (await load_contracts(desk, [contract])).get(contract)
    if loaded is None:
        raise Rejected("billing-contract-missing", f"There is no billing contract {contract}.", kind="missing")
    return loaded


def _digest(number: str, entry: Entry, ready: Ready | None) -> str:
    document = {
        "contract": number,
        "entry": [entry.kind, entry.line, entry.named_by.isoformat(), entry.name],
        "invoices": [] if ready is None else [_document(ready, one.stream.id) for one in ready.invoices],
        "transactions": [] if ready is None else [taken.model_dump(mode="json") for taken in ready.taken],
        "period": []
        if ready is None
        else [[str(i.created.period_from), str(i.created.period_to)] for i in ready.invoices],
    }
    said = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _document(ready: Ready, invoice: UUID) -> Mapping[str, Any]:
    priced = ready.priced[invoice]
    result = priced.result
    of = priced.invoice
    shown: dict[str, Any] = {"reference": of.reference, "customer": of.customer}
    shown |= {"from": of.period_from.isoformat(), "to": of.period_to.isoformat()}
    if isinstance(result, Failure):
        return shown | {"failure": [result.code, result.product, result.rule]}
    items = [
        [
            i.kind,
            i.contract_line,
            i.cycle and i.cycle.isoformat(),
            i.product,
            i.subscription,
            plain(i.exact),
            plain(i.amount),
            None if i.cost is None else plain(i.cost),
            i.lines,
        ]
        for i in result.items
    ]
    return shown | {"items": items, "total": fixed(result.revenue_total, result.currency)}


def _told(one: MadeInvoice) -> Mapping[str, str]:
    return {"customer": one.customer, "reference": one.reference, "total": one.total}
