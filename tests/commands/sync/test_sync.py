"""Syncing invoices that a provider lists, on a real database with real files."""

from decimal import Decimal

import pytest

from domain.provider_invoice.checksum import Override
from domain.rejected import Rejected
from tests.support.yard import both, csv_line, outcomes


async def test_a_listed_invoice_is_imported_with_all_its_lines(yard):
    yard.offer(["60", "40"])

    [item] = await yard.sync()

    assert (item.outcome, item.detail) == ("imported", "2 lines, 100.00 EUR")
    assert await yard.types() == ["population-started", "lines-populated", "activated"]
    assert await yard.lines() == [(1, Decimal(60)), (2, Decimal(40))]
    state = await yard.state()
    assert (state.status, state.source, state.revision) == ("active", "automatic", "1")
