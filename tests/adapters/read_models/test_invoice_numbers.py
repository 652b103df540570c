"""Search by a part of a number: exact counts and the newest first, whatever the numbers look like."""

from datetime import date, timedelta

import psycopg
import pytest

from adapters.read_models.invoice_list import numbers
from projections.invoice_list.queries import InvoiceFilter as Filter
from projections.paging import PageRequest
from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import Happened

TODAY = date(2026, 3, 15)
NUMBERS = [
    "INV-2026-000001", "INV-2026-000010", "INV-2026-000999", "INV-2026-001000", "INV-2026-202612", "Inv-2025-1",
    "INV-2025-99", "7/2026/v2", "1234/2026", "12345/2026/x1", "2026", "20262026", "R2026-2026-2026", "ÄB-1-ß", "X",
    "A12B345C6", "A12B345C66", "A12B3456C6", "100%_1", "100%_2",
]  # fmt: skip
PARTS = [
    "", "0", "1", "00", "000", "0000", "2026", "26", "62", "026-0", "-0", "-2026-", "INV", "inv-2026-0009", "v", "/",
    "2/", "2026/v", "34/2", "345", "B3", "5C6", "56c", "6", "äb", "%", "_", "0%_1", "x", "zz", "INV-2026-000999", "99",
]  # fmt: skip


def approved(names: list[str]) -> Happened:
    """An invoice for each number, its period ending the later the shorter the number, and some on the same day."""
    happened = Happened()
    for name in names:
        c = CustomerInvoiceFacts(name)
        last = TODAY - timedelta(days=len(name) // 2)
        happened.add(c.stream, c.created(date(2026, 1, 1), last), c.calculated(), c.requested(), c.approved(name))
    return happened


@pytest.mark.parametrize("few", [0, 3, 1000])
async def test_every_part_is_found_and_counted(project, ask, monkeypatch, few):
    """However many are looked up one by one before the rest is met on the way."""
    monkeypatch.setattr(numbers, "FEW", few)
    project(approved(NUMBERS))
    every = [i.row.number for i in (await ask.invoice_list.page(Filter(), PageRequest(), TODAY)).items]
    assert sorted(every) == sorted(NUMBERS)
    for part in PARTS:
        expected = [n for n in every if part.lower() in n.lower()]
        found, cursor = [], None
        while True:
            page = await ask.invoice_list.page(Filter(number=part), PageRequest(3, cursor), TODAY)
            assert page.total == len(expected), part
            found += [i.row.number for i in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected, part


async def test_views_without_numbers_have_none(project, ask):
    project(approved(["INV-1"]))
    page = await ask.invoice_list.page(Filter(number="1", view="live"), PageRequest(), TODAY)
    assert (page.items, page.total) == ([], 0)


PLACES = "SELECT lead, width, rest, taken, earliest, latest FROM read_models.invoice_numbers ORDER BY 1, 2, 3"


def test_kept_numbers_are_those_of_the_rows(project, database):
    """One by one as they come, after a later change, or listed anew; they go with their rows."""
    happened = Happened()
    for number in NUMBERS[:4]:
        c = CustomerInvoiceFacts(number)
        happened.add(c.stream, c.created(), c.calculated(), c.requested(), c.approved(number))
        project(happened)
        happened.add(c.stream, c.commented())
        project(happened)
    with psycopg.connect(database) as connection:
        kept = connection.execute(PLACES).fetchall()
        assert [(row[0], row[1], row[3].count("1")) for row in kept] == [("inv-2026-000", 3, 3), ("inv-2026-001", 3, 1)]
        connection.execute("SELECT read_models.list_invoice_numbers()")
        assert connection.execute(PLACES).fetchall() == kept
        connection.execute("DELETE FROM read_models.invoice_list WHERE number = 'INV-2026-001000'")
        left = connection.execute("SELECT sum(bit_count(taken)) FROM read_models.invoice_numbers").fetchone()
        assert left == (3,)
        connection.execute("TRUNCATE read_models.invoice_list")
        assert connection.execute(PLACES).fetchall() == []
