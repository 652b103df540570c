"""The one destination of a purchase, by its date, its customer's periods and their invoices."""

from datetime import date, timedelta

from domain.customer_invoice.periods import Span
from domain.identity import periodical_invoice_stream
from domain.purchases.placing import DATE_TOO_LATE, Billed, place

JANUARY = date(2026, 1, 1)
WEEKS = [
    Span(first, first + timedelta(days=6)) for first in (date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15), date(2026, 1, 22))
]  # fmt: skip


def billed(length="monthly", existing=(), **statuses) -> Billed:
    return Billed(
        "C1", length, JANUARY, existing, {span.first: statuses.get(f"s{n}", "open") for n, span in enumerate(existing)}
    )


def at(found):
    return (found.state, found.invoice, found.late)


def test_what_is_too_late_for_a_final_invoice_goes_to_the_next_one_that_takes_it() -> None:
    customer = billed("weekly", WEEKS, s0="approved", s1="approving", s2="closed")
    expected = ("arriving", periodical_invoice_stream("C1", date(2026, 1, 22)).id, True)
    assert at(place(date(2026, 1, 3), customer, None, None)) == expected


def test_behind_the_last_period_begins_the_next_one_whatever_its_length_will_be() -> None:
    customer = billed("monthly", WEEKS, s0="approved", s1="approved", s2="approved", s3="approved")
    expected = ("arriving", periodical_invoice_stream("C1", date(2026, 1, 29)).id, True)
    for day in (date(2026, 1, 3), date(2026, 1, 27)):
        assert at(place(day, customer, None, None)) == expected


def test_a_date_that_no_calendar_of_bills_has_is_a_problem_and_no_crash() -> None:
    found = place(date(9999, 12, 31), billed(), None, None)
    assert (found.state, found.reason) == ("unrouted", DATE_TOO_LATE)
