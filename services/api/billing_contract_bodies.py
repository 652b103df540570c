"""What callers write about billing contracts; the domain says what may stand in it."""

from typing import Annotated, Literal

from pydantic import Field

from commands.billing_contract.add_line import NewLine, WorkTerms
from domain.billing_contract.cycles import Frequency
from domain.billing_contract.parts import (
    Approving,
    FixedPriceTerms,
    LineTerms,
    MilestoneTerms,
    SubscriptionTerms,
    Task,
    UsageTerms,
)
from domain.billing_contract.schedule import DEFAULT_CUT_OFF, DEFAULT_OFFSET
from domain.billing_contract.shares import Share
from domain.billing_contract.subscription import RefundPolicy
from domain.billing_contract.time_and_material import Transaction, TransactionClass
from domain.reference.bodies import Zone
from services.api.fields import Amount, Currency, Day, Flag, ReasonText
from services.api.models import RequestBody

MAX_MANY = 1000
"""Transactions in one request."""
Code = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Many = Annotated[list[Code], Field(max_length=200)]
Days = Annotated[int, Field(strict=True)]


class CustomerPart(RequestBody):
    """A customer with its part in percent."""

    customer: Code
    percent: Amount

    def share(self) -> Share:
        """As the domain has it."""
        return Share(self.customer, self.percent)


Customers = Annotated[list[CustomerPart], Field(max_length=200)]
Tasks = Annotated[list[Task], Field(max_length=3)]


class NewBillingContract(RequestBody):
    """A contract; its number is its identity, so a repeat makes no second one. `to`: the first day not billed."""

    number: Code
    name: Name
    customers: Customers
    currency: Currency
    from_: Day = Field(alias="from")
    to: Day | None = None
    frequency: Frequency = "monthly"
    offset: Days = DEFAULT_OFFSET
    refund_policy: RefundPolicy = "prorated"
    post_invoicing_tasks: Tasks = Field(default_factory=list)
    approval: Approving = "manual"
    time_zone: Zone | None = None


class AmendedContract(RequestBody):
    """What changes; what is left out (or null) stays. `shares_from`: the day from which `customers` hold."""

    name: Name | None = None
    customers: Customers | None = None
    shares_from: Day | None = None
    currency: Currency | None = None
    from_: Day | None = Field(default=None, alias="from")
    frequency: Frequency | None = None
    offset: Days | None = None
    refund_policy: RefundPolicy | None = None
    post_invoicing_tasks: Tasks | None = None
    approval: Approving | None = None


class NewMilestone(RequestBody):
    """An amount agreed for something done by a day."""

    name: Name
    date: Day
    amount: Amount
    ready: Flag = False

    def terms(self) -> MilestoneTerms:
        """As facts hold it."""
        return MilestoneTerms(name=self.name, day=self.date, amount=self.amount, ready=self.ready)


class _NewLine(RequestBody):
    code: Code
    name: Name
    from_: Day | None = Field(default=None, alias="from", description="The contract's when left out")
    to: Day | None = Field(default=None, description="The first day that is not billed")

    def wanted(self) -> NewLine:
        """As the command has it."""
        return NewLine(self.code, self.name, self.from_, self.to, self.terms())

    def terms(self) -> LineTerms | WorkTerms:
        """By its kind."""
        raise NotImplementedError


class NewSubscriptionLine(_NewLine):
    """So many of something at a price per cycle. `product` and `subscription` (the provider's) say which licences it
    passes on.
    """

    kind: Literal["subscription"]
    product: Code | None = None
    subscription: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    quantity: Amount
    price: Amount
    frequency: Frequency | None = None
    refund_policy: RefundPolicy | None = None

    def terms(self) -> LineTerms:
        """By its kind."""
        return SubscriptionTerms(
            product=self.product,
            subscription=self.subscription,
            quantity=self.quantity,
            price=self.price,
            frequency=self.frequency,
            refund_policy=self.refund_policy,
        )


class NewUsageLine(_NewLine):
    """Usage: everything, or what is named."""

    kind: Literal["usage"]
    everything: Flag = False
    subscriptions: Many = Field(default_factory=list)
    products: Many = Field(default_factory=list)
    categories: Many = Field(default_factory=list)
    wait_for_providers: Days | None = None
    frequency: Frequency | None = None

    def terms(self) -> LineTerms:
        """By its kind."""
        return UsageTerms(
            everything=self.everything,
            subscriptions=tuple(self.subscriptions),
            products=tuple(self.products),
            categories=tuple(self.categories),
            wait_for_providers=self.wait_for_providers,
            frequency=self.frequency,
        )


class NewFixedPriceLine(_NewLine):
    """Milestones."""

    kind: Literal["fixed_price"]
    milestones: Annotated[list[NewMilestone], Field(max_length=1000)] = Field(default_factory=list)

    def terms(self) -> LineTerms:
        """By its kind."""
        return FixedPriceTerms(milestones=tuple(one.terms() for one in self.milestones))


class NewWorkLine(_NewLine):
    """Transactions of these classes, on the dates of a recurrence rule."""

    kind: Literal["time_and_material"]
    classes: Annotated[list[TransactionClass], Field(max_length=4)] = Field(default_factory=list)
    rule: Annotated[str, Field(min_length=1, max_length=1000, examples=["FREQ=MONTHLY;BYDAY=3WE"])]
    first_run: Day | None = None
    cut_off_days: Days = DEFAULT_CUT_OFF

    def terms(self) -> WorkTerms:
        """By its kind."""
        return WorkTerms(tuple(self.classes), self.rule, self.first_run, self.cut_off_days)


NewContractLine = Annotated[
    NewSubscriptionLine | NewUsageLine | NewFixedPriceLine | NewWorkLine, Field(discriminator="kind")
]


class NewQuantity(RequestBody):
    """Another quantity from a day on; that day has it already."""

    from_: Day = Field(alias="from")
    quantity: Amount


class NewPrice(RequestBody):
    """Another price from a day on."""

    from_: Day = Field(alias="from")
    price: Amount


class End(RequestBody):
    """The first day that is not billed."""

    to: Day


class Why(RequestBody):
    """What undoes something says why."""

    reason: ReasonText


class Marked(RequestBody):
    """A milestone or a transaction of a line."""

    line: Code
    milestone: Name | None = None
    transaction: Code | None = None


class NewTransaction(RequestBody):
    """Work, an expense, material or a fee; its id is unique in the line. `cost`: of all of it, in the currency."""

    id: Code
    date: Day
    class_: TransactionClass = Field(alias="class")
    quantity: Amount
    price: Amount
    cost: Amount | None = None
    customer: Code | None = None
    ready: Flag = False

    def transaction(self) -> Transaction:
        """As the domain has it."""
        return Transaction(
            self.id, self.date, self.class_, self.quantity, self.price, self.cost, self.customer, self.ready
        )
