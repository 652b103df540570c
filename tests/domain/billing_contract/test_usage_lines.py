"""Which contract line takes a purchase, and in which cycle."""

from uuid import UUID

import pytest

from domain.billing_contract.agreement import end, sign
from domain.billing_contract.entry import EntryState, entry_stream, ref_of
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.schedule import Entry
from domain.billing_contract.usage_lines import Bought, boundaries, cycle_place, same_place, taking, usage_lines
from tests.domain.billing_contract.contracts import after, signed, terms, with_line
from tests.domain.billing_contract.dates import d


def lines_of(*usage: tuple[str, UsageTerms], number: str = "K-1", recorded: str = "2026-01-01", entries=None, **more):
    state = after(None, sign(None, number, terms(**more), d(recorded)))
    for code, one in usage:
        state = with_line(one, state, code=code)
    return usage_lines(UUID(int=1), state, entries or {})


ALL = ("all", UsageTerms(everything=True))
SUBSCRIPTION = ("subscription", UsageTerms(subscriptions=("S1",)))
PRODUCT = ("product", UsageTerms(products=("P1",)))
CATEGORY = ("category", UsageTerms(categories=("cloud",)))


@pytest.mark.parametrize(
    ("bought", "line"),
    [
        (Bought(d("2026-02-03"), "P1", "cloud", "S1"), "subscription"),
        (Bought(d("2026-02-03"), "P1", "cloud", "S2"), "product"),
        (Bought(d("2026-02-03"), "P2", "cloud"), "category"),
        (Bought(d("2026-02-03"), "P2"), "all"),
        (Bought(d("2025-12-31"), "P1"), None),
    ],
)
def test_given_several_lines_then_the_most_specific_takes_it(bought, line):
    found = taking(lines_of(ALL, CATEGORY, PRODUCT, SUBSCRIPTION), bought)
    assert (found and found.line.code) == line


def test_given_two_contracts_then_the_older_one_takes_it():
    younger, older = lines_of(ALL, number="A", recorded="2026-02-01"), lines_of(ALL, number="B", recorded="2026-01-15")
    found = taking([*younger, *older], Bought(d("2026-02-03"), "P1"))
    assert found is not None
    assert found.contract.number == "B"
    more_specific = lines_of(PRODUCT, number="C", recorded="2026-03-01")
    found = taking([*younger, *older, *more_specific], Bought(d("2026-02-03"), "P1"))
    assert found is not None
    assert found.contract.number == "C"


def test_given_a_contract_that_ended_then_it_takes_what_was_bought_before():
    state = with_line(ALL[1], signed())
    ended = usage_lines(UUID(int=1), after(state, end(state, d("2026-02-10"))), {})
    assert taking(ended, Bought(d("2026-02-09"), "P1")) is not None
    assert taking(ended, Bought(d("2026-02-10"), "P1")) is None


def billed(first: str, last: str, run: str) -> tuple[Entry, EntryState]:
    entry = Entry(d(run), "cycle", None, d(first), d(last))
    return entry, EntryState(ref_of("K-1", entry), status="inactive", reason="invoiced")


def test_given_a_cycle_that_is_billed_then_it_waits_for_the_next_one_and_is_late():
    (line,) = lines_of(ALL)
    place = cycle_place(line, d("2026-01-31"))
    assert place is not None
    assert (place.at.first, place.at.run_date, place.late) == (d("2026-01-01"), d("2026-02-02"), False)
    entry, state = billed("2026-01-01", "2026-01-31", "2026-02-02")
    (line,) = lines_of(ALL, entries={entry_stream("K-1", entry).id: state})
    place = cycle_place(line, d("2026-01-31"))
    assert place is not None
    assert (place.at.first, place.late) == (d("2026-02-01"), True)


def test_given_an_ended_contract_whose_cycles_are_all_billed_then_there_is_no_cycle():
    entry, state = billed("2026-01-01", "2026-01-31", "2026-02-02")
    (line,) = lines_of(ALL, entries={entry_stream("K-1", entry).id: state}, ends=d("2026-02-01"))
    assert cycle_place(line, d("2026-01-31")) is None
    assert cycle_place(line, d("2026-02-01")) is None


def test_given_a_line_that_waits_for_providers_then_it_has_entries_of_its_own():
    shared, own = lines_of(ALL, ("waits", UsageTerms(products=("P1",), wait_for_providers=5)))
    first, second = cycle_place(shared, d("2026-01-31")), cycle_place(own, d("2026-01-31"))
    assert first is not None
    assert second is not None
    assert (first.at.line, second.at.line) == (None, "waits")
    assert first.entry != second.entry


def test_days_on_which_another_line_or_cycle_begins():
    lines = lines_of(ALL, ("weeks", UsageTerms(products=("P1",), frequency="weekly")))
    assert boundaries(lines, d("2026-01-05"), d("2026-02-01")) == [
        d(day) for day in ("2026-01-05", "2026-01-08", "2026-01-15", "2026-01-22", "2026-01-29", "2026-02-01")
    ]
    assert same_place(lines_of(ALL), d("2026-01-05"), d("2026-01-31"))
    assert not same_place(lines_of(ALL), d("2026-01-05"), d("2026-02-01"))
    assert not same_place(lines, d("2026-01-05"), d("2026-01-05"))
