"""Lines: given a contract, when one is added, changed, marked or ended, then facts or a clear refusal."""

import pytest

from domain.billing_contract.lines import (
    add_line,
    add_milestone,
    change_price,
    change_quantity,
    end_line,
    mark_milestone,
)
from domain.billing_contract.parts import UsageTerms
from domain.rejected import Rejected
from tests.domain.billing_contract.contracts import (
    START,
    after,
    fixed,
    milestone,
    signed,
    subscription,
    with_line,
    work,
)
from tests.domain.billing_contract.dates import D, d


@pytest.mark.parametrize(
    "line", [subscription(), UsageTerms(products=("P",)), UsageTerms(everything=True), fixed(milestone()), work("time")]
)
def test_a_line_of_each_kind_is_added_once(line) -> None:
    contract = with_line(line)
    assert contract.line("L").terms == line
    assert add_line(contract, "L", "Line", START, None, line) == []
    with pytest.raises(Rejected, match="line-code-taken"):
        add_line(contract, "L", "Other", START, None, line)


@pytest.mark.parametrize(
    ("line", "starts", "ends", "code"),
    [
        (subscription(quantity=D(-1)), START, None, "quantity-negative"),
        (subscription(), d("2025-12-31"), None, "line-before-start"),
        (subscription(), d("2027-01-01"), None, "line-after-end"),
        (subscription(), START, START, "end-before-start"),
        (UsageTerms(), START, None, "usage-unclear"),
        (UsageTerms(everything=True, products=("P",)), START, None, "usage-unclear"),
        (UsageTerms(everything=True, wait_for_providers=-1), START, None, "wait-out-of-range"),
        (fixed(), START, None, "no-milestone"),
        (fixed(milestone(), milestone()), START, None, "milestone-twice"),
        (work(), START, None, "no-class"),
    ],
)
def test_what_is_no_line(line, starts, ends, code) -> None:
    with pytest.raises(Rejected, match=code):
        add_line(signed(ends=d("2027-01-01")), "L", "Line", starts, ends, line)


@pytest.mark.parametrize("code", ["", "a/b", "-x", "x" * 65, "a b"])
def test_what_is_no_code(code) -> None:
    with pytest.raises(Rejected, match="code-invalid"):
        add_line(signed(), code, "Line", START, None, subscription())


def test_quantity_and_price_change_from_a_day_on() -> None:
    contract = with_line(subscription())
    changed = after(contract, change_quantity(contract, "L", d("2026-01-16"), D(20)))
    changed = after(changed, change_price(changed, "L", d("2026-02-01"), D(4)))
    line = changed.line("L")
    assert [(c.day, c.value) for c in line.quantities] == [(START, D(10)), (d("2026-01-16"), D(20))]
    assert [(c.day, c.value) for c in line.prices] == [(START, D(3)), (d("2026-02-01"), D(4))]
    assert change_quantity(changed, "L", d("2026-01-16"), D(20)) == []
    assert change_price(changed, "L", d("2026-02-01"), D(4)) == []


@pytest.mark.parametrize("change", [change_quantity, change_price])
def test_what_is_no_change(change) -> None:
    contract = with_line(subscription(), ends=d("2026-06-01"))
    for day, code in (("2025-12-31", "change-before-start"), ("2026-06-01", "change-after-end")):
        with pytest.raises(Rejected, match=code):
            change(contract, "L", d(day), D(1))
    with pytest.raises(Rejected, match="line-of-other-kind"):
        change(with_line(fixed(milestone())), "L", START, D(1))
    with pytest.raises(Rejected, match="line-missing"):
        change(contract, "other", START, D(1))


def test_a_quantity_is_not_negative() -> None:
    with pytest.raises(Rejected, match="quantity-negative"):
        change_quantity(with_line(subscription()), "L", START, D(-1))


def test_a_line_ends_and_is_not_deleted() -> None:
    contract = with_line(subscription())
    ended = after(contract, end_line(contract, "L", d("2026-06-01")))
    assert ended.ends_of(ended.line("L")) == d("2026-06-01")
    assert end_line(ended, "L", d("2026-06-01")) == []
    with pytest.raises(Rejected, match="end-before-start"):
        end_line(ended, "L", START)


def test_milestones() -> None:
    contract = with_line(fixed(milestone()))
    more = after(contract, add_milestone(contract, "L", milestone("M2")))
    assert list(more.line("L").milestones) == ["M1", "M2"]
    assert add_milestone(more, "L", milestone("M2")) == []
    with pytest.raises(Rejected, match="milestone-name-taken"):
        add_milestone(more, "L", milestone("M2", "2026-04-01"))
    with pytest.raises(Rejected, match="line-of-other-kind"):
        add_milestone(with_line(subscription()), "L", milestone())


def test_a_milestone_is_marked_ready_once_and_unmarked_once() -> None:
    contract = with_line(fixed(milestone()))
    ready = after(contract, mark_milestone(contract, "L", "M1", ready=True))
    assert ready.line("L").milestones["M1"].ready
    with pytest.raises(Rejected, match="ready-already"):
        mark_milestone(ready, "L", "M1", ready=True)
    back = after(ready, mark_milestone(ready, "L", "M1", ready=False))
    with pytest.raises(Rejected, match="not-ready"):
        mark_milestone(back, "L", "M1", ready=False)
    with pytest.raises(Rejected, match="milestone-missing"):
        mark_milestone(back, "L", "M9", ready=True)
