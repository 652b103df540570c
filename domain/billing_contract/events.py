"""Facts of a billing contract: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar

from domain.billing_contract.parts import LineTerms, MilestoneTerms, Terms
from domain.billing_contract.time_and_material import TransactionClass
from domain.fact import Fact
from domain.wire import Exact


class BillingContractFact(Fact):
    """The contract's number rides in every fact."""

    contract: str


class ContractSigned(BillingContractFact):
    """A contract is in force. `recorded_on`: the day in its zone; what was due before is billed on request only."""

    type: ClassVar[str] = "billing-contract.signed"
    terms: Terms
    recorded_on: date


class ContractAmended(BillingContractFact):
    """Terms changed. `shares_from`: the customers' shares hold from that day on; None: they are as they were, or new
    from the start.
    """

    type: ClassVar[str] = "billing-contract.amended"
    terms: Terms
    before: Terms
    shares_from: date | None = None


class LineAdded(BillingContractFact):
    """A line began. `ends`: the first day that is not billed; None: the contract's."""

    type: ClassVar[str] = "billing-contract.line-added"
    line: str
    name: str
    starts: date
    ends: date | None = None
    terms: LineTerms


class LineEnded(BillingContractFact):
    """A line is not billed from `ends` on; an end set before may be moved."""

    type: ClassVar[str] = "billing-contract.line-ended"
    line: str
    ends: date
    before: date | None = None


class QuantityChanged(BillingContractFact):
    """A subscription's quantity from a day on."""

    type: ClassVar[str] = "billing-contract.quantity-changed"
    line: str
    day: date
    quantity: Exact


class PriceChanged(BillingContractFact):
    """A subscription's price from a day on."""

    type: ClassVar[str] = "billing-contract.price-changed"
    line: str
    day: date
    price: Exact


class MilestoneAdded(BillingContractFact):
    """A fixed-price line got one more milestone."""

    type: ClassVar[str] = "billing-contract.milestone-added"
    line: str
    milestone: MilestoneTerms


class TransactionRecorded(BillingContractFact):
    """Work, an expense, material or a fee; on the stream of its line and year."""

    type: ClassVar[str] = "billing-contract.transaction-recorded"
    line: str
    transaction: str
    day: date
    transaction_class: TransactionClass
    quantity: Exact
    price: Exact
    cost: Exact | None = None
    currency: str
    customer: str | None = None
    ready: bool = False


class TransactionCancelled(BillingContractFact):
    """A transaction will not be billed."""

    type: ClassVar[str] = "billing-contract.transaction-cancelled"
    line: str
    transaction: str
    reason: str


class MarkedReady(BillingContractFact):
    """A milestone (on the contract's stream) or a transaction (on its own) is ready to invoice."""

    type: ClassVar[str] = "billing-contract.marked-ready"
    line: str
    milestone: str | None = None
    transaction: str | None = None


class UnmarkedReady(BillingContractFact):
    """It is not ready after all."""

    type: ClassVar[str] = "billing-contract.unmarked-ready"
    line: str
    milestone: str | None = None
    transaction: str | None = None


class ContractEnded(BillingContractFact):
    """The contract is not billed from `ends` on; an end set before may be moved."""

    type: ClassVar[str] = "billing-contract.ended"
    ends: date
    before: date | None = None
