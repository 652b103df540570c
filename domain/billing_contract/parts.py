"""What a contract and its lines agree on, as facts hold it: a storage format, frozen once published."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.billing_contract.cycles import Frequency
from domain.billing_contract.schedule import DEFAULT_CUT_OFF, DEFAULT_OFFSET
from domain.billing_contract.subscription import RefundPolicy
from domain.billing_contract.time_and_material import TransactionClass
from domain.fact import Part
from domain.wire import Exact

Task = Literal["send", "sync", "charge"]
Approving = Literal["manual", "automatic"]
LineKind = Literal["subscription", "usage", "fixed_price", "time_and_material"]


class CustomerShare(Part):
    """A customer and its part, in percent."""

    customer: str
    customer_id: UUID
    percent: Exact


class Terms(Part):
    """What holds for the whole contract. `ends`: the first day that is not billed; None: no end."""

    name: str
    customers: tuple[CustomerShare, ...]
    currency: str
    starts: date
    ends: date | None = None
    frequency: Frequency
    offset: int = DEFAULT_OFFSET
    refund_policy: RefundPolicy = "prorated"
    tasks: tuple[Task, ...] = ()
    approval: Approving = "manual"
    time_zone: str


class MilestoneTerms(Part):
    """An amount agreed for something done by a day."""

    name: str
    day: date
    amount: Exact
    ready: bool = False


class SubscriptionTerms(Part):
    """So many of something at a price per cycle; what is None is the contract's.

    `subscription` (the provider's reference) or `product` say which licences give it its cost.
    """

    kind: Literal["subscription"] = "subscription"
    product: str | None = None
    subscription: str | None = None
    quantity: Exact
    price: Exact
    frequency: Frequency | None = None
    refund_policy: RefundPolicy | None = None


class UsageTerms(Part):
    """Usage that the line takes, by what it names; `wait_for_providers`: days that its entries may be held."""

    kind: Literal["usage"] = "usage"
    everything: bool = False
    subscriptions: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    wait_for_providers: int | None = None
    frequency: Frequency | None = None


class FixedPriceTerms(Part):
    """Milestones; at least one."""

    kind: Literal["fixed_price"] = "fixed_price"
    milestones: tuple[MilestoneTerms, ...]


class TimeAndMaterialTerms(Part):
    """Transactions of these classes, billed on the dates of a recurrence rule (in normal form) from `first_run` on."""

    kind: Literal["time_and_material"] = "time_and_material"
    classes: tuple[TransactionClass, ...]
    rule: str
    first_run: date
    cut_off_days: int = DEFAULT_CUT_OFF


LineTerms = Annotated[
    SubscriptionTerms | UsageTerms | FixedPriceTerms | TimeAndMaterialTerms, Field(discriminator="kind")
]
"""A line by its kind."""
