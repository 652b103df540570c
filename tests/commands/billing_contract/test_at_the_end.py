"""What is billed when a contract or line has ended: late milestones and the work of a line, each once."""

from datetime import date
from decimal import Decimal

from domain.billing_contract import agreement, lines
from tests.support.agreements import WORK, build, d, hours


async def test_a_milestone_that_is_ready_only_after_the_last_run_is_billed_by_the_next(agreed):
    contract = await agreed.signed(lines={"build": build(("M1", "2026-02-01", "100", False))})
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    assert (await agreed.run("2026-02-02", contract))[0].outcome == "nothing_to_bill"
    assert await agreed.next_run(contract) is None
    await agreed.change(contract, lambda state: lines.mark_milestone(state, "build", "M1", ready=True))
    assert await agreed.next_run(contract) == d("2026-02-02")
    (billed,) = await agreed.run("2026-05-07", contract)
    assert [one.total for one in billed.invoices] == ["100.00"]
    assert (await agreed.invoice(billed)).invoice_date == d("2026-05-07")
    assert await agreed.next_run(contract) is None


async def test_a_ready_milestone_after_the_end_is_billed_with_the_last_run_once(agreed):
    contract = await agreed.signed(lines={"build": build(("M1", "2030-02-01", "100", True))})
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    (billed,) = await agreed.run("2026-02-02", contract)
    assert [one.total for one in billed.invoices] == ["100.00"]
    assert await agreed.next_run(contract) is None


async def test_the_last_run_on_the_day_of_a_run_that_is_billed_takes_what_that_one_left(agreed):
    contract = await agreed.signed(lines={"work": WORK})
    await agreed.record(contract, "work", hours("a", "2026-02-17"), hours("b", "2026-02-18", "2"))
    (billed,) = await agreed.run("2026-02-18", contract)
    assert [one.total for one in billed.invoices] == ["90.00"]
    await agreed.change(contract, lambda state: lines.end_line(state, "work", d("2026-02-17")))
    assert await agreed.next_run(contract) == date(2026, 2, 18)
    (billed,) = await agreed.run("2026-02-19", contract)
    assert [Decimal(one.total) for one in billed.invoices] == [Decimal(180)]
    assert await agreed.next_run(contract) is None
