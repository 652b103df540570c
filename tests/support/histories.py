"""How customer invoices go on, for tests of what follows from facts in any order of topics."""

from tests.support.billing import CustomerInvoiceFacts
from tests.support.contract_facts import ContractFacts, cycle
from tests.support.records import Happened
from tests.support.task_facts import TaskFacts


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


def add_contract(happened: Happened, c: CustomerInvoiceFacts, n: int) -> None:
    """The n-th contract: signed, with lines, billed, an invoice deleted; and tasks of a customer invoice."""
    k, january, tasks = ContractFacts(f"K-{n}", "c-1", "c-2"), cycle(1), TaskFacts(f"T-{n}")
    happened.add(k.stream, k.signed(), k.line(), k.quantity())
    happened.add(
        k.entry(january), k.received(january), k.invoiced(january, k.made("c-1"), k.made("c-2")), key=k.stream.id
    )
    happened.add(c.stream, tasks.armed("charge"), tasks.unknown("charge"))
    if n % 2:
        happened.add(k.entry(january), k.reactivated(january, k.made("c-1")), key=k.stream.id)
        happened.add(k.entry(cycle(2)), k.skipped(cycle(2)), k.empty(cycle(2)), key=k.stream.id)
        happened.add(c.stream, tasks.failed("charge", 2))
