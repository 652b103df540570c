"""How customer invoices go on, for tests of what follows from facts in any order of topics."""

from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import Happened


def add_what_follows(happened: Happened, c: CustomerInvoiceFacts, n: int) -> None:
    """The n-th invoice goes on: calculated or failed, requested, rejected and reopened, approved, closed."""
    happened.add(c.stream, c.commented())
    if n == 1:
        happened.add(c.stream, c.calculation_failed())
        happened.add(c.stream, c.changed())
        happened.add(c.stream, c.calculation_failed(tries=2))
    if n >= 2:
        happened.add(c.stream, c.calculated(through=9))
        happened.add(c.stream, c.requested("finance", "board", four_eyes=True))
        happened.add(c.stream, c.step_approved("person:bob"))
    if n == 3:
        happened.add(c.stream, c.step_rejected(1))
        happened.add(c.stream, c.step_rejected(0), c.reopened())
    if n >= 4:
        happened.add(c.stream, c.step_approved("person:cy", 2), c.approved(f"INV-2026-00000{n}"))
    if n == 0:
        happened.add(c.stream, c.closed())
