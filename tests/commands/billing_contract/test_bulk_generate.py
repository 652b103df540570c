"""Many contracts generated in one operation: each has one result, and is billed once, whoever else bills it."""

import asyncio
from decimal import Decimal

import pytest

from adapters.verifying import StoredContracts
from commands.billing_contract import bulk_generate
from commands.billing_contract.bulk_request import BULK_GENERATE, Named
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.delete import delete
from commands.operations.work import GiveBack
from commands.ports.event_store import StoreUnavailable
from commands.ports.operations import OperationLost
from domain.billing_contract.lines import change_price
from domain.customer_invoice.state import fold
from domain.identity import Stream, billing_contract_stream
from domain.rejected import Rejected
from tests.support.agreements import build, d, seats
from tests.support.bulk_generation import NOW
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.yard import Signals

SEATS = {"seats": seats()}
"""31.00 a month: 10 at 3.1."""


def cycles(results):
    return {one.data["number"]: (one.outcome, one.data["cycle"]) for one in results.values()}


async def test_each_has_its_next_cycle_billed_with_its_invoices(office, agreed):
    first = await agreed.signed("K-1", SEATS)
    second = await agreed.signed("K-2", SEATS, (("C1", "50"), ("C2", "50")))
    await agreed.run("2026-02-02", second)
    operation = await office.ask("K-1", second, of=2)
    ended = await office.work()
    assert (ended.status, ended.done, ended.total, ended.message) == ("done", 2, 2, "2 invoiced.")
    results = await office.results(operation)
    assert cycles(results) == {"K-1": ("invoiced", "2026-01-01"), "K-2": ("invoiced", "2026-02-01")}
    (made,) = results[str(first)].data["invoices"]
    assert (made["customer"], made["reference"], made["total"]) == ("C1", "K-1/2026-02-02/1", "31.00")
    assert made["href"] == f"/v1/customer-invoices/{made['id']}"
    assert [one["total"] for one in results[str(second)].data["invoices"]] == ["15.50", "15.50"]
    assert results[str(first)].data["run_date"] == "2026-02-02"
    assert results[str(first)].data["warnings"] == []


async def test_what_can_not_be_billed_says_why_and_stops_no_other(office, agreed):
    good = await agreed.signed("K-1", SEATS)
    billed = await agreed.signed("K-2", SEATS)
    short = await agreed.signed("K-3", SEATS, ends=d("2026-02-01"))
    bare = await agreed.signed("K-4", {"build": build(("M1", "2026-02-01", "100", False))})
    made = await agreed.run("2026-02-02", billed, short)
    january = d("2026-01-01")
    results = await office.generated(
        "K-9", Named("K-2", january), str(short), Named(str(good), d("2026-01-02")), Named("K-4", d("2026-02-01"))
    )
    missing = results[str(billing_contract_stream("K-9").id)]
    assert (missing.outcome, missing.data["code"]) == ("failed", "billing-contract-missing")
    assert "K-9" in missing.detail
    again = results[str(billed)]
    assert (again.outcome, again.data["code"], again.data["next"]) == ("skipped", "cycle-invoiced", "2026-02-01")
    assert again.data["invoiced_by"] == [str(made[0].invoices[0].id)]
    assert made[0].invoices[0].reference in again.detail
    assert (results[str(short)].outcome, results[str(short)].data["code"]) == ("skipped", "nothing-left")
    assert (results[str(good)].outcome, results[str(good)].data["code"]) == ("failed", "cycle-unknown")
    assert results[str(bare)].outcome == "nothing_to_bill"
    assert len(results) == 5


async def test_nothing_to_bill_leaves_the_entry_to_the_run_of_its_day(office, agreed):
    contract = await agreed.signed("K-1", {"build": build(("M1", "2026-02-01", "100", False))})
    await office.generated(Named("K-1", d("2026-02-01")))
    assert await agreed.entries(contract) == {}


async def test_a_contract_twice_is_refused_also_by_id_and_number(office, agreed):
    contract = await agreed.signed("K-1", SEATS)
    with pytest.raises(Rejected, match="contract-twice: Contract K-1"):
        await office.ask(contract, "K-1")
    assert await office.operations.claim("tester", [BULK_GENERATE], 1, NOW) is None


async def test_the_next_cycle_is_that_of_when_it_was_asked_for(office, agreed, database):
    """Whoever bills it meanwhile, the following one is not billed instead."""
    contract = await agreed.signed("K-1", SEATS)
    other = await agreed.signed("K-2", SEATS)
    gone = (await agreed.run("2026-02-02", other))[0].invoices[0].id
    await office.ask("K-1", "K-2")
    await agreed.run("2026-02-02", contract)
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        await delete(desk, origin(NOW), gone, "a test")
    operation = await office.work()
    results = await office.results(operation)
    assert cycles(results) == {"K-1": ("skipped", "2026-01-01"), "K-2": ("invoiced", "2026-02-01")}
    assert results[str(contract)].data["code"] == "cycle-invoiced"


async def test_two_requests_at_once_bill_each_once(office, agreed):
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(8)]
    first, second = await office.ask(*contracts), await office.ask(*contracts)
    await asyncio.gather(office.work(), office.work())
    of_first, of_second = await office.results(first), await office.results(second)
    for contract in map(str, contracts):
        codes = {one.outcome: one.data["code"] for one in (of_first[contract], of_second[contract])}
        assert codes == {"invoiced": None, "skipped": "cycle-invoiced"}
    assert await office.made() == 8


async def test_options_are_those_of_the_item_and_else_of_all(office, agreed):
    contracts = [await agreed.signed(f"K-{n}", SEATS, tasks=("send", "sync")) for n in range(3)]
    february = d("2026-02-01")
    results = await office.generated(
        "K-0", Named("K-1", arm_tasks=False), Named("K-2", cycle=d("2026-03-01")), cycle=february, arm_tasks=True
    )
    assert cycles(results) == {
        "K-0": ("invoiced", "2026-02-01"), "K-1": ("invoiced", "2026-02-01"), "K-2": ("invoiced", "2026-03-01"),
    }  # fmt: skip
    armed = {}
    for contract in contracts:
        (made,) = results[str(contract)].data["invoices"]
        state = fold((await agreed.shop.desk.store.load(Stream("customer-invoice", made["id"]))).facts)
        armed[made["reference"]] = sorted((name, task.by) for name, task in state.tasks.items())
    both = [("send", "bulk"), ("sync", "bulk")]
    assert armed == {"K-0/2026-03-02/1": both, "K-1/2026-03-02/1": [], "K-2/2026-04-02/1": both}
    (warning,) = results[str(contracts[2])].data["warnings"]
    assert "2026-04-02" in warning


async def test_what_is_billed_is_replaced_where_asked(office, agreed):
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(2)]
    before = await agreed.run("2026-02-02", *contracts)
    for contract in contracts:
        await agreed.change(contract, lambda known: change_price(known, "seats", d("2026-01-01"), Decimal(6)))
    january = d("2026-01-01")
    results = await office.generated(Named("K-0", replace=True), "K-1", cycle=january)
    first, second = results[str(contracts[0])], results[str(contracts[1])]
    assert (first.outcome, second.data["code"]) == ("invoiced", "cycle-invoiced")
    (made,) = first.data["invoices"]
    assert made["total"] == "60.00"
    (old,) = first.data["replaced"]
    assert (old["id"], old["by"], old["how"]) == (str(before[0].invoices[0].id), made["id"], "superseded")
    assert "close or delete it" in first.data["warnings"][0]


async def test_one_that_raises_fails_alone_and_replaces_nothing_twice(office, agreed):
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(5)]
    await agreed.run("2026-02-02", *contracts)
    office.odd[contracts[3]] = ValueError("odd")
    for contract in contracts:
        await agreed.change(contract, lambda known: change_price(known, "seats", d("2026-01-01"), Decimal(6)))
    results = await office.generated(*contracts, cycle=d("2026-01-01"), replace=True)
    outcomes = [results[str(contract)].outcome for contract in contracts]
    assert outcomes == ["invoiced", "invoiced", "invoiced", "failed", "invoiced"]
    assert results[str(contracts[3])].data["code"] == "unforeseen"
    assert [str(one) for one in office.unforeseen] == ["odd"]
    assert await office.made() == 9


async def test_a_fault_behind_what_was_stored_bills_nothing_twice(office, agreed):
    """What has a result is left alone when the others are tried again, also when it would be replaced once more."""
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(4)]
    await agreed.run("2026-02-02", *contracts)
    for contract in contracts:
        await agreed.change(contract, lambda known: change_price(known, "seats", d("2026-01-01"), Decimal(6)))
    faults = [ValueError("behind the store")]

    async def fault():
        if faults:
            raise faults.pop()

    office.after = fault
    results = await office.generated(*contracts, cycle=d("2026-01-01"), replace=True)
    assert [one.outcome for one in results.values()] == ["invoiced"] * 4
    assert await office.made() == 8


async def test_a_database_that_is_away_is_nobodys_failure(office, agreed, monkeypatch):
    monkeypatch.setattr(bulk_generate, "TOGETHER", 2)
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(6)]
    operation = await office.ask(*contracts)
    for error in (StoreUnavailable("away"), OperationLost(operation.id)):
        office.odd = {contracts[4]: error}
        with pytest.raises(type(error)):
            await office.work(lease=0.0)
        assert str(contracts[4]) not in await office.results(operation)
    office.odd = {}
    ended = await office.work()
    assert (ended.done, ended.total, ended.message) == (6, 6, "6 invoiced.")
    assert await office.made() == 6
    assert office.unforeseen == []


async def test_a_worker_that_stops_gives_back_and_a_cancelled_one_stops(office, agreed, monkeypatch):
    monkeypatch.setattr(bulk_generate, "TOGETHER", 2)
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(16)]
    operation = await office.ask(*contracts)

    async def drain():
        office.signals.draining = True

    office.after = drain
    with pytest.raises(GiveBack):
        await office.work(lease=0.0)
    office.signals, office.after = Signals(), None
    begun = len(await office.results(operation))
    assert 0 < begun < 8  # what was in the lanes

    async def cancel():
        office.signals.cancelled = True

    office.after = cancel
    ended = await office.work()
    assert (ended.status, ended.id) == ("cancelled", operation.id)
    assert begun < ended.done == await office.made() < 16


async def test_busy_ones_are_looked_at_again(office, agreed):
    """A contract that others change all the time is told of only when it stays so."""
    contract = await agreed.signed("K-1", SEATS)
    office.busy = 2
    assert cycles(await office.generated(contract)) == {"K-1": ("invoiced", "2026-01-01")}
    office.busy = 99
    (result,) = (await office.generated(contract)).values()
    assert (result.outcome, result.data["code"]) == ("failed", "busy")


async def test_a_dry_run_stores_the_selection_as_results_and_nothing_else(office, agreed):
    contract = await agreed.signed("K-1", SEATS, tasks=("send",), name="Seats")
    billed = await agreed.signed("K-2", SEATS)
    await agreed.run("2026-02-02", billed)
    head = await agreed.shop.head()
    results = await office.generated(
        "K-1", "K-9", Named("K-2", d("2026-01-01")), dry_run=True, arm_tasks=True, cycle=d("2026-03-01")
    )
    assert await agreed.shop.head() == head
    one = results[str(contract)].data
    assert (one["number"], one["name"], one["cycle"], one["to"], one["run_date"]) == (
        "K-1", "Seats", "2026-03-01", "2026-03-31", "2026-04-02",
    )  # fmt: skip
    assert (one["outcome"], one["invoiced"], one["future"], one["tasks"]) == ("selected", False, True, ["send"])
    assert one["trigger_post_invoicing_tasks"] is True
    again = results[str(billed)].data
    assert (again["outcome"], again["code"], again["invoiced"], again["next"]) == (
        "skipped", "cycle-invoiced", True, "2026-02-01",
    )  # fmt: skip
    assert len(again["invoices"]) == 1
    assert results[str(billing_contract_stream("K-9").id)].data["code"] == "billing-contract-missing"


async def test_rows_of_contracts_follow_from_the_record(office, agreed):
    contracts = [await agreed.signed(f"K-{n}", SEATS) for n in range(3)]
    await office.generated(*contracts)
    await office.generated(*contracts, cycle=d("2026-01-01"), replace=True)
    pages = [page async for page in ledger_check(agreed.billing, StoredContracts(agreed.shop.pool))]
    assert [finding for page in pages for finding in page.findings] == []


async def test_a_line_with_a_frequency_of_its_own_is_billed_when_it_is_next(office, agreed):
    """Its cycle begins on the day of one that is billed already: the one that is left is meant."""
    contract = await agreed.signed("K-1", {**SEATS, "support": seats("1", "90", frequency="quarterly")})
    for day in ("2026-02-02", "2026-03-02"):
        await agreed.run(day, contract)
    told = [(await office.generated(contract))[str(contract)] for _ in range(3)]
    assert [(one.data["cycle"], one.data["invoices"][0]["total"]) for one in told] == [
        ("2026-03-01", "31.00"), ("2026-01-01", "90.00"), ("2026-04-01", "31.00"),
    ]  # fmt: skip
