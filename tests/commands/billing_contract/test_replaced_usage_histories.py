"""Usage of a contract in random histories of replacements: in every state each line and purchase is in one place."""

import random

import pytest
import pytest_asyncio

from commands.billing_contract.generate import generate
from commands.customer_invoice.delete import delete
from commands.ports.purchases import PurchaseQuery
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.purchases.cancel import cancel
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.agreements import d
from tests.support.calculating import calculate_all
from tests.support.counter import Counter
from tests.support.customer_invoices import closed
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.replacing import Billed

STEPS = 12
ALLOWED = {
    "superseded", "cycle-invoiced", "nothing-to-bill", "no-difference", "invoice-final", "lines-not-invoiced",
    "lines-not-released", "invoice-pending",
}  # fmt: skip


class Story(Billed):
    """What happens, drawn from a seed."""

    def draw(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.made = [self.old.id]
        self.keys = 0

    async def tell(self) -> None:
        """One more thing happens."""
        happens = [self.post, self.cancelled, self.taken_off, self.offered, self.deleted, self.ended, self.followed]
        step = self.random.choice([self.anew, self.anew, self.anew, *happens])
        try:
            await step()
        except Rejected as no:
            if no.code not in ALLOWED:
                raise

    async def anew(self) -> None:
        cycle = self.random.choice(["2026-02-01", "2026-02-01", "2026-03-01"])
        done = await generate(self.agreed.billing, origin(), self.contract, d(cycle), replace=True)
        self.made += [one.id for one in done.outcome.invoices]

    async def post(self) -> None:
        self.keys += 1
        month = self.random.choice(["02", "03"])
        await self.counter.post({"key": f"n{self.keys}", "time": f"2026-{month}-03T12:00:00Z"})

    async def cancelled(self) -> None:
        there = await self.shop.billing.purchases.page(PurchaseQuery(customer="C1"), before=None, limit=100)
        await cancel(self.shop.billing, origin(), self.random.choice(there).purchase.id, "wrong")

    async def taken_off(self) -> None:
        number = self.random.choice([1, 2])
        lines = [LineRange(first=number, last=number)]
        states = {one: await self.counter.state(one) for one in self.made}
        of = next((one for one, state in states.items() if state is not None and state.holdings), self.made[0])
        await release(self.shop.desk, origin(), self.usage, customer_invoice=of, lines=lines, reason="wrong")

    async def offered(self) -> None:
        await reoffer(self.shop.desk, origin(), self.usage, reason="right")

    async def deleted(self) -> None:
        await delete(self.invoicing, origin(), self.random.choice(self.made), "wrong")

    async def ended(self) -> None:
        invoice = self.random.choice(self.made)
        state = await self.counter.state(invoice)
        if state is not None and state.status in ("open", "error"):
            await closed(self.shop.desk.store, invoice)

    async def followed(self) -> None:
        await self.follow()
        await calculate_all(self.counter)


@pytest_asyncio.fixture
async def story(agreed, database):
    store, pool = agreed.shop.desk.store, agreed.shop.pool
    async with open_invoicing(store, pool, database, invoices=agreed.shop.desk) as invoicing:
        story = Story(agreed, Counter(agreed.shop), invoicing)
        await story.begin()
        yield story


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_or_billed_twice(story, seed):
    story.draw(seed)
    for _ in range(STEPS):
        await story.tell()
        assert await story.findings() == []
