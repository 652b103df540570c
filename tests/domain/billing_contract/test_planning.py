"""Schedules of a contract: which lines share the cycle, which have entries of their own."""

from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.planning import schedules_of
from domain.billing_contract.schedule import entries
from tests.domain.billing_contract.contracts import fixed, milestone, signed, subscription, with_line, work
from tests.domain.billing_contract.dates import d


def planned(contract, last="2026-03-31"):
    found = entries(schedules_of(contract), d("2026-01-01"), d(last))
    return [(str(e.run_date), e.kind, e.line) for e in found]


def test_a_contract_without_lines_bills_nothing() -> None:
    assert planned(signed()) == []


def test_subscriptions_and_usage_share_the_cycle() -> None:
    contract = with_line(UsageTerms(everything=True), with_line(subscription()), code="U")
    assert planned(contract) == [("2026-02-02", "cycle", None), ("2026-03-02", "cycle", None)]


def test_own_frequency_and_waiting_for_providers_have_entries_of_their_own() -> None:
    contract = with_line(subscription(frequency="quarterly"), code="Q")
    contract = with_line(UsageTerms(everything=True, wait_for_providers=5), contract, code="W")
    assert planned(contract, "2026-04-30") == [
        ("2026-02-02", "cycle", "W"), ("2026-03-02", "cycle", "W"), ("2026-04-02", "cycle", "Q"),
        ("2026-04-02", "cycle", "W"),
    ]  # fmt: skip


def test_runs_milestones_and_the_last_run() -> None:
    contract = with_line(work("time"), ends=d("2026-03-01"))
    contract = with_line(fixed(milestone()), contract, code="F")
    assert planned(contract) == [
        ("2026-01-21", "run", "L"), ("2026-02-18", "run", "L"), ("2026-03-01", "milestone", "F"),
        ("2026-03-02", "run", "L"),
    ]  # fmt: skip


def test_the_shared_cycle_ends_with_the_last_line_that_shares_it() -> None:
    contract = with_line(subscription(), ends=d("2026-01-15"))
    assert planned(contract) == [("2026-02-02", "cycle", None)]
