"""Purchases that wait are decided again when a contract that takes usage changed, or a cycle of it was billed."""

from collections.abc import Sequence

from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.purchases import PlaceState, PurchaseQuery
from commands.ports.usage_contracts import ContractChange
from commands.purchases.reroute import reroute, reroute_at

_LOOSE: Sequence[PlaceState] = ("waiting", "unrouted", "excluded")


async def follow_contracts(desk: BillingDesk, changes: Sequence[ContractChange]) -> int:
    """How many posted purchases have another place now. (Offers with usage are due again by themselves.)"""
    moved = 0
    for entry in dict.fromkeys(change.entry for change in changes if change.entry is not None):
        moved += await reroute_at(desk, entry, "waiting")
    changed = (change.customers for change in changes if change.entry is None)
    for customer in dict.fromkeys(code for customers in changed for code in customers):
        moved += await reroute(desk, PurchaseQuery(customer=customer, states=_LOOSE))
    return moved
