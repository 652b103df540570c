"""Posted purchases that a contract's usage line takes: they wait for the cycle they fall in, and move with the contract."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from adapters.contracts import StoredLedger
from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.desk import ContractDesk, change
from commands.billing_contract.sign import NewContract, sign
from commands.ports.event_store import Save, Write
from commands.purchases.follow_contracts import follow_contracts
from domain.billing_contract.lines import end_line
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.schedule import Entry
from domain.billing_contract.shares import Share
from domain.identity import billing_schedule_stream
from tests.support.contract_facts import ContractFacts
from tests.support.counter import Counter
from tests.support.origins import origin

FEBRUARY = billing_schedule_stream("K-1", "cycle", None, date(2026, 2, 1))
MARCH = billing_schedule_stream("K-1", "cycle", None, date(2026, 3, 1))


async def contract(
    counter: Counter,
    *lines: tuple[str, UsageTerms],
    number: str = "K-1",
    customer: str = "C1",
    starts: date = date(2026, 1, 1),
) -> UUID:
    """A monthly contract with usage lines."""
    desk = ContractDesk(counter.shop.desk.store, counter.shop.billing.reference, StoredLedger(counter.shop.pool))
    new = NewContract(
        number=number,
        name=number,
        customers=[Share(customer, Decimal(100))],
        currency="EUR",
        starts=starts,
        ends=None,
        frequency="monthly",
        offset=2,
        refund_policy="prorated",
        tasks=(),
        approval="manual",
        time_zone=None,
    )
    signed = (await sign(desk, origin(), new)).outcome
    for code, terms in lines:
        await add_line(desk, origin(), signed.id, NewLine(code, code, None, None, terms))
    await counter.settle()
    return signed.id


async def follow(counter: Counter, after: int = 0) -> int:
    await counter.router.due.gather(counter.now)
    return await follow_contracts(counter.shop.billing, await counter.shop.billing.contracts.changed_since(after, 1000))


async def places(counter: Counter, *keys: str) -> list[tuple[str, UUID | None]]:
    stored = [await counter.purchase(key) for key in keys]
    return [(one.place.state, one.place.destination) for one in stored]


async def test_given_a_line_that_takes_it_then_a_purchase_waits_for_its_cycle(counter):
    await contract(counter, ("usage", UsageTerms(products=("P1",))))
    [taken, other] = await counter.post({"key": "a"}, {"key": "b", "customer": "C2"})
    assert (taken.state, taken.invoice, taken.schedule_entry) == ("waiting", None, FEBRUARY.id)
    await counter.settle()
    assert await places(counter, "a") == [("waiting", FEBRUARY.id)]
    assert other.state == "arriving"


async def test_given_an_ad_hoc_reference_then_that_invoice_comes_first(counter):
    await contract(counter, ("usage", UsageTerms(everything=True)))
    [held] = await counter.post({"key": "a", "reference": "R-1"})
    assert held.state == "held"


async def test_when_a_contract_comes_then_what_is_on_an_invoice_stays_and_what_was_unrouted_waits_for_it(counter):
    await counter.customer("C3", bill_from=None)
    await counter.post({"key": "a"}, {"key": "b", "customer": "C3"})
    await counter.settle()
    await contract(counter, ("usage", UsageTerms(everything=True)))
    await contract(counter, ("usage", UsageTerms(everything=True)), number="K-3", customer="C3")
    assert await follow(counter) == 1
    stored = await counter.purchase("b", "C3")
    entry = billing_schedule_stream("K-3", "cycle", None, date(2026, 2, 1))
    assert (stored.place.state, stored.place.destination) == ("waiting", entry.id)
    assert [state for state, _ in await places(counter, "a")] == ["invoiced"]


async def test_when_the_line_ends_then_what_was_bought_after_it_is_routed_again(counter):
    signed = await contract(counter, ("usage", UsageTerms(everything=True)))
    await counter.post({"key": "a"}, {"key": "b", "time": "2026-02-20T12:00:00Z"})
    desk = ContractDesk(counter.shop.desk.store, counter.shop.billing.reference, StoredLedger(counter.shop.pool))
    await change(desk, origin(), signed, lambda known: end_line(known.contract, "usage", date(2026, 2, 10)))
    assert await follow(counter) == 1
    await counter.settle()
    [first, second] = await places(counter, "a", "b")
    assert first == ("waiting", FEBRUARY.id)
    assert second == ("invoiced", counter.stream("C1", "2026-02").id)


async def test_when_its_cycle_is_billed_then_a_late_one_waits_for_the_next(counter):
    await contract(counter, ("usage", UsageTerms(everything=True)))
    await counter.post({"key": "a"})
    facts, entry = (
        ContractFacts("K-1", "C1"),
        Entry(date(2026, 3, 2), "cycle", None, date(2026, 2, 1), date(2026, 2, 28)),
    )
    store = counter.shop.desk.store
    write = Write(await store.load(FEBRUARY), (facts.empty(entry),), record_key=facts.stream.id)
    await store.append(Save(origin=origin(), writes=(write,)))
    assert await follow(counter) == 1
    assert await places(counter, "a") == [("waiting", MARCH.id)]
    [late] = await counter.post({"key": "b"})
    assert (late.state, late.schedule_entry) == ("waiting", MARCH.id)
