"""Whether a contract's invoice is recomputed: given one, when it waits, is reopened, final, or a run comes beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.billing_contract.generate import generate
from commands.customer_invoice.calculate import calculate_now
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.reject import reject
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.withdraw import withdraw
from commands.ports.event_store import Save, Write
from domain.billing_contract.events import ContractAmended
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.rejected import Rejected
from tests.commands.billing_contract.test_rebilling import JANUARY, only, opened, price, totals
from tests.support.agreements import seats
from tests.support.customer_invoices import closed
from tests.support.gates import Gate, overtaken
from tests.support.invoicing import recalculated
from tests.support.origins import origin

ANN = origin(actor="ann")


async def test_one_that_waits_for_its_calculation_is_recomputed_too(agreed, desk):
    contract = await agreed.signed(lines={"seats": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    made = january.invoices[0].id
    await recalculate(desk, origin(), made)
    await price(agreed, contract, "6.2")
    assert (await recalculate(desk, origin(), made)).outcome.changed
    shown = await opened(agreed, january)
    assert (shown.item.amount, shown.part, shown.billed) == (Decimal("31.00"), Decimal("31.00"), None)
    assert not (await recalculate(desk, origin(), made)).outcome.changed
    assert (await calculate_now(desk.calculation, origin(), made)).calculation.revenue_total == Decimal("62.00")


@pytest.mark.parametrize("how", ["rejected", "withdrawn"])
async def test_one_that_is_reopened_is_recalculated(agreed, desk, how):
    contract = await agreed.signed(lines={"seats": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    made = january.invoices[0].id
    await agreed.shop.save("group", code="finance", name="Finance", members=["ann"], invoice_approval=True)
    await request_approval(desk, ANN, made)
    await price(agreed, contract, "6.2")
    with pytest.raises(Rejected) as no:
        await recalculate(desk, origin(), made)
    assert no.value.code == "invoice-locked"
    if how == "rejected":
        await reject(desk, ANN, made, "too cheap")
    else:
        await withdraw(desk, ANN, made, "too cheap")
    state = await calculate_now(desk.calculation, origin(), made)
    assert (state.status, state.calculation.revenue_total) == ("open", Decimal("62.00"))
    february = await only(agreed.run("2026-03-02", contract))
    assert totals(february) == {"C1": "62.00"}


async def test_a_final_or_superseded_one_is_refused_and_changes_nothing(agreed, desk):
    contract = await agreed.signed(lines={"seats": seats()})
    old = (await generate(agreed.billing, origin(), contract, JANUARY)).outcome.invoices[0].id
    await price(agreed, contract, "6.2")
    new = (await generate(agreed.billing, origin(), contract, JANUARY, replace=True)).outcome.invoices[0].id
    await closed(agreed.shop.desk.store, new)
    await price(agreed, contract, "9.3")
    before = await agreed.entries(contract)
    for invoice, code in ((old, "superseded"), (new, "invoice-final")):
        with pytest.raises(Rejected) as no:
            await recalculate(desk, origin(), invoice)
        assert no.value.code == code
    assert await agreed.entries(contract) == before


@pytest.mark.parametrize("held", ["recalculation", "run"])
async def test_beside_a_run_each_way_nothing_is_corrected_twice(agreed, desk, held):
    contract = await agreed.signed(lines={"seats": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    made = january.invoices[0].id
    await price(agreed, contract, "6.2")
    gate = Gate()
    slow = gate.before(agreed.shop.desk.store)
    if held == "run":
        agreed.billing = replace(agreed.billing, calculation=replace(agreed.billing.calculation, store=slow))
        await overtaken(gate, agreed.run("2026-03-02", contract), recalculate(desk, origin(), made))
    else:
        behind = replace(desk, billing=replace(desk.billing, store=slow))
        await overtaken(gate, recalculate(behind, origin(), made), agreed.run("2026-03-02", contract))
    assert gate.reached
    await calculate_now(desk.calculation, origin(), made)
    entries = await agreed.entries(contract)
    billed = {id_: part.amount for id_, one in entries.items() for part in one.billed if part.cycle == JANUARY}
    assert sum(part.amount for one in entries.values() for part in one.billed if part.cycle == JANUARY) == Decimal(62)
    invoices = {one for entry in entries.values() for one in entry.live}
    states = [fold((await desk.store.load(Stream("customer-invoice", one))).facts) for one in invoices]
    assert sum(state.calculation.revenue_total for state in states) == Decimal(124)
    assert len(billed) == (1 if held == "run" else 2)


async def test_what_cannot_be_computed_stays_as_it_was_billed(agreed, desk):
    contract = await agreed.signed(lines={"seats": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    await price(agreed, contract, "6.2")
    history = await desk.store.load(Stream("billing-contract", contract))
    terms = (await agreed.contract(contract)).terms
    of_nothing = (terms.customers[0].model_copy(update={"percent": Decimal(0)}),)
    odd = ContractAmended(contract="K-1", before=terms, terms=terms.model_copy(update={"customers": of_nothing}))
    await desk.store.append(Save(origin(), (Write(history, (odd,)),)))  # no command would take that
    before = await agreed.entries(contract)
    state = await recalculated(desk, origin(), january.invoices[0].id)
    assert [item.amount for item in state.items] == [Decimal("31.00")]
    assert await agreed.entries(contract) == before
