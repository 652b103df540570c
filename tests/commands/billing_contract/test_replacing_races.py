"""An invoice is replaced while something else happens to it: each is the slower one once, and the later one decides on
what it is then. What is refused changes nothing.
"""

from dataclasses import replace

import pytest
import pytest_asyncio

from adapters.verifying import StoredContracts
from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.generate import generate
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.close import close
from commands.customer_invoice.delete import delete
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.request_approval import request_approval
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.rejected import Rejected
from tests.support.agreements import WORK, build, d, hours, seats
from tests.support.gates import Gate, overtaken
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin

JANUARY = d("2026-01-01")
FINANCE = {"code": "finance", "name": "Finance", "members": ["ann", "bob"], "invoice_approval": True}


@pytest_asyncio.fixture
async def desk(agreed, database):
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        yield desk


@pytest_asyncio.fixture
async def billed(agreed):
    """A contract whose January is billed, with its invoice."""
    await agreed.shop.save("group", **FINANCE)
    contract = await agreed.signed(
        lines={"seats": seats(), "work": WORK, "build": build(("M", "2026-01-20", "5", True))}
    )
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    (made,) = (await generate(agreed.billing, origin(), contract, JANUARY)).outcome.invoices
    return contract, made.id


def gated(billing, gate):
    calculation = replace(billing.calculation, store=gate.before(billing.store))
    return ContractBilling(calculation, billing.ledger, billing.router, billing.licences)


def at_gate(desk, gate):
    store = gate.before(desk.billing.store)
    calculation = replace(desk.calculation, store=store)
    return replace(desk, billing=replace(desk.billing, store=store), calculation=calculation)


async def came_of(doing):
    try:
        return (await doing).outcome
    except Rejected as no:
        return no.code


ACTS = {
    "request": lambda desk, invoice: request_approval(desk, origin(actor="ann"), invoice),
    "recalculate": lambda desk, invoice: recalculate(desk, origin(), invoice),
    "close": lambda desk, invoice: close(desk, origin(actor="ann"), invoice, "never sent"),
    "delete": lambda desk, invoice: delete(desk, origin(), invoice, "wrong"),
}


async def check(agreed, contract, *, live):
    """Each entry is billed by one live invoice, rows follow from the record."""
    pages = [page async for page in ledger_check(agreed.billing, StoredContracts(agreed.shop.pool))]
    assert [finding for page in pages for finding in page.findings] == []
    for entry in (await agreed.entries(contract)).values():
        assert (entry.status, entry.live) == ("inactive", {live}), entry


async def state_of(agreed, invoice):
    return fold((await agreed.shop.desk.store.load(Stream("customer-invoice", invoice))).facts)


@pytest.mark.parametrize("act", sorted(ACTS))
async def test_a_replacement_is_overtaken(agreed, desk, billed, act):
    (contract, invoice), gate = billed, Gate()
    slow = came_of(generate(gated(agreed.billing, gate), origin(), contract, JANUARY, replace=True))
    late, quick = await overtaken(gate, slow, came_of(ACTS[act](desk, invoice)))
    assert not isinstance(quick, str), quick
    if act == "request":
        assert late == "invoice-approving"
        await check(agreed, contract, live=invoice)
        return
    made = late.invoices[0].id
    how = {"recalculate": ["superseded"], "close": ["billed_anew"], "delete": []}[act]
    assert [one.how for one in late.replaced] == how
    if act == "close":  # it keeps what it had taken
        assert {live for e in (await agreed.entries(contract)).values() for live in e.live} == {invoice, made}
    else:
        await check(agreed, contract, live=made)


@pytest.mark.parametrize("act", sorted(ACTS))
async def test_a_replacement_is_quicker(agreed, desk, billed, act):
    (contract, invoice), gate = billed, Gate()
    quick = came_of(generate(agreed.billing, origin(), contract, JANUARY, replace=True))
    late, came = await overtaken(gate, came_of(ACTS[act](at_gate(desk, gate), invoice)), quick)
    assert gate.reached
    made = came.invoices[0].id
    if act in ("request", "recalculate"):
        assert late == "superseded"
    else:
        assert (await state_of(agreed, invoice)).status == {"close": "closed", "delete": "deleted"}[act]
    await check(agreed, contract, live=made)


async def test_two_replacements_are_a_chain(agreed, billed):
    (contract, invoice), gate = billed, Gate()
    slow = came_of(generate(gated(agreed.billing, gate), origin(), contract, JANUARY, replace=True))
    late, quick = await overtaken(
        gate, slow, came_of(generate(agreed.billing, origin(), contract, JANUARY, replace=True))
    )
    assert [one.id for one in quick.replaced] == [invoice]
    assert [one.id for one in late.replaced] == [quick.invoices[0].id]
    await check(agreed, contract, live=late.invoices[0].id)
