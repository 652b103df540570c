"""A contract is billed: given lines and what happened, when the run of a day comes, then invoices, entries, what is next."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from commands.billing_contract.amend import amend
from domain.billing_contract import agreement, lines
from domain.billing_contract.shares import Share
from tests.support.agreements import WORK, build, d, hours, seats
from tests.support.origins import origin


def items(invoice):
    return [(item.kind, item.contract_line, item.amount) for item in invoice.items]


async def test_a_subscription_is_billed_by_its_run_date_and_once(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    assert await agreed.next_run(contract) == d("2026-02-02")
    (early,) = await agreed.run("2026-02-01", contract)
    assert early.outcome == "nothing_to_bill"
    (billed,) = await agreed.run("2026-02-02", contract)
    invoice = await agreed.invoice(billed)
    assert (billed.outcome, billed.invoices[0].total, invoice.status) == ("invoiced", "31.00", "open")
    assert (invoice.reference, invoice.invoice_date) == ("K-1/2026-02-02/1", d("2026-02-02"))
    assert (invoice.period_from, invoice.period_to) == (d("2026-01-01"), d("2026-01-31"))
    assert items(invoice) == [("subscription", "seats", Decimal("31.00"))]
    (again,) = await agreed.run("2026-02-02", contract)
    assert (again.outcome, await agreed.next_run(contract)) == ("nothing_to_bill", d("2026-03-02"))


async def test_many_at_once_bill_once(agreed):
    contracts = [await agreed.signed(f"K-{n}", {"seats": seats()}) for n in range(5)]
    results = await asyncio.gather(*(agreed.run("2026-02-02", *contracts) for _ in range(4)))
    outcomes = [[one.outcome for one in several] for several in zip(*results, strict=True)]
    assert [sorted(some) for some in outcomes] == [["invoiced", *["nothing_to_bill"] * 3]] * 5
    for contract in contracts:
        (entry,) = (await agreed.entries(contract)).values()
        assert len(entry.invoices) == 1


async def test_several_cycles_are_caught_up_in_one_invoice_and_a_change_is_corrected(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    (billed,) = await agreed.run("2026-03-02", contract)
    assert [i[2] for i in items(await agreed.invoice(billed))] == [Decimal("31.00"), Decimal("31.00")]
    await agreed.change(contract, lambda state: lines.change_quantity(state, "seats", d("2026-02-15"), Decimal(20)))
    (billed,) = await agreed.run("2026-04-02", contract)
    invoice = await agreed.invoice(billed)
    assert items(invoice) == [
        ("correction", "seats", Decimal("15.50")),
        ("subscription", "seats", Decimal("62.00")),
    ]
    assert (invoice.period_from, invoice.items[0].cycle) == (d("2026-02-01"), d("2026-02-01"))


async def test_shares_split_each_line_and_who_has_nothing_gets_no_invoice(agreed):
    contract = await agreed.signed(
        lines={"seats": seats("1", "0.05"), "tiny": seats("1", "0.01")}, customers=(("C1", "90"), ("C2", "10"))
    )
    (billed,) = await agreed.run("2026-02-02", contract)
    assert [(one.customer, one.total) for one in billed.invoices] == [("C1", "0.06")]


async def test_milestones_wait_until_they_are_ready(agreed):
    contract = await agreed.signed(
        lines={"build": build(("M1", "2026-03-01", "100", False), ("M2", "2026-03-01", "7", True))}
    )
    (billed,) = await agreed.run("2026-03-01", contract)
    assert items(await agreed.invoice(billed)) == [("fixed_price", "build", Decimal("7.00"))]
    assert await agreed.next_run(contract) is None
    await agreed.change(contract, lambda state: lines.mark_milestone(state, "build", "M1", ready=True))
    assert await agreed.next_run(contract) == d("2026-03-01")
    (billed,) = await agreed.run("2026-03-09", contract)
    invoice = await agreed.invoice(billed)
    assert (items(invoice), invoice.invoice_date) == ([("fixed_price", "build", Decimal("100.00"))], d("2026-03-09"))
    assert (await agreed.run("2026-03-10", contract))[0].outcome == "nothing_to_bill"


async def test_transactions_are_taken_up_to_the_cut_off_once_and_late_ones_come_along(agreed):
    contract = await agreed.signed(lines={"work": WORK})
    await agreed.record(
        contract, "work", hours("a", "2026-01-05", "1.5"), hours("b", "2026-01-20"), hours("c", "2026-01-21")
    )
    (billed,) = await agreed.run("2026-01-21", contract)
    assert items(await agreed.invoice(billed)) == [("time_and_material", "work", Decimal("225.00"))]
    await agreed.record(contract, "work", hours("late", "2026-01-02", "2"), hours("other", "2026-02-02", customer="C1"))
    (billed,) = await agreed.run("2026-02-18", contract)
    assert [one.total for one in billed.invoices] == ["360.00"]
    (billed,) = await agreed.run("2026-03-18", contract)
    assert billed.outcome == "nothing_to_bill"
    reasons = sorted(str(entry.reason) for entry in (await agreed.entries(contract)).values())
    assert reasons == ["invoiced", "invoiced", "nothing_to_bill"]


async def test_the_last_run_of_an_ended_contract_takes_what_is_ready(agreed):
    lines_ = {"work": WORK, "build": build(("M1", "2026-09-01", "100", True), ("M2", "2026-09-02", "7", False))}
    contract = await agreed.signed(lines=lines_)
    await agreed.record(contract, "work", hours("a", "2026-01-31"))
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    assert await agreed.next_run(contract) == d("2026-01-21")
    billed = [(await agreed.run(day, contract))[0] for day in ("2026-01-21", "2026-02-02")]
    assert [one.outcome for one in billed] == ["nothing_to_bill", "invoiced"]
    assert sorted(items(await agreed.invoice(billed[1]))) == [
        ("fixed_price", "build", Decimal("100.00")),
        ("time_and_material", "work", Decimal("90.00")),
    ]
    assert await agreed.next_run(contract) is None


async def test_what_was_due_before_the_contract_was_recorded_is_billed_on_request_only(agreed):
    contract = await agreed.signed(lines={"seats": seats()}, starts=d("2025-09-01"))
    assert await agreed.next_run(contract) == d("2025-12-02")
    (billed,) = await agreed.run("2025-10-02", contract, overdue_from=d("2025-10-02"))
    assert [one.total for one in billed.invoices] == ["31.00"]
    assert (await agreed.run("2025-10-02", contract, overdue_from=d("2025-10-02")))[0].outcome == "nothing_to_bill"


async def test_a_contract_that_is_not_there_fails_and_stops_no_other(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    missing, billed = await agreed.run("2026-02-02", UUID(int=7), contract)
    assert (missing.outcome, missing.code, billed.outcome) == ("failed", "billing-contract-missing", "invoiced")


@pytest.mark.parametrize("offset", [-10, 0, 30])
async def test_an_offset_moves_the_run_and_not_the_cycle(agreed, offset):
    contract = await agreed.signed(lines={"seats": seats()}, offset=offset)
    day = d("2026-01-31").fromordinal(d("2026-01-31").toordinal() + offset)
    (billed,) = await agreed.run(day.isoformat(), contract)
    invoice = await agreed.invoice(billed)
    assert (invoice.period_from, invoice.period_to, invoice.invoice_date) == (d("2026-01-01"), d("2026-01-31"), day)


async def test_a_run_out_of_turn_leaves_earlier_entries_to_the_runs_of_their_own_days(agreed):
    contract = await agreed.signed(lines={"seats": seats(), "build": build(("M1", "2026-02-01", "100", True))})
    (billed,) = await agreed.run("2026-02-02", contract, held_until=d("2026-01-31"))
    assert items(await agreed.invoice(billed)) == [("subscription", "seats", Decimal("31.00"))]
    assert await agreed.next_run(contract) == d("2026-02-01")
    (billed,) = await agreed.run("2026-02-01", contract, held_until=d("2026-01-31"))
    invoice = await agreed.invoice(billed)
    assert (items(invoice), invoice.invoice_date) == ([("fixed_price", "build", Decimal("100.00"))], d("2026-02-01"))


async def test_two_lines_may_call_their_milestones_alike(agreed):
    stone = ("M1", "2026-09-01", "100", True)
    contract = await agreed.signed(lines={"one": build(stone), "two": build(stone)})
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    (billed,) = await agreed.run("2026-02-02", contract)
    assert sorted(items(await agreed.invoice(billed))) == [
        ("fixed_price", "one", Decimal("100.00")),
        ("fixed_price", "two", Decimal("100.00")),
    ]


async def test_work_that_comes_to_nothing_for_its_customer_is_not_taken(agreed):
    lines_ = {"work": WORK, "build": build(("M1", "2026-01-21", "100", True))}
    contract = await agreed.signed(lines=lines_, customers=(("C1", "100"),))
    await amend(
        agreed.desk, origin(), contract, {}, customers=[Share("C1", Decimal("99.999")), Share("C2", Decimal("0.001"))]
    )
    await agreed.record(contract, "work", hours("a", "2026-01-05", "0.00001", "90", customer="C2"))
    (billed,) = await agreed.run("2026-01-21", contract)
    assert [(one.customer, one.total) for one in billed.invoices] == [("C1", "100.00")]
    assert await agreed.billing.ledger.taken(contract, "work") == frozenset()
    await agreed.record(contract, "work", hours("b", "2026-01-06", customer="C2"))
    (billed,) = await agreed.run("2026-02-18", contract)
    assert [(one.customer, one.total) for one in billed.invoices] == [("C2", "90.00")]
    assert await agreed.billing.ledger.taken(contract, "work") == {"a", "b"}


async def test_work_that_names_a_customer_who_left_stays_and_stops_nothing(agreed):
    contract = await agreed.signed(lines={"work": WORK}, customers=(("C1", "50"), ("C2", "50")))
    await agreed.record(contract, "work", hours("a", "2026-01-05"), hours("b", "2026-01-05", customer="C2"))
    await amend(agreed.desk, origin(), contract, {}, customers=[Share("C1", Decimal(100))])
    (billed,) = await agreed.run("2026-01-21", contract)
    assert [(one.customer, one.total) for one in billed.invoices] == [("C1", "90.00")]
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
