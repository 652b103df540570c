"""What the verbs of a customer invoice are given, and the frame of all of them: load, fold, decide, append."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.pricing import CalculationDesk
from commands.customer_invoice.rules import Rulebook, Setting
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.contract_ledger import ContractLedger
from commands.ports.event_store import Answer, EventStore, History, Rows, Save, Write
from commands.ports.licences import Licences
from commands.ports.numbering import InvoiceNumbers
from commands.provider_invoice.desk import InvoiceDesk
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.fact import Fact
from domain.identity import Stream
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class InvoicingDesk:
    """The billing desk, the numbers, the rules in force, what calculating works with, the ledger of contracts, what
    licences cost, and the provider invoices (None: where no contract's invoice has lines of theirs).
    """

    billing: BillingDesk
    numbers: InvoiceNumbers
    rulebook: Rulebook
    calculation: CalculationDesk
    ledger: ContractLedger
    licences: Licences
    invoices: InvoiceDesk | None = None

    @property
    def store(self) -> EventStore:
        """The record."""
        return self.billing.store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a customer invoice; `version` is its stream's, `setting` what counts for it now."""

    id: UUID
    version: int
    state: CustomerInvoice
    setting: Setting
    changed: bool = True


Answering: TypeAlias = "Callable[[Outcome], Answer | None] | None"
"""How the edge renders the outcome for its idempotency key; None when there is no key."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An invoice as it is, with what counts for it.

    `first` are facts, and `rows` what belongs to them, that are stored with what is decided: `state` is after them.
    """

    history: History
    state: CustomerInvoice
    setting: Setting
    first: tuple[Fact, ...] = ()
    rows: tuple[Rows, ...] = ()

    def after(self, facts: Sequence[Fact]) -> Outcome:
        """What it is once these are stored."""
        state = self.state
        for fact in facts:
            state = evolve(state, fact) or state
        version = self.history.version + len(self.first) + len(facts)
        return Outcome(self.history.stream.id, version, state, self.setting, bool(facts))

    def save(self, origin: Origin, facts: Sequence[Fact], rows: Sequence[Rows] = ()) -> Save:
        """What stores these facts, behind those that come first."""
        return Save(origin, (Write(self.history, (*self.first, *facts)),), rows=(*self.rows, *rows))


Deciding: TypeAlias = "Callable[[Loaded], Sequence[Fact]]"


async def load(desk: InvoicingDesk, origin: Origin, invoice: UUID) -> Loaded:
    """Rejected `customer-invoice-missing`."""
    history = await desk.store.load(Stream("customer-invoice", invoice))
    state = there(invoice, fold(history.facts))
    settings = await desk.rulebook.settings([state.customer], origin.now, origin.zone)
    return Loaded(history, state, settings[state.customer])


def there(invoice: UUID, state: CustomerInvoice | None) -> CustomerInvoice:
    """Rejected `customer-invoice-missing`."""
    if state is None:
        raise Rejected("customer-invoice-missing", f"There is no customer invoice {invoice}.", kind="missing")
    return state


async def change(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    deciding: Deciding,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """One verb on one invoice; `expected` is the caller's version, `rows` ride with the facts if there are any."""

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        facts = tuple(deciding(loaded))
        save = Save(origin=origin, writes=(Write(loaded.history, facts),), rows=tuple(rows)) if facts else None
        return Decided(save, loaded.after(facts))

    return await settle(desk.store, origin, decide, answer)
