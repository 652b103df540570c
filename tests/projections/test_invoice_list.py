"""The customer invoice list follows batches and ends."""

from decimal import Decimal

import pytest

from projections.invoice_list.fold import INVOICE_LIST
from tests.projections.given import only
from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import Happened

C = CustomerInvoiceFacts()


def after(*facts):
    happened = Happened()
    for fact in facts:
        happened.add(C.stream, fact)
    return only(INVOICE_LIST, happened)


def test_a_new_invoice_is_pending_and_empty():
    row = after(C.created())
    assert (row.status, row.stale, row.lines, row.cost_total, row.number) == ("pending", True, 0, Decimal(0), None)
    assert (row.created_position, row.version, row.customer) == (1, 1, "c-1")


def test_batches_come_and_go_exactly():
    row = after(C.created(), C.added(5, "12.345"), C.added(2, "0.000000000000001"), C.removed(1, "2.345"))
    assert (row.lines, row.cost_total) == (6, Decimal("10.000000000000001"))


@pytest.mark.parametrize(
    ("fact", "status", "stale"),
    [("changed", "pending", True), ("closed", "closed", False), ("deleted", "deleted", False)],
)
def test_ends(fact, status, stale):
    row = after(C.created(), C.added(), getattr(C, fact)())
    assert (row.status, row.stale) == (status, stale)
