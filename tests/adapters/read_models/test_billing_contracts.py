"""The list of contracts and their schedule entries as they are asked."""

from datetime import date

import pytest

from domain.identity import billing_contract_stream
from domain.rejected import Rejected
from projections.billing_contracts.queries import ContractFilter, ScheduleFilter
from projections.paging import PageRequest
from tests.support.contract_facts import ContractFacts, cycle
from tests.support.records import Happened

ALL = PageRequest(25, None, count=True)


def a_history() -> Happened:
    happened = Happened()
    for number, customers, more in (
        ("K-1", ("c-1",), {}),
        ("K-2", ("c-1", "c-2"), {"frequency": "yearly", "tasks": ("send",)}),
        ("X_3", ("c-3",), {"currency": "USD", "starts": date(2026, 5, 1)}),
    ):
        k = ContractFacts(number, *customers)
        happened.add(k.stream, k.signed(**more))
        happened.add(k.stream, k.line())
        if number == "K-2":
            happened.add(k.entry(cycle(1)), k.invoiced(cycle(1), k.made("c-1"), k.made("c-2")), key=k.stream.id)
            happened.add(k.entry(cycle(2)), k.skipped(cycle(2)), key=k.stream.id)
        if number == "X_3":
            happened.add(k.stream, k.ended(date(2026, 7, 1)))
            happened.add(k.entry(cycle(5)), k.empty(cycle(5)), key=k.stream.id)
    return happened


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, ["X_3", "K-2", "K-1"]),
        ({"search": "k-"}, ["K-2", "K-1"]),
        ({"search": "_"}, ["X_3"]),
        ({"search": "contract x"}, ["X_3"]),
        ({"number": "K-1"}, ["K-1"]),
        ({"customer": "c-1"}, ["K-2", "K-1"]),
        ({"status": "ended"}, ["X_3"]),
        ({"currency": "USD"}, ["X_3"]),
        ({"frequency": "yearly"}, ["K-2"]),
        ({"kind": "subscription", "customer": "c-3"}, ["X_3"]),
        ({"kind": "usage"}, []),
        ({"task": "send"}, ["K-2"]),
        ({"billed_on": date(2026, 7, 1)}, ["K-2", "K-1"]),
        ({"billed_on": date(2026, 6, 30)}, ["X_3", "K-2", "K-1"]),
    ],
)
async def test_contracts_are_found(project, ask, wanted, numbers):
    project(a_history())
    page = await ask.billing_contracts.page(ContractFilter(**wanted), ALL)
    assert ([item.row.number for item in page.items], page.total) == (numbers, len(numbers))
    found = await ask.billing_contracts.ids(ContractFilter(**wanted), 25)
    assert found == [billing_contract_stream(number).id for number in sorted(numbers)]
    assert await ask.billing_contracts.ids(ContractFilter(**wanted), 1) == found[:1]


async def test_pages_and_when_it_was_last_billed(project, ask):
    project(a_history())
    page = await ask.billing_contracts.page(ContractFilter(), PageRequest(2, None, count=False))
    assert ([item.last_billed for item in page.items], page.total) == ([None, date(2026, 2, 2)], None)
    rest = await ask.billing_contracts.page(ContractFilter(), PageRequest(2, page.next_cursor, count=True))
    assert ([item.row.number for item in rest.items], rest.total, rest.next_cursor) == (["K-1"], 3, None)
    with pytest.raises(Rejected, match="invalid-cursor"):
        await ask.billing_contracts.page(ContractFilter(), PageRequest(2, "bm9uZQ", count=True))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [("X_3", 6), ("K-2", 3), ("K-2", 2)]),
        ({"contract": "K-2"}, [("K-2", 3), ("K-2", 2)]),
        ({"customer": "c-2"}, [("K-2", 2)]),
        ({"status": "active"}, [("K-2", 3)]),
        ({"reason": "nothing_to_bill"}, [("X_3", 6)]),
        ({"skipped": True}, [("K-2", 3)]),
        ({"run_from": date(2026, 3, 1), "run_to": date(2026, 3, 31)}, [("K-2", 3)]),
        ({"kind": "milestone"}, []),
        ({"line": "seats"}, []),
    ],
)
async def test_entries_are_found(project, ask, wanted, found):
    project(a_history())
    page = await ask.billing_contracts.schedules(ScheduleFilter(**wanted), ALL)
    assert ([(row.contract, row.run_date.month) for row in page.items], page.total) == (found, len(found))


async def test_pages_of_entries(project, ask):
    project(a_history())
    page = await ask.billing_contracts.schedules(ScheduleFilter(), PageRequest(2, None, count=True))
    rest = await ask.billing_contracts.schedules(ScheduleFilter(), PageRequest(2, page.next_cursor, count=True))
    assert [row.run_date.month for row in (*page.items, *rest.items)] == [6, 3, 2]
