"""The list of contracts and their schedule entries: given facts, then rows."""

from datetime import date

from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms
from domain.identity import contract_transactions_stream
from projections.billing_contracts.read_model import BILLING_CONTRACTS
from tests.projections.given import only, rows
from tests.support.contract_facts import ContractFacts, cycle
from tests.support.records import Happened

M1 = MilestoneTerms(name="M1", day=date(2026, 3, 1), amount=100)
BUILD = FixedPriceTerms(milestones=(M1,))


def test_a_contract_is_shown_as_it_is_agreed_now():
    k, happened = ContractFacts("K-1", "c-1", "c-2"), Happened()
    happened.add(k.stream, k.signed(), k.line(), k.line("build", BUILD), k.line("more"), k.milestone())
    happened.add(k.stream, k.quantity(), k.price(), k.line_ended(), k.ready("M1"), k.unready("M1"))
    row = only(BILLING_CONTRACTS, happened, "billing_contracts")
    assert (row.number, row.status, row.customers, row.ends) == ("K-1", "active", ("c-1", "c-2"), None)
    assert (row.lines, row.kinds, row.version) == (3, ("fixed_price", "subscription"), 10)
    happened.add(k.stream, k.amended(name="Other", tasks=("send",)), k.ended(date(2026, 7, 1)))
    row = only(BILLING_CONTRACTS, happened, "billing_contracts")
    assert (row.name, row.tasks, row.status, row.ends) == ("Other", ("send",), "ended", date(2026, 7, 1))


def test_a_transaction_that_is_ready_leaves_the_contracts_row_as_it_was():
    k, happened = ContractFacts(), Happened()
    happened.add(k.stream, k.signed())
    before = only(BILLING_CONTRACTS, happened, "billing_contracts")
    happened.add(contract_transactions_stream("K-1", "hours", 2026), k.ready(transaction="T1"), key=k.stream.id)
    assert only(BILLING_CONTRACTS, happened, "billing_contracts") == before


def test_an_entry_that_is_billed_deleted_and_billed_anew():
    k, happened, january = ContractFacts("K-1", "c-1", "c-2"), Happened(), cycle(1)
    stream, first, second = k.entry(january), k.made("c-1"), k.made("c-2")
    happened.add(stream, k.received(january), k.skipped(january), k.skipped(january), key=k.stream.id)
    row = only(BILLING_CONTRACTS, happened, "billing_schedules")
    assert (row.status, row.received_lines, [s["line"] for s in row.skipped]) == ("active", 3, ["build"])
    happened.add(stream, k.invoiced(january, first, second), key=k.stream.id)
    row = only(BILLING_CONTRACTS, happened, "billing_schedules")
    assert (row.status, row.reason, row.day) == ("inactive", "invoiced", date(2026, 2, 2))
    assert (row.contract_id, row.customers) == (str(k.stream.id), ("c-1", "c-2"))
    happened.add(stream, k.reactivated(january, first), key=k.stream.id)
    row = only(BILLING_CONTRACTS, happened, "billing_schedules")
    assert (row.status, row.reason, [i["deleted"] for i in row.invoices]) == ("active", None, [True, False])
    again, newer = k.made("c-1", 2), k.made("c-2", 2)
    happened.add(stream, k.replaced(january, second, newer), k.invoiced(january, again, newer), key=k.stream.id)
    row = only(BILLING_CONTRACTS, happened, "billing_schedules")
    assert [i["id"] for i in row.invoices] == [str(i.invoice) for i in (again, newer, first, second)]
    assert [i["superseded"] for i in row.invoices] == [False, False, False, True]


def test_an_entry_whose_invoice_is_recalculated_is_billed_as_it_was():
    k, happened, january = ContractFacts(), Happened(), cycle(1)
    made = k.made("c-1")
    happened.add(k.entry(january), k.invoiced(january, made), key=k.stream.id)
    before = only(BILLING_CONTRACTS, happened, "billing_schedules")
    happened.add(k.entry(january), k.rebilled(january, made), key=k.stream.id)
    row = only(BILLING_CONTRACTS, happened, "billing_schedules")
    moved = {"version": row.version, "position": row.position, "last_event_at": row.last_event_at}
    assert (row, row.version) == (before._replace(**moved), before.version + 1)


def test_entries_with_nothing_to_bill_and_cancelled_ones():
    k, happened = ContractFacts(), Happened()
    happened.add(k.entry(cycle(1)), k.empty(cycle(1)), key=k.stream.id)
    happened.add(k.entry(cycle(2)), k.cancelled(cycle(2)), key=k.stream.id)
    found = rows(BILLING_CONTRACTS, happened)["billing_schedules"].values()
    assert [(row.status, row.reason) for row in found] == [("inactive", "nothing_to_bill"), ("inactive", "cancelled")]
