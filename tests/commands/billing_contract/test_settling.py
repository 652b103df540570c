"""Corrections when nothing is left that they could ride with: they are billed by themselves, once."""

from decimal import Decimal

import pytest

from commands.billing_contract.generate import generate, propose
from domain.billing_contract import agreement, lines
from domain.rejected import Rejected
from tests.support.agreements import WORK, d, seats
from tests.support.origins import origin


def totals(billed):
    return [Decimal(one.total) for one in billed.invoices]


async def billed_ahead(agreed, **more):
    """January was billed on its first day, with 31.00; then the contract ended with 14 days."""
    contract = await agreed.signed(lines={"seats": seats("1", "31")}, offset=-30, **more)
    assert totals((await agreed.run("2026-01-01", contract))[0]) == [Decimal(31)]
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-01-15")))
    return contract


async def test_an_end_in_a_cycle_that_was_billed_ahead_is_credited(agreed):
    contract = await billed_ahead(agreed)
    assert await agreed.next_run(contract) == d("2025-12-15")
    (billed,) = await agreed.run("2026-01-10", contract)
    assert totals(billed) == [Decimal(-17)]
    invoice = await agreed.invoice(billed)
    assert (invoice.invoice_date, [one.kind for one in invoice.contract.items]) == (d("2026-01-10"), ["correction"])
    assert await agreed.next_run(contract) is None
    assert (await agreed.run("2026-01-11", contract))[0].outcome == "nothing_to_bill"


async def test_what_is_told_after_the_last_cycle_is_billed_each_time_it_comes_to_something_else(agreed):
    contract = await agreed.signed(lines={"seats": seats("1", "31")})
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    assert totals((await agreed.run("2026-02-02", contract))[0]) == [Decimal(31)]
    assert await agreed.next_run(contract) is None
    for quantity, run, due, amount in (("3", "2026-04-01", "2026-02-02", 62), ("2", "2026-04-01", "2026-02-03", -31)):
        value = Decimal(quantity)
        await agreed.change(
            contract, lambda state, value=value: lines.change_quantity(state, "seats", d("2026-01-01"), value)
        )
        assert await agreed.next_run(contract) == d(due)
        assert totals((await agreed.run(run, contract))[0]) == [Decimal(amount)]
        assert await agreed.next_run(contract) is None
    await agreed.change(contract, lambda state: lines.change_price(state, "seats", d("2026-01-01"), Decimal(31)))
    assert await agreed.next_run(contract) is None


async def test_a_correction_waits_for_the_next_entry_where_there_is_one(agreed):
    contract = await agreed.signed(lines={"seats": seats("1", "31"), "work": WORK}, offset=-30)
    await agreed.run("2026-01-01", contract)
    await agreed.change(contract, lambda state: lines.end_line(state, "seats", d("2026-01-15")))
    assert await agreed.next_run(contract) == d("2026-01-21")
    (billed,) = await agreed.run("2026-01-21", contract)
    assert totals(billed) == [Decimal(-17)]


async def test_shares_that_change_after_the_last_cycle_are_settled_between_customers(agreed):
    contract = await agreed.signed(lines={"seats": seats("1", "30")}, customers=(("C1", "50"), ("C2", "50")))
    await agreed.change(contract, lambda state: agreement.end(state, d("2026-02-01")))
    await agreed.run("2026-02-02", contract)
    first, second = (await agreed.contract(contract)).terms.customers
    shares = (first.model_copy(update={"percent": Decimal(40)}), second.model_copy(update={"percent": Decimal(60)}))
    await agreed.change(
        contract,
        lambda state: agreement.amend(
            state, state.terms.model_copy(update={"customers": shares}), shares_from=d("2026-01-01")
        ),
    )
    (billed,) = await agreed.run("2026-03-01", contract)
    assert totals(billed) == [Decimal(-3), Decimal(3)]


async def test_by_hand_it_is_the_next_entry_and_can_be_named(agreed):
    contract = await billed_ahead(agreed)
    proposal = await propose(agreed.billing, origin(), contract, None)
    assert (proposal.entry.run_date, proposal.entry.closing, proposal.entry.line) == (d("2025-12-15"), True, None)
    made = await generate(agreed.billing, origin(), contract, d("2025-12-15"))
    assert [one.total for one in made.outcome.invoices] == ["-17.00"]
    with pytest.raises(Rejected) as no:
        await generate(agreed.billing, origin(), contract, d("2025-12-15"))
    assert no.value.code == "cycle-invoiced"
    with pytest.raises(Rejected) as no:
        await generate(agreed.billing, origin(), contract, None)
    assert no.value.code == "nothing-left"
