"""An entry that is billed is billed anew: given its invoices in each status, when they are replaced, then by that."""

from decimal import Decimal

import pytest
import pytest_asyncio

from adapters.verifying import StoredContracts
from commands.billing_contract.generate import generate, propose
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.delete import delete
from commands.ports.event_store import Save, Write
from domain.billing_contract.lines import change_price, change_quantity
from domain.customer_invoice.approval_events import ApprovalRequested, ApprovalStep
from domain.customer_invoice.snapshot import CustomerSnapshot
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.rejected import Rejected
from tests.support.agreements import WORK, build, d, hours, seats
from tests.support.customer_invoices import approved_fact, closed
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin

JANUARY = d("2026-01-01")
MANY = {"seats": seats(), "work": WORK, "build": build(("M1", "2026-01-20", "100", True))}
HALVES = (("C1", "50"), ("C2", "50"))


@pytest_asyncio.fixture
async def desk(agreed, database):
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        yield desk


@pytest.fixture
def sound(agreed):
    """Rows of contracts follow from the record."""

    async def check():
        pages = [page async for page in ledger_check(agreed.billing, StoredContracts(agreed.shop.pool))]
        assert [finding for page in pages for finding in page.findings] == []

    return check


async def made_by(agreed, contract, cycle=JANUARY, **more):
    return (await generate(agreed.billing, origin(), contract, cycle, **more)).outcome


async def replaced(agreed, contract, cycle=JANUARY):
    return await made_by(agreed, contract, cycle, replace=True)


def totals(made):
    return [(one.customer, one.total) for one in made.invoices]


async def status(agreed, invoice):
    state = fold((await agreed.shop.desk.store.load(Stream("customer-invoice", invoice))).facts)
    return state.status


async def said(agreed, invoice, fact_of):
    store = agreed.shop.desk.store
    history = await store.load(Stream("customer-invoice", invoice))
    await store.append(Save(origin(), (Write(history, (fact_of(fold(history.facts)),)),)))


async def approved(agreed, invoice):
    """As if its process had ended."""
    await said(
        agreed,
        invoice,
        lambda state: approved_fact(state.reference, state.customer, f"INV-{str(invoice)[:4]}"),
    )


def requested(state):
    return ApprovalRequested(
        customer=state.customer,
        reference=state.reference,
        process="default",
        process_version=0,
        steps=(ApprovalStep(),),
        requested_by="ann",
        snapshot=CustomerSnapshot(code=state.customer, version=1, name=state.customer),
        revenue_total=state.calculation.revenue_total,
        cost_total=state.calculation.cost_total,
        currency="EUR",
        item_count=len(state.items),
    )


async def january(agreed, contract):
    """The entries of January, with what they are billed by."""
    return {
        (entry.ref.kind, entry.ref.line or ""): entry
        for entry in (await agreed.entries(contract)).values()
        if entry.ref.first.month == 1
    }


async def price_of(agreed, contract, value):
    await agreed.change(contract, lambda known: change_price(known, "seats", JANUARY, Decimal(value)))


async def test_an_open_invoice_is_taken_over_whole(agreed, sound):
    contract = await agreed.signed(lines=MANY)
    await agreed.record(contract, "work", hours("a", "2026-01-05"), hours("b", "2026-01-06"))
    (first,) = (await made_by(agreed, contract)).invoices
    assert first.total == "311.00"  # 31 seats, two hours, the milestone
    await price_of(agreed, contract, "6.2")
    await agreed.record(contract, "work", hours("c", "2026-01-07"))
    with pytest.raises(Rejected) as no:
        await made_by(agreed, contract)
    assert no.value.code == "cycle-invoiced"
    again = await replaced(agreed, contract)
    assert totals(again) == [("C1", "432.00")]
    assert [(one.id, one.how, one.by) for one in again.replaced] == [(first.id, "superseded", again.invoices[0].id)]
    assert "close or delete it" in again.warnings[-1]
    for entry in (await january(agreed, contract)).values():
        assert (entry.status, entry.live, entry.superseded) == ("inactive", {again.invoices[0].id}, {first.id})
    new = await agreed.invoice(again)
    assert (new.reference, new.contract.replaces) == ("K-1/2026-02-02/2", (first.id,))
    assert await agreed.billing.ledger.taken(contract, "work") == {"a", "b", "c"}
    assert await agreed.next_run(contract) == d("2026-02-18")
    await sound()


async def test_deleting_the_new_one_gives_all_back_to_the_old_one(agreed, desk, sound):
    contract = await agreed.signed(lines=MANY)
    await agreed.record(contract, "work", hours("a", "2026-01-05"), hours("b", "2026-01-06"))
    first = await made_by(agreed, contract)
    before, due = await agreed.entries(contract), await agreed.next_run(contract)
    await agreed.record(contract, "work", hours("c", "2026-01-07"))
    (again,) = (await replaced(agreed, contract)).invoices
    assert again.total == "401.00"
    await delete(desk, origin(), again.id, "wrong")
    after = await agreed.entries(contract)
    for id_, entry in before.items():
        now = after[id_]
        assert (now.status, now.reason, now.live, now.owed, now.aside) == ("inactive", "invoiced", entry.live, (), ())
        assert set(now.billed) == set(entry.billed)
        assert now.transactions == entry.transactions
    assert await agreed.billing.ledger.taken(contract, "work") == {"a", "b"}
    assert await agreed.next_run(contract) == due
    await sound()
    await delete(desk, origin(), first.invoices[0].id, "wrong too")
    assert await agreed.billing.ledger.taken(contract, "work") == frozenset()
    await sound()


async def test_an_old_one_that_was_deleted_meanwhile_gets_nothing_back(agreed, desk, sound):
    contract = await agreed.signed(lines=MANY)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    (first,) = (await made_by(agreed, contract)).invoices
    (again,) = (await replaced(agreed, contract)).invoices
    await delete(desk, origin(), first.id, "replaced")
    assert {entry.status for entry in (await agreed.entries(contract)).values()} == {"inactive"}
    await delete(desk, origin(), again.id, "wrong")
    assert {entry.status for entry in (await agreed.entries(contract)).values()} == {"active"}
    assert await agreed.billing.ledger.taken(contract, "work") == frozenset()
    await sound()


async def test_one_in_approval_refuses_all(agreed):
    contract = await agreed.signed(lines={"seats": seats()}, customers=HALVES)
    first = await made_by(agreed, contract)
    await said(agreed, first.invoices[1].id, requested)
    before = await agreed.entries(contract)
    with pytest.raises(Rejected) as no:
        await replaced(agreed, contract)
    assert no.value.code == "invoice-approving"
    assert await agreed.entries(contract) == before


async def test_an_approved_one_stands_and_the_new_one_brings_the_difference(agreed, desk, sound):
    contract = await agreed.signed(lines=MANY)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    (first,) = (await made_by(agreed, contract)).invoices
    await approved(agreed, first.id)
    with pytest.raises(Rejected) as no:
        await replaced(agreed, contract)
    assert no.value.code == "no-difference"
    await price_of(agreed, contract, "6.2")
    again = await replaced(agreed, contract)
    assert [(one.how, one.id) for one in again.replaced] == [("corrected", first.id)]
    new = await agreed.invoice(again)
    assert [(i.kind, i.line, i.amount) for i in new.contract.items] == [
        ("subscription", "seats", Decimal("62.00")), ("negation", "seats", Decimal("-31.00")),
    ]  # fmt: skip
    assert new.calculation.revenue_total == Decimal("31.00")
    cycle = (await january(agreed, contract))["cycle", ""]
    assert (cycle.status, cycle.live) == ("inactive", {first.id, again.invoices[0].id})
    assert sum(part.amount for part in cycle.billed) == Decimal("62.00")
    (february,) = await agreed.run("2026-03-02", contract)
    assert totals(february) == [("C1", "62.00")]  # and no correction of January
    await sound()
    await delete(desk, origin(), again.invoices[0].id, "no")
    cycle = (await january(agreed, contract))["cycle", ""]
    assert (cycle.status, cycle.live) == ("inactive", {first.id})
    assert sum(part.amount for part in cycle.billed) == Decimal("31.00")
    await sound()


async def test_of_a_closed_one_the_cycle_is_billed_anew_and_what_it_had_taken_is_written_off(agreed, desk, sound):
    contract = await agreed.signed(lines=MANY)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    (first,) = (await made_by(agreed, contract)).invoices
    await closed(agreed.shop.desk.store, first.id)
    again = await replaced(agreed, contract)
    assert totals(again) == [("C1", "31.00")]
    assert [one.how for one in again.replaced] == ["billed_anew"]
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
    entries = await january(agreed, contract)
    assert entries["cycle", ""].live == {again.invoices[0].id}
    assert entries["milestone", "build"].live == {first.id}
    await sound()
    await delete(desk, origin(), again.invoices[0].id, "no")
    cycle = (await january(agreed, contract))["cycle", ""]
    assert (cycle.status, cycle.live) == ("inactive", {first.id})
    assert sum(part.amount for part in cycle.billed) == Decimal("31.00")
    await sound()


async def test_each_customers_invoice_is_treated_by_itself(agreed, desk, sound):
    contract = await agreed.signed(lines=MANY, customers=HALVES)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    first = {one.customer: one.id for one in (await made_by(agreed, contract)).invoices}
    await approved(agreed, first["C2"])
    await price_of(agreed, contract, "6.2")
    again = await replaced(agreed, contract)
    # 31.00 of seats, 45.00 of the hour, 50.00 of the milestone; and 31.00 - 15.50
    assert totals(again) == [("C1", "126.00"), ("C2", "15.50")]
    assert sorted(one.how for one in again.replaced) == ["corrected", "superseded"]
    await sound()
    before = await status(agreed, first["C2"])
    assert before == "approved"
    new = {one.customer: one.id for one in again.invoices}
    await delete(desk, origin(), new["C1"], "no")
    for entry in (await january(agreed, contract)).values():
        assert entry.status == "inactive"
        assert first["C1"] in entry.live
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
    await sound()


async def test_what_only_the_deleted_one_had_in_addition_is_billed_again(agreed, desk, sound):
    contract = await agreed.signed(lines={"seats": seats(), "work": WORK}, customers=HALVES)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    await made_by(agreed, contract)
    await agreed.record(contract, "work", hours("b", "2026-01-06"))
    again = await replaced(agreed, contract)
    assert totals(again) == [("C1", "105.50"), ("C2", "105.50")]
    new = {one.customer: one.id for one in again.invoices}
    await delete(desk, origin(), new["C1"], "no")
    run = (await january(agreed, contract))["run", "work"]
    assert (run.status, run.owed_customers) == ("active", {"C1"})
    await sound()
    (rest,) = await agreed.run("2026-01-21", contract, overdue_from=JANUARY)
    assert totals(rest) == [("C1", "45.00")]
    assert (await january(agreed, contract))["run", "work"].status == "inactive"
    await sound()


async def test_what_would_come_to_nothing_is_refused(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    await made_by(agreed, contract)
    await agreed.change(contract, lambda known: change_quantity(known, "seats", JANUARY, Decimal(0)))
    before = await agreed.entries(contract)
    with pytest.raises(Rejected) as no:
        await replaced(agreed, contract)
    assert no.value.code == "nothing-to-bill"
    assert await agreed.entries(contract) == before


async def test_replacing_is_looked_at_before_and_what_is_not_billed_is_just_billed(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    just = await replaced(agreed, contract)
    assert (totals(just), just.replaced) == ([("C1", "31.00")], ())
    await price_of(agreed, contract, "6.2")
    seen = await propose(agreed.billing, origin(), contract, JANUARY, replace=True)
    assert [one.how for one in seen.replaced] == ["superseded"]
    done = await made_by(agreed, contract, replace=True, expect=seen.digest)
    assert done.digest == seen.digest
    assert totals(done) == [(one.customer, one.total) for one in seen.made] == [("C1", "62.00")]


async def test_a_replaced_invoice_that_billed_several_cycles_is_replaced_for_all(agreed, sound):
    contract = await agreed.signed(lines={"seats": seats()})
    (both,) = await agreed.run("2026-03-02", contract)
    assert totals(both) == [("C1", "62.00")]
    again = await replaced(agreed, contract)
    assert totals(again) == [("C1", "62.00")]
    assert (await agreed.invoice(again)).invoice_date == d("2026-03-02")
    assert {entry.live for entry in (await agreed.entries(contract)).values()} == {frozenset({again.invoices[0].id})}
    await sound()
