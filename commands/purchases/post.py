"""Accept purchases: each gets its own result, and a bad one refuses no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.purchases import Place, PlaceState, Purchase
from commands.ports.reference import Present, PresentCustomer
from commands.purchases.new import NewPurchase
from commands.purchases.placing import Wanted, as_place, load_places
from domain.identity import purchase_id
from domain.purchases.placing import CONTRACT_CYCLE
from domain.reference.bodies import ProductBody
from domain.rejected import Rejected

AT_ONCE = 5_000
"""Purchases accepted in one transaction."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one purchase of a request. `code` and `message` say why it was not accepted."""

    key: str | None
    outcome: Literal["accepted", "duplicate", "conflict", "rejected"]
    id: UUID | None = None
    state: PlaceState | None = None
    invoice: UUID | None = None
    schedule_entry: UUID | None = None
    """Of a contract's schedule: the purchase waits until that is billed."""
    code: str | None = None
    message: str | None = None


async def post_purchases(
    desk: BillingDesk, new: Sequence[NewPurchase], *, now: datetime, actor: str
) -> Sequence[Result]:
    """At most AT_ONCE purchases, accepted in one transaction; the results are in their order."""
    customers = await desk.reference.customers(sorted({n.customer for n in new}))
    products = await desk.reference.products(sorted({n.product for n in new}))
    corrected = [purchase_id(n.customer, n.corrects) for n in new if n.corrects is not None]
    known = set(await desk.purchases.find(corrected)) if corrected else set()
    known |= {purchase_id(n.customer, n.key) for n in new}
    results: list[Result | None] = [_refused(n, customers, products, known) for n in new]
    good = [(i, n) for i, n in enumerate(new) if results[i] is None]
    wanted = {i: _wanted(n, customers[n.customer], products[n.product]) for i, n in good}
    places = await load_places(desk, wanted.values(), customers)
    accepted: list[tuple[int, Purchase, Place]] = []
    for i, one in good:
        try:
            place = as_place(places.of(wanted[i]))
        except Rejected as error:
            results[i] = Result(one.key, "rejected", code=error.code, message=error.detail)
            continue
        accepted.append((i, _purchase(one, wanted[i], customers[one.customer]), place))
    outcomes = await desk.purchases.accept([(p, place) for _, p, place in accepted], at=now, actor=actor)
    for (i, purchase, place), outcome in zip(accepted, outcomes, strict=True):
        results[i] = _told(purchase, place, outcome)
    return [r for r in results if r is not None]


def _refused(
    new: NewPurchase,
    customers: Mapping[str, PresentCustomer],
    products: Mapping[str, Present[ProductBody]],
    known: set[UUID],
) -> Result | None:
    customer, product = customers.get(new.customer), products.get(new.product)
    if customer is None or not customer.in_force:
        return _rejected(new, "unknown-customer", f"There is no customer {new.customer[:64]}: create it first.")
    if product is None or not product.in_force:
        return _rejected(new, "unknown-product", f"There is no product {new.product[:64]}: create it first.")
    if new.corrects is not None and purchase_id(new.customer, new.corrects) not in known:
        return _rejected(new, "unknown-purchase", f"{new.customer} has no purchase {new.corrects[:64]} to correct.")
    return None


def _rejected(new: NewPurchase, code: str, message: str) -> Result:
    return Result(new.key, "rejected", code=code, message=message)


def _wanted(new: NewPurchase, customer: PresentCustomer, product: Present[ProductBody]) -> Wanted:
    day = _day(new, customer)
    return Wanted(new.customer, day, new.reference, new.product, product.body.category, new.subscription)


def _day(new: NewPurchase, customer: PresentCustomer) -> date:
    return new.time.astimezone(ZoneInfo(customer.time_zone)).date()


def _purchase(new: NewPurchase, wanted: Wanted, customer: PresentCustomer) -> Purchase:
    return Purchase(
        id=purchase_id(new.customer, new.key),
        key=new.key,
        customer=new.customer,
        product=new.product,
        quantity=new.quantity,
        day=wanted.day,
        occurred_at=new.time,
        digest=new.digest(),
        subscription=new.subscription,
        unit=new.unit,
        cost=new.cost,
        currency=None if new.cost is None else new.cost_currency or customer.currency,
        reference=new.reference,
        corrects=None if new.corrects is None else purchase_id(new.customer, new.corrects),
        attributes=new.attributes,
    )


def _told(purchase: Purchase, place: Place, outcome: Literal["accepted", "duplicate", "conflict"]) -> Result:
    match outcome:
        case "accepted":
            cycle = place.reason == CONTRACT_CYCLE
            invoice, entry = (None, place.destination) if cycle else (place.destination, None)
            return Result(purchase.key, outcome, purchase.id, place.state, invoice, entry)
        case "duplicate":
            return Result(purchase.key, outcome, purchase.id)
        case "conflict":
            message = f"{purchase.customer} has another purchase with the key {purchase.key[:64]}: give each its own."
            return Result(purchase.key, outcome, purchase.id, code="purchase-conflict", message=message)
