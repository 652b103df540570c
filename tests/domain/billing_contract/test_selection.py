"""When a contract is due, as far as its schedules do not say it."""

from datetime import date
from uuid import UUID

from domain.billing_contract import lines
from domain.billing_contract.entry import entry_stream, ref_of
from domain.billing_contract.entry_events import BilledPart
from domain.billing_contract.entry_state import EntryState
from domain.billing_contract.known import Known
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Ask, due_entries, next_run, run_dates
from tests.domain.billing_contract.contracts import START, after, with_line, work
from tests.domain.billing_contract.dates import D, d

GONE = Entry(d("2026-02-18"), "run", "L", d("2026-02-18"), d("2026-02-18"))
CONTRACT, INVOICE = UUID(int=1), UUID(int=2)


def with_a_part_to_bill_again(deleted: date) -> Known:
    """A run was billed ahead, one customer's invoice of it is deleted, and the line ends before it."""
    contract = with_line(work("time"))
    contract = after(contract, lines.end_line(contract, "L", d("2026-01-21")))
    part = BilledPart(invoice=INVOICE, customer="C1", line="L", amount=D(10))
    state = EntryState(ref_of("K-1", GONE), live=frozenset({UUID(int=3)}), owed=(part,), reactivated=deleted)
    ended = Entry(d("2026-01-22"), "run", "L", d("2026-01-22"), d("2026-01-22"), closing=True)
    done = EntryState(ref_of("K-1", ended), "inactive", "nothing_to_bill")
    streams = {entry_stream("K-1", GONE).id: state, entry_stream("K-1", ended).id: done}
    return Known(CONTRACT, contract, streams)


def test_a_part_that_is_billed_again_is_due_on_its_day_though_no_schedule_has_it():
    known = with_a_part_to_bill_again(d("2026-02-01"))
    assert next_run(known, START) == GONE.run_date
    (one,) = due_entries(known, Ask("run", GONE.run_date, since=GONE.run_date))
    assert one.entry.run_date == GONE.run_date


def test_where_its_day_was_past_it_is_found_on_request():
    known = with_a_part_to_bill_again(d("2026-03-01"))
    assert next_run(known, START) is None
    assert run_dates(known, d("2026-02-01"), d("2026-02-28")) == [GONE.run_date]
    (one,) = due_entries(known, Ask("request", GONE.run_date, overdue_from=GONE.run_date))
    assert one.entry.run_date == GONE.run_date
