"""One line, one destination, ever."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.rejected import Rejected
from domain.usage_offer import decisions as d
from domain.usage_offer import events as e
from domain.usage_offer.ranges import of_numbers
from domain.usage_offer.state import Tally, evolve, fold

INVOICE = UUID(int=1)
A, B = UUID(int=10), UUID(int=11)
OFFERED = e.UsageOffered(
    provider_invoice=INVOICE,
    provider="ACME",
    invoice_number="F-1",
    attempt=1,
    customer="C1",
    currency="EUR",
    lines=10,
    cost=Decimal("10.5"),
    digest="00",
)


def given(*facts):
    state = fold([OFFERED, *facts])
    assert state is not None
    return state


def take(state, numbers, destination=A, kind="customer-invoice"):
    return d.take(
        state,
        destination=destination,
        kind=kind,
        name=f"INV-{destination.int}",
        ranges=of_numbers(numbers),
        lines=len(numbers),
        cost=Decimal(len(numbers)),
        digest="aa",
    )


def release(state, numbers, invoice=A):
    return d.release(
        state,
        customer_invoice=invoice,
        ranges=of_numbers(numbers),
        lines=len(numbers),
        cost=Decimal(len(numbers)),
        reason="wrong customer",
    )


def reoffer(state, numbers):
    return d.reoffer(state, ranges=of_numbers(numbers), lines=len(numbers), cost=Decimal(len(numbers)), reason="mended")


def after(state, facts):
    for fact in facts:
        state = evolve(state, fact)
    return state


def test_taken_lines_are_free_no_more():
    state = after(given(), take(given(), [1, 2, 3]))
    assert state.free == Tally(7, Decimal("7.5"))
    assert state.taken[A].tally == Tally(3, Decimal(3))


def test_a_line_is_never_taken_twice():
    state = after(given(), take(given(), [1, 2, 3]))
    with pytest.raises(Rejected, match="lines-taken"):
        take(state, [3, 4], destination=B)


def test_more_lines_than_are_free_are_refused():
    with pytest.raises(Rejected, match="batch-size"):
        take(given(), list(range(1, 12)))


def test_released_lines_wait_for_a_reoffer_and_are_then_free():
    state = after(given(), take(given(), [1, 2, 3]))
    state = after(state, release(state, [2]))
    with pytest.raises(Rejected, match="lines-taken"):
        take(state, [2], destination=B)
    state = after(state, reoffer(state, [2]))
    assert state.free.lines == 8
    assert take(state, [2], destination=B)


def test_releasing_all_lines_forgets_the_destination():
    state = after(given(), take(given(), [1, 2]))
    assert after(state, release(state, [1, 2])).taken == {}


def test_repeats_decide_nothing():
    state = after(given(), take(given(), [1]))
    released = after(state, release(state, [1]))
    assert release(released, [1]) == []
    offered_again = after(released, reoffer(released, [1]))
    assert reoffer(offered_again, [1]) == []
    withdrawn = after(given(), d.withdraw(given()))
    assert d.withdraw(withdrawn) == []


def test_lines_of_another_invoice_are_not_released():
    state = after(given(), take(given(), [1]))
    with pytest.raises(Rejected, match="lines-not-invoiced"):
        release(state, [1], invoice=B)
    with pytest.raises(Rejected, match="lines-not-released"):
        reoffer(state, [1])


def test_withdrawing_takes_back_what_is_offered_waiting_or_released():
    state = after(given(), take(given(), [1, 2], kind="customer-inbox"))
    (fact,) = d.withdraw(state)
    assert (fact.lines, fact.cost) == (10, Decimal("10.5"))
    with pytest.raises(Rejected, match="usage-withdrawn"):
        take(after(state, [fact]), [5])


def test_nothing_is_withdrawn_under_an_invoice_that_holds_lines():
    state = after(given(), take(given(), [1]))
    with pytest.raises(Rejected, match="lines-invoiced"):
        d.withdraw(state)


def test_costs_of_any_length_are_told_to_the_last_decimal():
    cost, first = Decimal("1234567890123456.123456789012345"), Decimal("234567890123456.123456789012344")
    offered = OFFERED.model_copy(update={"cost": cost})
    state = fold([offered])
    taken = d.take(
        state,
        destination=A,
        kind="customer-invoice",
        name="INV-10",
        ranges=of_numbers([1]),
        lines=1,
        cost=first,
        digest="00",
    )
    after = fold([offered, *taken])
    assert after.free == Tally(9, Decimal("1000000000000000.000000000000001"))


EARLY = (
    e.ExcludedLines(reason="before_bill_from", lines=3, cost=Decimal(7)),
    e.ExcludedLines(reason="tax", lines=1, cost=Decimal(1)),
)
DAY = date(2026, 1, 1)


def include(state, lines=2, cost="5", included=None):
    return d.include(state, included, bill_from=DAY, lines=lines, cost=Decimal(cost), digest="ee")


def excluding(*facts):
    state = fold([OFFERED.model_copy(update={"excluded": EARLY}), *facts])
    assert state is not None
    return state


def test_included_lines_leave_what_is_excluded_and_are_an_offer_of_their_own():
    (said,), (offered,) = include(excluding())
    after, other = excluding(said), fold([offered])
    assert [(x.reason, x.lines, x.cost) for x in after.excluded] == [
        ("before_bill_from", 1, Decimal(2)),
        ("tax", 1, Decimal(1)),
    ]
    assert (after.early, after.free) == (Tally(1, Decimal(2)), Tally(10, Decimal("10.5")))
    assert (other.free, other.excluded, other.included_from) == (Tally(2, Decimal(5)), (), DAY)
    assert (other.stream.id, other.key, after.key) == (said.offer, str(said.offer), "C1")
    assert other.stream != after.stream


def test_all_of_them_leave_no_reason():
    (said,), _ = include(excluding(), 3, "7")
    assert [x.reason for x in excluding(said).excluded] == ["tax"]


def test_nothing_is_included_twice_or_from_what_is_withdrawn():
    state = excluding()
    _, (offered,) = include(state)
    assert include(state, included=fold([offered])) == ([], [])
    assert include(state, lines=0) == ([], [])
    assert include(excluding(*d.withdraw(state))) == ([], [])


def test_no_more_is_included_than_was_excluded():
    with pytest.raises(Rejected, match="lines-not-excluded"):
        include(excluding(), lines=4)
