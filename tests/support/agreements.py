"""Contracts on a shop's database: signed, billed and looked at, in few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from adapters.calculation import StoredSums
from adapters.contracts import StoredLedger
from adapters.licences import StoredLicences
from adapters.previews import StoredPreviews
from commands.billing_contract.add_line import NewLine, WorkTerms, add_line
from commands.billing_contract.bill import bill_many
from commands.billing_contract.billing_desk import Asked, Billed, ContractBilling
from commands.billing_contract.desk import ContractDesk, change, load
from commands.billing_contract.plan import entry_states
from commands.billing_contract.record_transactions import record_transactions
from commands.billing_contract.sign import NewContract, sign
from commands.customer_invoice.pricing import CalculationDesk
from domain.billing_contract.entry import EntryState
from domain.billing_contract.parts import FixedPriceTerms, LineTerms, MilestoneTerms, SubscriptionTerms
from domain.billing_contract.shares import Share
from domain.billing_contract.time_and_material import Transaction
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream
from tests.support.counter import Counter
from tests.support.origins import origin
from tests.support.shop import Shop

STARTS = date(2026, 1, 1)
WORK = WorkTerms(("time", "expense"), "FREQ=MONTHLY;BYDAY=3WE", None, 1)


def d(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)


def seats(quantity: str = "10", price: str = "3.1", **more: Any) -> SubscriptionTerms:
    """A subscription."""
    return SubscriptionTerms(quantity=Decimal(quantity), price=Decimal(price), **more)


def build(*milestones: tuple[str, str, str, bool]) -> FixedPriceTerms:
    """A fixed price by milestones: name, day, amount, ready."""
    return FixedPriceTerms(
        milestones=tuple(
            MilestoneTerms(name=name, day=d(day), amount=Decimal(amount), ready=ready)
            for name, day, amount, ready in milestones
        )
    )


def hours(id_: str, day: str, quantity: str = "1", price: str = "90", **more: Any) -> Transaction:
    """A transaction that is ready."""
    return Transaction(id_, d(day), "time", Decimal(quantity), Decimal(price), ready=True, **more)


@dataclass(slots=True)
class Agreements:
    """What is agreed with the customers of a shop, and billed."""

    shop: Shop
    desk: ContractDesk = field(init=False)
    billing: ContractBilling = field(init=False)

    def __post_init__(self) -> None:
        store, reference = self.shop.desk.store, self.shop.billing.reference
        ledger = StoredLedger(self.shop.pool)
        self.desk = ContractDesk(store, reference, ledger)
        self.billing = ContractBilling(
            CalculationDesk(store, StoredSums(self.shop.pool), reference),
            ledger,
            Counter(self.shop).router,
            StoredLicences(self.shop.pool),
            StoredPreviews(self.shop.pool),
        )

    async def signed(
        self,
        number: str = "K-1",
        lines: Mapping[str, LineTerms | WorkTerms] | None = None,
        customers: Sequence[tuple[str, str]] = (("C1", "100"),),
        **more: Any,
    ) -> UUID:
        """A monthly contract from January 2026 on, recorded before that, with its lines."""
        usual = {"name": number, "currency": "EUR", "starts": STARTS, "ends": None, "frequency": "monthly", "offset": 2}
        rest = {"refund_policy": "prorated", "tasks": (), "approval": "manual", "time_zone": "UTC"}
        shares = [Share(customer, Decimal(percent)) for customer, percent in customers]
        new = NewContract(**{**usual, **rest, "number": number, "customers": shares, **more})
        early = origin(datetime(2025, 12, 1, 8, tzinfo=UTC))
        contract = (await sign(self.desk, early, new)).outcome.id
        for code, terms in (lines or {}).items():
            await add_line(self.desk, early, contract, NewLine(code, code, None, None, terms))
        return contract

    async def change(self, contract: UUID, deciding: Any) -> None:
        """A change of it: what is decided on the contract."""
        await change(self.desk, origin(), contract, lambda known: deciding(known.contract))

    async def record(self, contract: UUID, line: str, *transactions: Transaction) -> None:
        """Transactions."""
        await record_transactions(self.desk, origin(), contract, line, transactions)

    async def run(self, day: str, *contracts: UUID, **more: Any) -> Sequence[Billed]:
        """The run of a day."""
        asked = [Asked(one, d(day), **more) for one in contracts]
        return await bill_many(self.billing, origin(), asked, cause="run")

    async def next_run(self, contract: UUID) -> date | None:
        """When it is due next."""
        return (await self.billing.ledger.due([contract]))[contract].next_run

    async def invoice(self, billed: Billed, customer: str = "C1") -> CustomerInvoice:
        """The invoice that a customer got."""
        (made,) = [one for one in billed.invoices if one.customer == customer]
        return await self.stored(made.id)

    async def stored(self, invoice: UUID) -> CustomerInvoice:
        """An invoice as it is."""
        state = fold((await self.shop.desk.store.load(Stream("customer-invoice", invoice))).facts)
        assert state is not None
        return state

    async def entries(self, contract: UUID) -> Mapping[UUID, EntryState]:
        """What happened to its entries."""
        return await entry_states(self.shop.desk.store, contract)

    async def contract(self, contract: UUID) -> Any:
        """As it is now."""
        return (await load(self.shop.desk.store, contract))[1]
