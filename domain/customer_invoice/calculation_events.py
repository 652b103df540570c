"""Facts of a customer invoice's calculation: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal

from domain.customer_invoice.events import CustomerInvoiceFact
from domain.fact import Part
from domain.wire import Exact, ExactProduct, ExactResult

ItemKind = Literal[
    "price",
    "flat_fee",
    "minimum",
    "subscription",
    "fixed_price",
    "time_and_material",
    "correction",
    "usage",
    "negation",
]
MAX_ITEMS_A_FACT = 500


class ItemValue(Part):
    """One rule's result for one product, subscription and lateness; `amount` is rounded, once, here.

    `cost` is exact, in the invoice's currency; None: not known. `late_period` is the first day of the period that late
    purchases belong to. `exact` is the amount before rounding; None: the same. `lines_without_cost`: so many of its
    purchases have no known cost.
    """

    id: str
    kind: ItemKind
    product: str | None = None
    subscription: str | None = None
    late_period: date | None = None
    rule: str
    rule_version: int
    quantity: ExactProduct | None = None
    unit: str | None = None
    amount: Exact
    cost: ExactProduct | None = None
    lines: int = 0
    contract_line: str | None = None
    """Of a contract's invoice: the line that it bills; `rule` is the contract's number then, or what priced it."""
    cycle: date | None = None
    """The first day of the contract's cycle that it is for."""
    exact: ExactResult | None = None
    lines_without_cost: int = 0


class CalculationInput(Part):
    """A piece of reference data that the calculation used."""

    kind: str
    code: str
    version: int


class ItemsCalculated(CustomerInvoiceFact):
    """Items and inputs that did not fit into `calculated`, which follows in the same transaction."""

    type: ClassVar[str] = "customer-invoice.items-calculated"
    calculation: int
    part: int
    of: int
    items: tuple[ItemValue, ...]
    inputs: tuple[CalculationInput, ...] = ()


class Calculated(CustomerInvoiceFact):
    """The invoice was calculated: it is `open`, unless a batch after `through` is in.

    `through` is the version of the invoice's own stream up to which its purchases were seen; `reference_position` the
    position up to which reference data was. Re-running it with both gives the same bytes, whose SHA-256 is `digest`.
    """

    type: ClassVar[str] = "customer-invoice.calculated"
    calculation: int
    through: int
    reference_position: int
    currency: str
    items: tuple[ItemValue, ...]
    """The last 500 at most; those before ride in `items-calculated`."""
    item_count: int
    revenue_total: Exact
    cost_total: Exact
    inputs: tuple[CalculationInput, ...]
    digest: str
    tax: Literal["not_computed"] = "not_computed"


class CalculationFailed(CustomerInvoiceFact):
    """It can't be calculated: `code` and `message` say why, `product` and `rule` of what; `tries` of this failure."""

    type: ClassVar[str] = "customer-invoice.calculation-failed"
    calculation: int
    through: int
    reference_position: int
    code: str
    message: str
    product: str | None = None
    rule: str | None = None
    tries: int = 1
