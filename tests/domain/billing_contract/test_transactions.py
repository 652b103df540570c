"""Transactions: given a line's year, when one is recorded, marked or cancelled, then facts or a clear refusal."""

from dataclasses import replace

import pytest

from domain.billing_contract.time_and_material import Transaction
from domain.billing_contract.transactions import Transactions, cancel, fold_transactions, mark, record
from domain.rejected import Rejected
from tests.domain.billing_contract.contracts import fixed, milestone, with_line, work
from tests.domain.billing_contract.dates import D, d

CONTRACT = with_line(work("time", "fee"), ends=d("2026-12-01"))
HOURS = Transaction("T1", d("2026-02-03"), "time", D("1.5"), D(90), cost=D(60), customer="C1")


def recorded() -> list:
    return record(CONTRACT, "L", Transactions(), HOURS)


def known(*more) -> Transactions:
    return fold_transactions([*recorded(), *more])


def test_a_transaction_is_recorded_once() -> None:
    assert known().of("T1") == HOURS
    assert record(CONTRACT, "L", known(), HOURS) == []
    with pytest.raises(Rejected, match="transaction-id-taken"):
        record(CONTRACT, "L", known(), replace(HOURS, price=D(91)))


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (replace(HOURS, kind="material"), "class-not-taken"),
        (replace(HOURS, day=d("2025-12-31")), "transaction-before-start"),
        (replace(HOURS, day=d("2026-12-01")), "transaction-after-end"),
        (replace(HOURS, customer="C2"), "customer-not-in-contract"),
        (replace(HOURS, id="a/b"), "code-invalid"),
    ],
)
def test_what_no_line_takes(wanted, code) -> None:
    with pytest.raises(Rejected, match=code):
        record(CONTRACT, "L", Transactions(), wanted)


def test_only_a_line_of_time_and_material_takes_any() -> None:
    with pytest.raises(Rejected, match="line-of-other-kind"):
        record(with_line(fixed(milestone())), "L", Transactions(), HOURS)


def test_ready_and_not_each_once() -> None:
    ready = mark(CONTRACT, "L", known(), "T1", ready=True)
    assert known(*ready).of("T1").ready
    with pytest.raises(Rejected, match="ready-already"):
        mark(CONTRACT, "L", known(*ready), "T1", ready=True)
    back = mark(CONTRACT, "L", known(*ready), "T1", ready=False)
    with pytest.raises(Rejected, match="not-ready"):
        mark(CONTRACT, "L", known(*ready, *back), "T1", ready=False)


def test_a_cancelled_one_is_never_taken() -> None:
    gone = cancel(CONTRACT, "L", known(), "T1", "typed twice")
    assert known(*gone).of("T1").taken
    assert cancel(CONTRACT, "L", known(*gone), "T1", "again") == []
    with pytest.raises(Rejected, match="transaction-cancelled"):
        mark(CONTRACT, "L", known(*gone), "T1", ready=True)
    with pytest.raises(Rejected, match="transaction-missing"):
        cancel(CONTRACT, "L", known(), "T2", "typed twice")
