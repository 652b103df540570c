"""Whole contracts: given the facts so far, when signed, amended or ended, then facts or a clear refusal."""

import pytest

from domain.billing_contract.agreement import amend, end, sign
from domain.rejected import Rejected
from tests.domain.billing_contract.contracts import START, after, shares, signed, subscription, terms, with_line
from tests.domain.billing_contract.dates import d


def test_a_contract_is_signed_once() -> None:
    contract = signed()
    assert (contract.status, contract.terms.offset, contract.terms.approval) == ("active", 2, "manual")
    assert sign(contract, "K-1", terms(), START) == []
    amended = after(contract, amend(contract, terms(name="Other")))
    assert sign(amended, "K-1", terms(), START) == []
    with pytest.raises(Rejected, match="contract-number-taken"):
        sign(contract, "K-1", terms(name="Third"), START)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"customers": shares(C1="60", C2="39.99")}, "shares-not-100"),
        ({"customers": ()}, "no-customers"),
        ({"customers": shares(C1="101", C2="-1")}, "share-not-positive"),
        ({"offset": 367}, "offset-out-of-range"),
        ({"offset": -367}, "offset-out-of-range"),
        ({"ends": START}, "end-before-start"),
        ({"ends": d("2025-12-31")}, "end-before-start"),
        ({"starts": d("0026-01-01")}, "date-out-of-range"),
        ({"currency": "XYZ"}, "unknown-currency"),
        ({"tasks": ("send", "send")}, "task-twice"),
    ],
)
def test_what_is_no_contract(more, code) -> None:
    with pytest.raises(Rejected, match=code):
        sign(None, "K-1", terms(**more), START)


@pytest.mark.parametrize("number", ["", " ", "a\nb", "x" * 65])
def test_what_is_no_number(number) -> None:
    with pytest.raises(Rejected, match="contract-number-invalid"):
        sign(None, number, terms(), START)


@pytest.mark.parametrize("offset", [-366, 366])
def test_offsets_at_the_edge(offset) -> None:
    assert sign(None, "K-1", terms(offset=offset), START)


def test_amending() -> None:
    contract = signed()
    assert amend(contract, terms()) == []
    changed = after(contract, amend(contract, terms(name="New", tasks=("send",), approval="automatic")))
    assert (changed.terms.name, changed.terms.tasks, changed.terms.approval) == ("New", ("send",), "automatic")


def test_shares_change_from_a_day_on() -> None:
    contract, halves = signed(), terms(customers=shares(C1="50", C2="50"))
    later = after(contract, amend(contract, halves, shares_from=d("2026-03-01")))
    assert [(s.day, len(s.shares)) for s in later.shares] == [(START, 1), (d("2026-03-01"), 2)]
    assert amend(later, halves, shares_from=d("2026-03-01")) == []
    from_the_start = after(contract, amend(contract, halves))
    assert [(s.day, len(s.shares)) for s in from_the_start.shares] == [(START, 2)]
    with pytest.raises(Rejected, match="change-before-start"):
        amend(contract, halves, shares_from=d("2025-12-31"))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"starts": d("2026-01-02")}, "fixed-once-invoiced"),
        ({"currency": "USD"}, "fixed-once-invoiced"),
        ({"frequency": "yearly"}, "fixed-once-invoiced"),
        ({"customers": shares(C1="50", C3="50")}, "fixed-once-invoiced"),
        ({"customers": shares(C1="40", C2="60")}, "shares-from-missing"),
    ],
)
def test_what_is_fixed_once_something_is_invoiced(more, code) -> None:
    both = {"customers": shares(C1="50", C2="50")}
    contract, wanted = signed(**both), terms(**{**both, **more})
    with pytest.raises(Rejected, match=code):
        amend(contract, wanted, invoiced=START)
    assert amend(contract, wanted)


def test_a_contract_starts_before_its_lines() -> None:
    with pytest.raises(Rejected, match="line-before-start"):
        amend(with_line(subscription()), terms(starts=d("2026-01-02")))


def test_an_end_is_no_amendment() -> None:
    with pytest.raises(Rejected, match="end-by-end"):
        amend(signed(), terms(ends=d("2027-01-01")))


def test_an_end_may_be_moved_until_a_later_cycle_is_invoiced() -> None:
    ended = after(signed(), end(signed(), d("2026-07-01")))
    assert (ended.status, ended.terms.ends) == ("ended", d("2026-07-01"))
    assert end(ended, d("2026-07-01")) == []
    assert after(ended, end(ended, d("2026-05-01"), invoiced=d("2026-04-01"))).terms.ends == d("2026-05-01")
    with pytest.raises(Rejected, match="later-cycle-invoiced"):
        end(ended, d("2026-05-01"), invoiced=d("2026-05-01"))
    with pytest.raises(Rejected, match="end-before-start"):
        end(ended, START)
