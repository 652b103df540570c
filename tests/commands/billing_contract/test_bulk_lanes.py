"""Contracts that take usage are generated beside the others: one with very much of it delays the few in its part."""

import asyncio

import pytest

from commands.billing_contract import bulk_generate
from commands.ports.event_store import StoreUnavailable
from domain.billing_contract.parts import UsageTerms
from tests.support.agreements import seats
from tests.support.waiting import eventually_async

SEATS = {"seats": seats()}
USAGE = {"usage": UsageTerms(everything=True)}


async def signed(agreed, letter, count, lines):
    return [await agreed.signed(f"{letter}-{n}", lines) for n in range(count)]


async def test_contracts_with_usage_are_billed_in_small_parts_beside_the_others(office, agreed, monkeypatch):
    monkeypatch.setattr(bulk_generate, "WITH_USAGE", 2)
    usage, plain = await signed(agreed, "U", 5, USAGE), await signed(agreed, "K", 5, SEATS)
    await office.generated(*usage, *plain)
    assert sorted(map(len, office.billed)) == [1, 2, 2, 5]
    assert set(plain) in [set(part) for part in office.billed]


async def test_whatever_takes_no_usage_goes_on_while_some_take_very_much(office, agreed, monkeypatch):
    monkeypatch.setattr(bulk_generate, "WITH_USAGE", 1)
    monkeypatch.setattr(bulk_generate, "TOGETHER", 2)
    slow, plain = await signed(agreed, "U", 3, USAGE), await signed(agreed, "K", 7, SEATS)
    office.slow = set(slow)
    operation = await office.ask(*slow, *plain)
    working = asyncio.create_task(office.work())

    async def others_done():
        return {str(one) for one in plain} <= (await office.results(operation)).keys()

    await eventually_async(others_done)
    assert not {str(one) for one in slow} & (await office.results(operation)).keys()
    office.gate.set()
    assert (await working).done == 10


async def test_nothing_goes_on_behind_a_fault(office, agreed, monkeypatch):
    monkeypatch.setattr(bulk_generate, "TOGETHER", 1)
    slow, bad = await signed(agreed, "K", 2, SEATS)
    office.slow, office.odd = {slow}, {bad: StoreUnavailable("away")}
    operation = await office.ask(slow, bad)
    with pytest.raises(StoreUnavailable):
        await office.work(lease=0.0)
    assert office.given_up == [[slow]]
    office.gate.set()
    office.odd = {}
    assert (await office.work()).done == 2
    assert await office.made() == 2
    assert {one.outcome for one in (await office.results(operation)).values()} == {"invoiced"}


async def test_what_is_billed_between_its_selection_and_its_turn_is_not_followed_by_another_entry(office, agreed):
    """The cycle of a line begins on the same day, and is not billed either."""
    contract = await agreed.signed("K-1", {**SEATS, "support": seats("1", "90", frequency="quarterly")})
    office.slow = {contract}
    operation = await office.ask(contract)
    working = asyncio.create_task(office.work())
    await eventually_async(lambda: _begun(office))
    await agreed.run("2026-02-02", contract)
    office.gate.set()
    await working
    (result,) = (await office.results(operation)).values()
    assert (result.outcome, result.data["code"], result.data["next"]) == ("skipped", "cycle-invoiced", "2026-02-01")


async def test_a_line_s_own_cycle_that_is_next_replaces_nothing_of_the_contract_s(office, agreed):
    contract = await agreed.signed("K-1", {**SEATS, "support": seats("1", "90", frequency="quarterly")})
    for day in ("2026-02-02", "2026-03-02"):
        await agreed.run(day, contract)
    await office.generated(contract)
    (result,) = (await office.generated(contract, replace=True)).values()
    assert (result.data["cycle"], result.data["replaced"]) == ("2026-01-01", [])
    assert [one["total"] for one in result.data["invoices"]] == ["90.00"]


async def _begun(office):
    return bool(office.billed)
