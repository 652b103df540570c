"""Whatever happens to a contract: what is generated is what was previewed, items, totals and sources; once.

The stories are those of `test_billed_histories`, with a second subscription of its own frequency and a line of usage;
here entries are billed by hand while they run: the next one, any one, also ahead of time.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.calculation import StoredPastReference, StoredSums
from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.bill import Decision
from commands.billing_contract.explaining import OF_LINES, explain_contract_item
from commands.billing_contract.generate import Proposal, generate, preview
from commands.billing_contract.proposal_document import sources_of
from commands.customer_invoice.desk import InvoicingDesk
from commands.customer_invoice.explaining import explain_item
from commands.customer_invoice.pricing import CalculationDesk
from domain.billing_contract.parts import UsageTerms
from domain.customer_invoice.state import CustomerInvoice
from domain.pricing.explain import Explanation, explain
from domain.rejected import Rejected
from services.api.proposal_view import work_of
from tests.commands.billing_contract.test_billed_histories import CUSTOMERS, DAY, HAPPENS, Story
from tests.domain.billing_contract.dates import FREQUENCIES
from tests.support.agreements import Agreements, seats
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing
from tests.support.shop import open_shop


def items_of(decision: Decision, invoice: UUID) -> list[tuple[Any, ...]]:
    result = decision.priced[invoice].result
    return [(i.kind, i.contract_line, i.cycle, i.product, i.amount, i.cost, i.lines) for i in result.items]


def stored_items(state: CustomerInvoice) -> list[tuple[Any, ...]]:
    return [(i.kind, i.contract_line, i.cycle, i.product, i.amount, i.cost, i.lines) for i in state.items]


def by_customer(proposal: Proposal) -> dict[str, list[tuple[Any, ...]]]:
    decision = proposal.decision
    return {one.made.customer: items_of(decision, one.stream.id) for one in decision.invoices} if decision else {}


@dataclass(repr=False)
class Previewing(Story):
    """A story in which entries are looked at, and billed, by hand."""

    happens = (*HAPPENS, "use", "use", "by_hand", "by_hand", "by_hand", "look_at")

    async def begin(self) -> None:
        await super().begin()
        own = seats("3", "7.7", frequency=self.draw(st.sampled_from(FREQUENCIES)), refund_policy="none")
        for code, terms in (("own", own), ("use", UsageTerms(everything=True))):
            await add_line(self.agreed.desk, self.origin(), self.contract, NewLine(code, code, None, None, terms))
        self.counter = Counter(self.agreed.shop)
        await self.counter.settle()

    async def use(self) -> None:
        used = [
            {
                "key": f"{self.contract}-{self.draw(st.integers(0, 10**9))}",
                "customer": self.draw(st.sampled_from(self.customers)),
                "quantity": str(self.draw(st.integers(1, 9))),
                "time": datetime.combine(self.day(), time(12), UTC).isoformat(),
            }
            for _ in range(self.draw(st.integers(1, 3)))
        ]
        await self.counter.post(*used)

    async def cycle(self) -> date | None:
        """The day of an entry that is billed, of the first cycle, of no entry at all perhaps, or the next one."""
        done = [e for e in (await self.agreed.entries(self.contract)).values() if e.live]
        named = sorted({e.ref.first if e.ref.kind == "cycle" else e.ref.run_date for e in done})
        return self.draw(st.sampled_from([None, None, self.starts, self.starts + 20 * DAY, *named]))

    async def look_at(self) -> None:
        """Nothing is changed by that."""
        before = await self.agreed.entries(self.contract)
        seen = await self.seen(await self.cycle())
        assert isinstance(seen, Proposal) or seen.code in {"nothing-left", "cycle-unknown"}
        assert await self.agreed.entries(self.contract) == before

    async def by_hand(self) -> None:
        """What is previewed is generated; or both say no."""
        desk, cycle = self.agreed.billing, await self.cycle()
        seen = await self.seen(cycle)
        if isinstance(seen, Rejected):
            assert await self.refused(cycle) == (seen.code, seen.facts)
            return
        if seen.invoiced:
            code, facts = await self.refused(cycle)
            assert (code, facts["invoices"]) == ("cycle-invoiced", [str(one.invoice) for one in seen.invoiced])
            return
        if seen.decision is None:
            assert (await self.refused(cycle))[0] in {"nothing-to-bill", "cycle-invoiced"}
            return
        whole = not any(e.live and e.status == "active" for e in (await self.agreed.entries(self.contract)).values())
        made = (await generate(desk, self.origin(), self.contract, cycle, expect=seen.digest)).outcome
        assert (made.invoices, made.warnings, made.digest) == (seen.made, seen.warnings, seen.digest)
        self.made += [one.id for one in made.invoices]
        for one in made.invoices:
            await self.compare(seen.decision, one.id, one.customer, seen)
        again = await preview(desk, self.origin(), self.contract, seen.entry.named_by)
        if whole and again.entry == seen.entry and len(again.invoiced) == len(made.invoices):
            assert {one.invoice for one in again.invoiced} == {one.id for one in made.invoices}
            assert by_customer(again) == by_customer(seen)

    async def seen(self, cycle: date | None) -> Proposal | Rejected:
        try:
            return await preview(self.agreed.billing, self.origin(), self.contract, cycle)
        except Rejected as no:
            return no

    async def refused(self, cycle: date | None) -> tuple[str, dict[str, Any]]:
        try:
            await generate(self.agreed.billing, self.origin(), self.contract, cycle)
        except Rejected as no:
            return no.code, no.facts
        raise AssertionError("it was generated")

    async def compare(self, decision: Decision, invoice: UUID, customer: str, seen: Proposal) -> None:
        """The invoice with what the preview showed, down to the sources."""
        state = await self.counter.state(invoice)
        assert state is not None
        assert state.status == "open"
        assert stored_items(state) == items_of(decision, invoice)
        made_of = sources_of(decision.prepared.plan.items.get(customer, ()))
        ledger, store = self.agreed.billing.ledger, self.agreed.shop.desk.store
        work = await work_of(ledger, seen)
        for item in state.items:
            if item.kind not in OF_LINES:
                await self.compare_usage(decision, invoice, item.id)
                continue
            sources = made_of[item.contract_line, item.kind, item.cycle]
            if any(one.again is not None for one in sources):
                continue  # their sources are those of an invoice that was deleted
            told = await explain_contract_item(store, ledger, invoice, state, item)
            (shown,) = sources
            assert (tuple(told.segments), tuple(told.milestones)) == (shown.segments, shown.milestones)
            taken = work.get(shown.line, ()) if shown.transactions else ()
            assert list(told.transactions) == [one for one in taken if one.customer in (None, customer)]

    async def compare_usage(self, decision: Decision, invoice: UUID, item: str) -> None:
        pool, reference = self.agreed.shop.pool, self.agreed.shop.billing.reference
        desk = CalculationDesk(self.agreed.shop.desk.store, StoredSums(pool), reference)
        told = (await explain_item(desk, StoredPastReference(pool, reference), invoice, item)).tree
        priced = decision.priced[invoice]
        shown = explain(priced.to_price, priced.groups, priced.inputs.context, item)
        assert isinstance(shown, Explanation)
        assert (shown.rule, shown.steps, shown.rounding) == (told.rule, told.steps, told.rounding)


def test_what_is_generated_is_what_was_previewed(database, tmp_path):
    with asyncio.Runner() as runner:
        world = AsyncExitStack()

        async def opened() -> tuple[Agreements, InvoicingDesk]:
            shop = await world.enter_async_context(open_shop(database, tmp_path))
            await shop.world(customers=())
            for code in CUSTOMERS:
                await Counter(shop).customer(code, bill_from=None)
            price = {"family": "per_unit", "unit_price": "2.555"}
            await shop.save("pricing-rule", code="R1", name="R1", product="P1", currency="EUR", price=price)
            desk = await world.enter_async_context(open_invoicing(shop.desk.store, shop.pool, database))
            return Agreements(shop), desk

        agreed, invoicing = runner.run(opened())
        compared = 0

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
        @given(data=st.data())
        def holds(data: st.DataObject) -> None:
            async def one() -> int:
                story = Previewing(agreed, invoicing, data.draw)
                await story.begin()
                await story.tell()
                return len(story.made)

            nonlocal compared
            compared += runner.run(one())

        try:
            holds()
            assert compared
        finally:
            runner.run(world.aclose())
