"""A customer invoice's present state, folded from its facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.customer_invoice import approval_events as a
from domain.customer_invoice import calculation_events as c
from domain.customer_invoice import events as e
from domain.customer_invoice import task_events as t
from domain.customer_invoice import task_state
from domain.customer_invoice.holdings import Aside, Batch, Holding, PostedHolding, offered, posted
from domain.fact import Fact
from domain.money import add
from domain.rejected import Rejected

Status = Literal["pending", "open", "approving", "approved", "closed", "error", "deleted"]
FINAL: frozenset[Status] = frozenset({"approved", "closed"})
LOCKED_OR_FINAL: frozenset[Status] = frozenset({"approving", "approved", "closed"})


@dataclass(frozen=True, slots=True)
class Approval:
    """A running approval: the process as at the request, the step it is at (from 1), who approved what."""

    process: str
    process_version: int
    steps: tuple[a.ApprovalStep, ...]
    four_eyes: bool
    requested_by: str
    snapshot: a.CustomerSnapshot
    step: int = 1
    approvers: tuple[str, ...] = ()
    """Of the present step, so far."""
    steps_done: tuple[tuple[str, ...], ...] = ()
    """Who approved each step before."""

    @property
    def earlier(self) -> tuple[str, ...]:
        """Who approved a step before the present one."""
        return tuple(person for approvers in self.steps_done for person in approvers)


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """The present state. `holdings` are by the id of the usage offer, `posted` by that of the batch.

    `version` counts the facts, as the stream does; `last_batch` is the version of the last one that added or removed
    purchases. `calculation`: the last one that succeeded, with `items` whole; `failure`: set while in `error`.
    """

    customer: str
    reference: str
    currency: str
    invoice_type: e.InvoiceType
    invoice_date: date
    period_from: date
    period_to: date
    status: Status = "pending"
    holdings: Mapping[UUID, Holding] = field(default_factory=dict)
    posted: Mapping[UUID, PostedHolding] = field(default_factory=dict)
    version: int = 0
    last_batch: int = 0
    calculations: int = 0
    calculation: c.Calculated | None = None
    items: tuple[c.ItemValue, ...] = ()
    failure: c.CalculationFailed | None = None
    last_failure: c.CalculationFailed | None = None
    """The last failure since it was last calculated with success: what tries are counted by."""
    approval: Approval | None = None
    approved: a.Approved | None = None
    closed: e.CustomerInvoiceClosed | None = None
    comments: int = 0
    tasks: Mapping[t.TaskName, task_state.Task] = field(default_factory=dict)
    """Post-invoicing tasks that were armed, by name."""
    contract: e.ContractSource | None = None
    """Of a contract's invoice; with the items, and the version, of the last time that they were recomputed."""
    billed_version: int = 0
    """Of the contract, when it was billed: as milestones and transactions are split, which are taken once."""
    superseded: e.CustomerInvoiceSuperseded | None = None
    """Which newer invoice has taken over what it held; `status`, items and totals are as they were then."""
    aside: Aside | None = None
    """What it held then."""
    parts: tuple[c.ItemValue, ...] = ()
    """Items of a calculation whose last part is still to come."""

    @property
    def lines(self) -> int:
        """How many purchases it holds."""
        return sum(h.lines for h in self.holdings.values()) + sum(h.lines for h in self.posted.values())

    @property
    def cost(self) -> Decimal:
        """Their exact cost, as far as it is in the invoice's currency."""
        offered_cost = (h.cost for h in self.holdings.values() if h.currency == self.currency)
        return add(*offered_cost, *(h.cost for h in self.posted.values() if h.currency == self.currency))

    @property
    def costs(self) -> Mapping[str, Decimal]:
        """Their exact cost in each currency, by its code."""
        found: dict[str, Decimal] = {}
        all_: list[Holding | PostedHolding] = [*self.holdings.values(), *self.posted.values()]
        for held in all_:
            found[held.currency] = add(found.get(held.currency, Decimal(0)), held.cost)
        return dict(sorted(found.items()))

    @property
    def stale(self) -> bool:
        """Whether something changed since the totals shown were calculated."""
        return self.status == "pending"


def evolve(state: CustomerInvoice | None, fact: Fact) -> CustomerInvoice | None:
    """The state after a fact."""
    if isinstance(fact, e.CustomerInvoiceCreated):
        return _created(state, fact)
    if state is None:
        return None
    version = state.version + 1
    match fact:
        case e.PurchasesAdded() | e.PurchasesRemoved():
            return _moved(state, fact, version)
        case e.CustomerInvoiceChanged():
            return replace(state, version=version, status="pending", failure=None)
        case c.ItemsCalculated() | c.Calculated() | c.CalculationFailed():
            return _calculated(state, fact, version)
    state = replace(state, version=version)
    match fact:
        case e.CustomerInvoiceSuperseded() | e.CustomerInvoiceRestored() | e.ContractItemsRecomputed():
            return _replaced(state, fact)
        case e.CustomerInvoiceCommented():
            return replace(state, comments=fact.number)
        case _:
            return _decided(state, fact)


def fold(facts: Iterable[Fact]) -> CustomerInvoice | None:
    """The state after all facts."""
    state: CustomerInvoice | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def expect_open_to_change(invoice: CustomerInvoice) -> None:
    """Purchases come and go only while the invoice is neither locked nor final."""
    if invoice.status == "approving":
        raise Rejected(
            "invoice-locked", f"{invoice.reference} is in approval: withdraw the request first, or use adjust."
        )
    if invoice.status in LOCKED_OR_FINAL or invoice.status == "deleted":
        raise Rejected("invoice-final", f"{invoice.reference} is {invoice.status}: use adjust for a correction.")


def expect_in_place(invoice: CustomerInvoice) -> None:
    """Rejected `superseded`: a newer invoice has taken its place, so that it can only be closed or deleted."""
    by = invoice.superseded
    if by is not None and invoice.status not in (*FINAL, "deleted"):
        raise Rejected(
            "superseded",
            f"{by.by_reference} has taken the place of {invoice.reference}: close or delete this one, and work with "
            f"{by.by_reference}. Deleting {by.by_reference} gives back what it took over.",
            facts={"superseded_by": str(by.by), "reference": by.by_reference},
        )


def expect_changeable(invoice: CustomerInvoice) -> None:
    """It may change: neither locked nor final, and no newer one has taken its place."""
    expect_in_place(invoice)
    expect_open_to_change(invoice)


def _created(before: CustomerInvoice | None, fact: e.CustomerInvoiceCreated) -> CustomerInvoice:
    """It begins; one that was deleted begins anew in the same stream."""
    return CustomerInvoice(
        customer=fact.customer,
        reference=fact.reference,
        currency=fact.currency,
        invoice_type=fact.invoice_type,
        invoice_date=fact.invoice_date,
        period_from=fact.period_from,
        period_to=fact.period_to,
        version=(before.version if before else 0) + 1,
        calculations=before.calculations if before else 0,
        comments=before.comments if before else 0,
        contract=fact.contract,
        billed_version=0 if fact.contract is None else fact.contract.version,
    )


def _moved(state: CustomerInvoice, fact: Batch, version: int) -> CustomerInvoice:
    holdings, batches = state.holdings, state.posted
    if isinstance(fact.source, e.PostedSource):
        batches = posted(batches, fact.source, fact)
    else:
        holdings = offered(holdings, fact.source, fact)
    return replace(
        state,
        version=version,
        status="pending",
        last_batch=version,
        failure=None,
        holdings=holdings,
        posted=batches,
    )


def _replaced(
    state: CustomerInvoice,
    fact: e.CustomerInvoiceSuperseded | e.CustomerInvoiceRestored | e.ContractItemsRecomputed,
) -> CustomerInvoice:
    """A newer one takes its place, or gives it back; or its items are others."""
    if isinstance(fact, e.ContractItemsRecomputed):
        return _recomputed(state, fact)
    if isinstance(fact, e.CustomerInvoiceSuperseded):
        return replace(state, superseded=fact, aside=Aside(state.holdings, state.posted), holdings={}, posted={})
    return replace(state, superseded=None, aside=None, status="pending", failure=None, last_batch=state.version)


def _recomputed(state: CustomerInvoice, fact: e.ContractItemsRecomputed) -> CustomerInvoice:
    """`pending`, as when purchases come or go: a calculation that did not see it does not settle it."""
    source = state.contract
    if source is not None:
        source = source.model_copy(update={"version": fact.version, "items": fact.items})
    return replace(state, contract=source, status="pending", failure=None, last_batch=state.version)


def _calculated(
    state: CustomerInvoice, fact: c.ItemsCalculated | c.Calculated | c.CalculationFailed, version: int
) -> CustomerInvoice:
    if isinstance(fact, c.ItemsCalculated):
        return replace(state, version=version, parts=(*state.parts, *fact.items))
    if isinstance(fact, c.CalculationFailed):
        number = fact.calculation
        return replace(
            state, version=version, status="error", failure=fact, last_failure=fact, parts=(), calculations=number
        )
    return replace(
        state,
        version=version,
        status="open" if fact.through >= state.last_batch else "pending",  # a later batch is not in these totals
        calculation=fact,
        items=(*state.parts, *fact.items),
        parts=(),
        failure=None,
        last_failure=None,
        calculations=fact.calculation,
    )


def _decided(state: CustomerInvoice, fact: Fact) -> CustomerInvoice:
    """What people decide: approval and its end."""
    match fact:
        case e.CustomerInvoiceClosed() | e.CustomerInvoiceDeleted():
            return _ended(state, fact)
        case a.ApprovalRequested():
            approval = Approval(
                process=fact.process,
                process_version=fact.process_version,
                steps=fact.steps,
                four_eyes=fact.four_eyes,
                requested_by=fact.requested_by,
                snapshot=fact.snapshot,
            )
            return replace(state, status="approving", approval=approval)
        case a.StepApproved() if state.approval is not None:
            return replace(state, approval=_stepped(state.approval, fact))
        case a.StepRejected() if state.approval is not None:
            return replace(state, approval=_rejected(state.approval, max(fact.to_step, 1)))
        case a.Reopened():
            return replace(state, status="pending", approval=None)
        case a.Approved():
            return replace(state, status="approved", approved=fact)
        case t.TaskFact():
            return replace(state, tasks=task_state.after(state.tasks, fact))
        case _:
            return state


def _ended(state: CustomerInvoice, fact: e.CustomerInvoiceClosed | e.CustomerInvoiceDeleted) -> CustomerInvoice:
    state = replace(state, aside=None, tasks=task_state.disarmed(state.tasks))
    if isinstance(fact, e.CustomerInvoiceClosed):
        return replace(state, status="closed", closed=fact, approval=None)
    return replace(state, status="deleted", holdings={}, posted={})


def _stepped(approval: Approval, fact: a.StepApproved) -> Approval:
    approvers = (*approval.approvers, fact.approver)
    if not fact.complete:
        return replace(approval, approvers=approvers)
    return replace(approval, step=approval.step + 1, approvers=(), steps_done=(*approval.steps_done, approvers))


def _rejected(approval: Approval, to_step: int) -> Approval:
    """Back at a step that was approved: its approvals count no more, those before it do."""
    return replace(approval, step=to_step, approvers=(), steps_done=approval.steps_done[: to_step - 1])
