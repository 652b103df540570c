"""Whatever happens to a contract until long after its end: all that is billed is what a count by days comes to.

Nothing is left then that a correction could ride with: each is billed by itself.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from commands.billing_contract.change_line import milestone
from domain.billing_contract.parts import MilestoneTerms
from tests.commands.billing_contract.test_billed_histories import DAY, HAPPENS, Story, hold
from tests.domain.billing_contract.dates import D
from tests.domain.billing_contract.test_day_by_day import cycles_of

LATER = ("quantity", "quantity", "price", "share", "line_ends_on", "ready_milestone", "delete")


@dataclass(repr=False)
class Ended(Story):
    """A story that goes on after the end of its contract."""

    async def tell(self) -> None:
        last = MilestoneTerms(name="last", day=self.starts, amount=D("0.10"), ready=True)
        assert await self.told(milestone("build", last))
        self.milestones["last"] = last.amount
        self.ready.add("last")
        await self.contract_ends()
        while self.today < self.horizon:
            await self.go_on(HAPPENS)
        self.today = max(self.today, self.starts + 430 * DAY)
        await self.run()
        for _ in range(self.draw(st.integers(1, 3))):
            await self.go_on(LATER)
        await self.run(overdue_from=self.starts - 500 * DAY)  # what was deleted

    async def go_on(self, happens: tuple[str, ...]) -> None:
        for happening in self.draw(st.lists(st.sampled_from(happens), max_size=4)):
            await getattr(self, happening)()
        self.today += DAY * self.draw(st.integers(1, 30 if self.frequency == "weekly" else 90))
        await self.run()

    async def check(self) -> None:
        assert await self.agreed.next_run(self.contract) is None
        entries = (await self.agreed.entries(self.contract)).values()
        ends = min(day for day in (self.line_ends, self.ended) if day is not None)
        there = {entry.ref.first for entry in entries if entry.ref.kind == "cycle" and entry.status == "inactive"}
        cycles = cycles_of(self.starts, self.frequency, self.horizon)
        assert {first for first, _ in cycles if first < ends} <= there
        await super().check()


def test_after_the_end_all_that_is_billed_is_what_the_days_come_to(database, tmp_path):
    hold(database, tmp_path, Ended)
