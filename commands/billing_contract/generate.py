"""One contract, by hand: what a cycle would come to, and making exactly that. Source: billing contracts, "By hand"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from commands.billing_contract.bill import Decision, decide_all, ready_of, save_of
from commands.billing_contract.billing_desk import Asked, ContractBilling, ReplacedInvoice
from commands.billing_contract.desk import local_day
from commands.billing_contract.preparing import Prepared, prepare
from commands.billing_contract.previewed import keep, outdated
from commands.billing_contract.proposal_document import digest_of, document_of, text_of
from commands.billing_contract.taking_out import told
from commands.handling import Decided, Done, expect_version, settle, steady
from commands.origin import Origin
from commands.ports.event_store import Answer
from commands.ports.invoice_runs import MadeInvoice
from domain.billing_contract.billed_already import expect_active, invoiced_by
from domain.billing_contract.entry_events import InvoiceMade
from domain.billing_contract.planning import schedules_of
from domain.billing_contract.schedule import Entry, named
from domain.billing_contract.selection import Known, named_entry
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Proposal:
    """What billing an entry would make now. `decision` None: there is nothing to bill.

    `invoiced`: live invoices that bill the entry already; the proposal is then what it would come to without them, or
    what would replace them.
    `document`: the invoices with their items and what they are made of, as canonical JSON; `digest`: its SHA-256
    (hex), so that a caller can ask for exactly these.
    """

    contract: UUID
    number: str
    version: int
    currency: str
    entry: Entry
    today: date
    known: Known
    prepared: Prepared
    decision: Decision | None
    invoiced: Sequence[InvoiceMade]
    document: str
    digest: str
    warnings: Sequence[str]
    replaced: Sequence[ReplacedInvoice] = ()
    """What becomes of invoices that these replace."""

    @property
    def made(self) -> Sequence[MadeInvoice]:
        """The invoices."""
        return self.decision.made if self.decision is not None else ()


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
    line: str | None = None,
    replace: bool = False,
) -> Proposal:
    """Nothing is stored. `line`: the entry is one of the line's own. Rejected `billing-contract-missing`,
    `cycle-unknown`, `nothing-left`; to `replace` also `invoice-approving`, `no-difference`, `nothing-to-bill`.
    """
    asked = Asked(contract, date.min, by_hand=True, cycle=cycle, line=line, replace=replace, as_if_free=not replace)
    prepared = (await prepare(desk, origin, [asked]))[contract]
    if isinstance(prepared, Rejected):
        raise prepared
    known = prepared.known if prepared.replaced is None else prepared.replaced.how.known
    entry = prepared.entry or named_entry(known, cycle, anew=replace, line=line)
    invoiced = invoiced_by(known, entry)
    bills = prepared.plan.due and prepared.customers  # corrections wait for an entry that is due, to ride with
    decision = (await decide_all(desk, [prepared]))[0] if bills else None
    today = local_day(origin, known.contract.terms.time_zone)
    none = [*(one.without for one in prepared.held), *(one.reason for one in prepared.plan.skipped)]
    warnings = list(decision.warnings) if decision is not None else none
    if max(entry.run_date, entry.last) > today:
        when = f"runs from {entry.first} to {entry.last}" if entry.kind == "cycle" else f"is dated {entry.run_date}"
        warnings.append(f"This entry {when} and is to be billed on {entry.run_date}: today is {today}.")
    warnings += _beside(known, entry, prepared)
    replaced = _replaced(decision)
    text = text_of(document_of(known.contract.number, entry, decision, replaced))
    return Proposal(
        contract=contract,
        number=known.contract.number,
        version=prepared.history.version,
        currency=known.contract.terms.currency,
        entry=entry,
        today=today,
        known=known,
        prepared=prepared,
        decision=decision,
        invoiced=invoiced,
        document=text,
        digest=digest_of(text),
        warnings=warnings,
        replaced=replaced,
    )


def _replaced(decision: Decision | None) -> Sequence[ReplacedInvoice]:
    if decision is None or decision.prepared.replaced is None or not decision.prepared.asked.replace:
        return ()
    return told(decision.prepared.replaced, {one.made.customer: one.made for one in decision.invoices})


def _beside(known: Known, entry: Entry, prepared: Prepared) -> Sequence[str]:
    """Other cycles that begin on the same day, and that are neither billed nor billed by this."""
    if entry.kind != "cycle":
        return []
    due = {one.entry for one in prepared.plan.due}
    others = [one for one in named(schedules_of(known.contract), entry.first) if one.kind == "cycle"]
    left = [
        one
        for one in others
        if one not in (entry, *due) and ((of := known.state(one)) is None or of.status == "active")
    ]
    return [
        f"A cycle of {f'line {one.line}' if one.line else 'the contract'} begins on {one.first} too, and is not billed"
        f" by this: {'name the line' if one.line else 'name no line'}."
        for one in left
    ]


async def preview(
    desk: ContractBilling,
    origin: Origin,
    contract: UUID,
    cycle: date | None,
    *,
    line: str | None = None,
    replace: bool = False,
) -> Proposal:
    """A proposal that is shown: it is kept for a day under its digest, and nothing else is stored."""
    proposal = await steady(lambda: propose(desk, origin, contract, cycle, line=line, replace=replace))
    await keep(desk.previews, contract, proposal.digest, proposal.document, origin.now)
    return proposal


async def generate(
    desk: ContractBilling,
    origin: Origin,
    contract: UUID,
    cycle: date | None,
    *,
    line: str | None = None,
    replace: bool = False,
    expect: str | None = None,
    expected: int | None = None,
    answer: GeneratedAnswer = None,
) -> Done[Generated]:
    """Make what the proposal says: the invoice date is the entry's run date, and no task is armed.

    Invoices that bill the entry already refuse it, unless it is to `replace` them.
    Rejected like a proposal, and `cycle-invoiced`, `nothing-to-bill`; `preview-outdated`, with the differences, when
    `expect` is the digest of something else.
    """

    async def decide() -> Decided[Generated]:
        proposal = await propose(desk, origin, contract, cycle, line=line, replace=replace)
        expect_version(proposal.version, expected)
        if not replace:
            expect_active(proposal.known, proposal.entry)
        if expect is not None and expect != proposal.digest:
            raise await outdated(desk.previews, contract, expect, proposal.digest, proposal.document, proposal.made)
        if proposal.decision is None:
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
        return Decided(save_of(origin, [ready_of(proposal.decision, "generate")]), outcome)

    return await settle(desk.store, origin, decide, answer)
