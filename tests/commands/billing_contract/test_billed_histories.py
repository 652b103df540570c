"""Whatever happens to a contract while it is billed: all that its live invoices bill is what a count by days comes to.

Changes are told for any day, also in cycles that are billed; invoices are deleted or recalculated between runs. At last
what is open is billed on request, and then each subscription, milestone and transaction is on live invoices once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.billing_contract.amend import amend
from commands.billing_contract.bill import bill_many
from commands.billing_contract.billing_desk import Asked
from commands.billing_contract.change_line import change_line, end, milestone, price, quantity
from commands.billing_contract.end import end as end_contract
from commands.billing_contract.mark_ready import mark_ready
from commands.billing_contract.record_transactions import record_transactions
from commands.customer_invoice.delete import delete
from commands.customer_invoice.desk import InvoicingDesk
from domain.billing_contract.parts import MilestoneTerms
from domain.billing_contract.shares import Share
from domain.billing_contract.subscription import Change, Subscription
from domain.billing_contract.time_and_material import Transaction
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.money import add, times
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import FREQUENCIES, D
from tests.domain.billing_contract.test_day_by_day import counted, cycles_of, to_the_cent
from tests.support.agreements import WORK, Agreements, build, seats
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing, recalculated
from tests.support.origins import origin
from tests.support.shop import open_shop

DAY = timedelta(days=1)
NUMBERS = count(1)
CUSTOMERS = ("C1", "C2", "C3")
starts = st.dates(date(2027, 11, 25), date(2028, 3, 31)) | st.sampled_from(
    [date(2027, 11, 30), date(2027, 12, 31), date(2028, 1, 28), date(2028, 1, 29), date(2028, 1, 30), date(2028, 1, 31)]
)
amounts = st.integers(1, 50_000).map(lambda cents: D(cents).scaleb(-2))
quantities = st.integers(0, 40).map(D)
prices = st.decimals(min_value=D("0.01"), max_value=D("99.99"), places=4)
HAPPENS = (
    "quantity", "quantity", "price", "share", "milestone", "ready_milestone", "work", "work", "delete", "line_ends_on",
    "contract_ends", "recalculate", "recalculate",
)  # fmt: skip


@dataclass(repr=False)
class Story:
    """One contract, and what the test knows of it by itself."""

    agreed: Agreements
    invoicing: InvoicingDesk
    draw: Callable[..., Any]
    contract: UUID = field(init=False)
    today: date = field(init=False)
    made: list[UUID] = field(default_factory=list)
    ended: date | None = None
    happens = HAPPENS

    async def begin(self) -> None:
        draw = self.draw
        self.starts, self.frequency = draw(starts), draw(st.sampled_from(FREQUENCIES))
        self.offset = draw(st.sampled_from([2, 0, -5, -40, 20]))
        self.policy = draw(st.sampled_from(["prorated", "none", "full"]))
        self.customers = CUSTOMERS[: draw(st.integers(1, 3))]
        self.shares = [(self.starts, self.drawn_shares())]
        self.quantities = [Change(self.starts, draw(quantities))]
        self.prices = [Change(self.starts, draw(prices))]
        self.line_ends: date | None = None
        self.milestones: dict[str, Decimal] = {"M0": draw(amounts)}
        self.ready: set[str] = set()
        self.worked: dict[str, Transaction] = {}
        self.horizon = self.starts + DAY * (70 if self.frequency == "weekly" else 400)
        self.today = self.starts - 50 * DAY
        self.contract = await self.agreed.signed(
            f"H-{next(NUMBERS)}",
            {
                "seats": seats(str(self.quantities[0].value), str(self.prices[0].value)),
                "work": WORK,
                "build": build(("M0", str(self.starts + 20 * DAY), str(self.milestones["M0"]), False)),
            },
            self.shares[0][1],
            starts=self.starts,
            frequency=self.frequency,
            offset=self.offset,
            refund_policy=self.policy,
        )

    def drawn_shares(self) -> tuple[tuple[str, str], ...]:
        parts = [self.draw(st.integers(1, 1000)) for _ in self.customers[1:]]
        parts = [D(part) / 100 * 3 for part in parts]
        return tuple(zip(self.customers, map(str, [100 - sum(parts), *parts]), strict=True))

    def origin(self) -> Any:
        return origin(datetime.combine(self.today, time(12), UTC))

    def day(self, latest: int = 300) -> date:
        """Any day from the start on."""
        return self.starts + DAY * self.draw(st.integers(0, 60 if self.frequency == "weekly" else latest))

    async def told(self, deciding: Any) -> bool:
        """A change; whether it holds."""
        with suppress(Rejected):
            await change_line(self.agreed.desk, self.origin(), self.contract, deciding)
            return True
        return False

    async def quantity(self) -> None:
        change = Change(self.day(), self.draw(quantities))
        if await self.told(quantity("seats", change.day, change.value)):
            self.quantities.append(change)

    async def price(self) -> None:
        change = Change(self.day(), self.draw(prices))
        if await self.told(price("seats", change.day, change.value)):
            self.prices.append(change)

    async def line_ends_on(self) -> None:
        ends = self.day() + DAY
        if await self.told(end("seats", ends)):
            self.line_ends = ends

    async def contract_ends(self) -> None:
        ends = self.day() + DAY
        with suppress(Rejected):
            await end_contract(self.agreed.desk, self.origin(), self.contract, ends)
            self.ended = ends

    async def share(self) -> None:
        day, shares = self.day(), self.drawn_shares()
        customers, desk = [Share(customer, D(percent)) for customer, percent in shares], self.agreed.desk
        if (await amend(desk, self.origin(), self.contract, {}, customers=customers, shares_from=day)).outcome.changed:
            self.shares.append((day, shares))

    async def milestone(self) -> None:
        name, amount = f"M{len(self.milestones)}", self.draw(amounts)
        if await self.told(milestone("build", MilestoneTerms(name=name, day=self.day(), amount=amount, ready=False))):
            self.milestones[name] = amount

    async def ready_milestone(self) -> None:
        name = self.draw(st.sampled_from(sorted(self.milestones)))
        if name not in self.ready:
            await mark_ready(self.agreed.desk, self.origin(), self.contract, "build", ready=True, milestone=name)
            self.ready.add(name)

    async def work(self) -> None:
        for _ in range(self.draw(st.integers(1, 4))):
            one = Transaction(
                id=f"T{len(self.worked)}", day=self.day(), kind=self.draw(st.sampled_from(["time", "expense"])),
                quantity=D(self.draw(st.integers(1, 9))), price=self.draw(amounts), ready=self.draw(st.booleans()),
                customer=self.draw(st.none() | st.sampled_from(self.customers)),
            )  # fmt: skip
            done = await record_transactions(self.agreed.desk, self.origin(), self.contract, "work", [one])
            if done.outcome.results[0].result == "recorded":
                self.worked[one.id] = one

    async def delete(self) -> None:
        if self.made:
            gone = self.made.pop(self.draw(st.integers(0, len(self.made) - 1)))
            await delete(self.invoicing, self.origin(), gone, "again")

    async def recalculate(self) -> None:
        if self.made:
            await recalculated(self.invoicing, self.origin(), self.draw(st.sampled_from(self.made)))

    async def run(self, **more: Any) -> bool:
        """The run of today; whether something was due."""
        asked = [Asked(self.contract, self.today, **more)]
        (billed,) = await bill_many(self.agreed.billing, self.origin(), asked, cause="run")
        assert billed.outcome in ("invoiced", "nothing_to_bill"), billed
        self.made += [one.id for one in billed.invoices]
        return billed.outcome == "invoiced"

    async def tell(self) -> None:
        """Things happen, and runs come in between; then what is open is billed."""
        while self.today < self.horizon:
            for happening in self.draw(st.lists(st.sampled_from(self.happens), max_size=4)):
                await getattr(self, happening)()
            self.today += DAY * self.draw(st.integers(1, 30 if self.frequency == "weekly" else 90))
            await self.run()
        last = MilestoneTerms(name="last", day=self.starts, amount=D("0.10"), ready=True)
        assert await self.told(milestone("build", last))  # corrections need an invoice to ride on
        self.milestones["last"] = last.amount
        self.ready.add("last")
        await self.run(overdue_from=self.starts - 500 * DAY)

    async def check(self) -> None:
        entries = await self.agreed.entries(self.contract)
        live = {one for entry in entries.values() for one in entry.live}
        assert live == set(self.made)
        by_cycle: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        others: dict[str, Decimal] = defaultdict(Decimal)
        for entry in entries.values():
            for part in entry.billed:
                if part.cycle is None:
                    others[part.line] = add(others[part.line], part.amount)
                else:
                    of = by_cycle[part.cycle]
                    of[part.customer] = add(of[part.customer], part.amount)
        cycles = {one.ref.first for one in entries.values() if one.ref.kind == "cycle" and one.status != "active"}
        self.check_seats(cycles, {cycle: {c: a for c, a in of.items() if a} for cycle, of in by_cycle.items()})
        taken = await self.check_work(entries)
        assert others["work"] == add(*(times(self.worked[id_].quantity, self.worked[id_].price) for id_ in taken), D(0))
        done = {entry.ref.name for entry in entries.values() if entry.ref.kind == "milestone" and entry.live}
        assert "last" in done <= self.ready
        assert others["build"] == add(*(self.milestones[str(name)] for name in done), D(0))
        await self.check_invoices(add(*(a for of in by_cycle.values() for a in of.values()), *others.values(), D(0)))

    def check_seats(self, done: set[date], billed: dict[date, dict[str, Decimal]]) -> None:
        """Each cycle that is done, by customer: its days, split by the shares of its first day; of others nothing."""
        ends = min((day for day in (self.line_ends, self.ended) if day is not None), default=None)
        line = Subscription(self.starts, tuple(self.quantities), tuple(self.prices), ends, self.policy)
        for first, after in cycles_of(self.starts, self.frequency, self.horizon + 100 * DAY):
            if first in done:
                whole = to_the_cent(counted(line, first, after))
                assert billed.pop(first, {}) == {c: a for c, a in self.split(whole, first).items() if a}
        assert not any(billed.values())

    def split(self, whole: Decimal, day: date) -> dict[str, Decimal]:
        """Largest remainder; ties to the first listed. Nothing here is negative."""
        shares = self.shares[max((since, n) for n, (since, _) in enumerate(self.shares) if since <= day)[1]][1]
        exact = {customer: Fraction(whole) * Fraction(percent) for customer, percent in shares}  # in cents
        cents = {customer: int(part) for customer, part in exact.items()}
        left = int(whole * 100) - sum(cents.values())
        for customer in sorted(exact, key=lambda c: cents[c] - exact[c])[:left]:
            cents[customer] += 1
        return {customer: D(part).scaleb(-2) for customer, part in cents.items()}

    async def check_work(self, entries: Any) -> set[str]:
        """Each on the live invoices of one billing; ready ones up to the last cut-off are taken."""
        ledger = self.agreed.billing.ledger
        held: list[str] = []
        for entry in entries.values():
            for holders, taken in entry.transactions:
                assert holders <= entry.live
                held += [one.id for one in await ledger.within(self.contract, [taken])]
        assert len(held) == len(set(held))
        assert set(held) == await ledger.taken(self.contract, "work")
        assert {id_ for id_ in held if not self.worked[id_].ready} == set()
        return set(held)

    async def check_invoices(self, billed: Decimal) -> None:
        store = self.agreed.shop.desk.store
        found = await store.load_many([Stream("customer-invoice", one) for one in self.made])
        states = [fold(history.facts) for history in found.values()]
        assert {state.status for state in states if state} <= {"open"}
        totals = [state.calculation.revenue_total for state in states if state and state.calculation]
        assert add(*totals, D(0)) == billed


def hold(database: str, tmp_path: Path, kind: type[Story]) -> None:
    """Stories of a kind, each on a contract of its own."""
    with asyncio.Runner() as runner:
        world = AsyncExitStack()

        async def opened() -> tuple[Agreements, InvoicingDesk]:
            shop = await world.enter_async_context(open_shop(database, tmp_path))
            await shop.world(customers=())
            for code in CUSTOMERS:
                await Counter(shop).customer(code)
            desk = await world.enter_async_context(open_invoicing(shop.desk.store, shop.pool, database))
            return Agreements(shop), desk

        agreed, invoicing = runner.run(opened())

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(data=st.data())
        def holds(data: st.DataObject) -> None:
            async def one() -> None:
                story = kind(agreed, invoicing, data.draw)
                await story.begin()
                await story.tell()
                await story.check()

            runner.run(one())

        try:
            holds()
        finally:
            runner.run(world.aclose())


def test_all_that_is_billed_is_what_the_days_come_to_and_each_source_is_billed_once(database, tmp_path):
    hold(database, tmp_path, Story)
