"""A contract with usage whose February is billed, and billed anew: what is on which invoice, and what `verify` says."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.calculation import StoredPastReference
from adapters.purchases import StoredPurchases
from adapters.verifying import StoredContracts, StoredPlaces
from commands.billing_contract.generate import generate
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.calculate import calculate_now
from commands.customer_invoice.delete import delete
from commands.customer_invoice.desk import InvoicingDesk
from commands.customer_invoice.rerun import run_all_again
from commands.customer_invoice.verify_holdings import holdings_check
from commands.ports.invoice_runs import MadeInvoice
from commands.ports.purchases import Place
from commands.provider_invoice.usage import leak_check
from commands.purchases.follow_contracts import follow_contracts
from commands.purchases.verify import purchase_check
from domain.billing_contract.parts import UsageTerms
from domain.customer_invoice.state import CustomerInvoice
from tests.support.agreements import Agreements, d, seats
from tests.support.counter import Counter
from tests.support.origins import origin
from tests.support.shop import Shop, line

EVERYTHING = {"seats": seats(), "usage": UsageTerms(everything=True)}

PRICE = {"code": "R1", "name": "R1", "product": "P1", "currency": "EUR"}
"""Of the rule for P1, at 2.50."""


@dataclass(slots=True)
class Billed:
    """A contract whose February is billed with two lines of a provider invoice and two posted purchases."""

    agreed: Agreements
    counter: Counter
    invoicing: InvoicingDesk
    contract: UUID = field(init=False)
    usage: UUID = field(init=False)
    posted: tuple[UUID, UUID] = field(init=False)
    old: MadeInvoice = field(init=False)

    @property
    def shop(self) -> Shop:
        """Where all of it is."""
        return self.agreed.shop

    async def begin(self) -> None:
        """January is billed without usage, February with it: 31.00 for seats, 40.00 for 16 of P1."""
        await self.shop.save("pricing-rule", **PRICE, price={"family": "per_unit", "unit_price": "2.5"})
        self.contract = await self.agreed.signed(lines=EVERYTHING)
        await self.generate("2026-01-01")
        await self.counter.settle()
        self.usage = await self.shop.active([line("4", quantity="2"), line("8", quantity="3"), line("1", "c-2")])
        first, second = await self.counter.post({"key": "a", "quantity": "10"}, {"key": "b", "cost": "1"})
        self.posted = (first.id, second.id)
        await self.counter.settle()
        self.old = await self.generate()

    async def generate(self, cycle: str = "2026-02-01", **more: Any) -> MadeInvoice:
        """The invoice of a cycle."""
        done = await generate(self.agreed.billing, origin(), self.contract, d(cycle), **more)
        (made,) = done.outcome.invoices
        return made

    async def replaced(self) -> MadeInvoice:
        """The newer invoice of February."""
        return await self.generate(replace=True)

    async def state(self, made: MadeInvoice) -> CustomerInvoice:
        """As it is now."""
        found = await self.counter.state(made.id)
        assert found is not None
        return found

    async def delete(self, made: MadeInvoice) -> None:
        """It is deleted, and what that frees goes where it goes."""
        await delete(self.invoicing, origin(), made.id, "wrong")
        await self.follow()

    async def follow(self) -> None:
        """Let what follows from changes of contracts happen."""
        await self.counter.settle()
        await follow_contracts(self.shop.billing, await self.shop.billing.contracts.changed_since(0, 1000))
        await self.counter.settle()

    async def calculated(self, made: MadeInvoice) -> CustomerInvoice:
        """Calculated, as a worker does it."""
        return await calculate_now(self.agreed.billing.calculation, origin(), made.id)

    async def places(self) -> set[tuple[str, UUID | None]]:
        """Where the posted purchases are."""
        places: list[Place] = [(await self.counter.purchase(key)).place for key in ("a", "b")]
        return {(place.state, place.destination) for place in places}

    async def findings(self) -> list[object]:
        """What `verify` would say."""
        store, pool = self.shop.desk.store, self.shop.pool
        pages = [page async for page in holdings_check(store, StoredPlaces(pool))]
        held = [finding for page in pages for finding in (*page.places, *page.offers)]
        rows = [finding async for finding in purchase_check(self.shop.billing) if finding]
        leaks = [one.leaks async for one in leak_check(self.shop.desk) if one.leaks]
        ledger = [f async for page in ledger_check(self.agreed.billing, StoredContracts(pool)) for f in page.findings]
        past = StoredPastReference(pool, self.shop.billing.reference)
        again = run_all_again(self.agreed.billing.calculation, past, StoredPurchases(pool))
        unlike = [one.why or one.now async for some in again for one in some if one.possible and not one.sound]
        return [*held, *rows, *leaks, *ledger, *unlike]
