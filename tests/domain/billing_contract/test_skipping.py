"""Lines that can't be billed as they are set up: said why, and what waits for them."""

from datetime import date
from decimal import Decimal

import pytest

from domain.billing_contract.parts import FixedPriceTerms, SubscriptionTerms, TimeAndMaterialTerms, UsageTerms
from domain.billing_contract.planning import schedules_of
from domain.billing_contract.schedule import Entry
from domain.billing_contract.skipping import Skip, bills_nothing_else, items_or_skip
from domain.billing_contract.state import fold
from domain.rejected import Rejected
from tests.support.contract_facts import ContractFacts

DAY = date(2026, 2, 2)
SEATS = SubscriptionTerms(quantity=Decimal(1), price=Decimal(5))
WORK = TimeAndMaterialTerms(classes=("time",), rule="FREQ=MONTHLY;BYMONTHDAY=15", first_run=date(2026, 1, 15))


def contract_of(**lines):
    k = ContractFacts()
    return fold([k.signed(), *(k.line(code, terms) for code, terms in lines.items())])


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (FixedPriceTerms(milestones=()), "no-milestone"),
        (WORK.model_copy(update={"classes": ()}), "no-class"),
        (WORK.model_copy(update={"rule": "FREQ=NOW"}), "recurrence-invalid"),
        (UsageTerms(), "usage-unclear"),
    ],
)
def test_what_is_set_up_wrongly_is_not_computed(terms, code):
    contract = contract_of(odd=terms)
    made = items_or_skip(contract, contract.lines["odd"], DAY, pytest.fail)
    assert isinstance(made, Skip)
    assert (made.line, made.code) == ("odd", code)
    assert made.reason.startswith("Line odd was skipped: ")
    list(schedules_of(contract))


@pytest.mark.parametrize("odd", [Rejected("shares-not-100", "They sum to 99."), ZeroDivisionError("by 0")])
def test_what_fails_as_it_is_computed_is_skipped_with_the_rule_that_says_no(odd):
    contract = contract_of(seats=SEATS)

    def fails():
        raise odd
        yield

    made = items_or_skip(contract, contract.lines["seats"], DAY, fails)
    assert made.code == getattr(odd, "code", "unforeseen")
    assert items_or_skip(contract, contract.lines["seats"], DAY, lambda: iter(())) == []


def test_lines_that_have_ended_or_are_still_to_come_are_left_alone():
    k = ContractFacts()
    facts = [k.signed(), k.line("odd", FixedPriceTerms(milestones=()))]
    contract = fold([*facts, k.line_ended("odd")])
    line = contract.lines["odd"]
    assert items_or_skip(contract, line, line.ends, list) == []
    assert items_or_skip(contract, line, date.fromordinal(line.starts.toordinal() - 1), list) == []
    assert items_or_skip(contract, line, line.starts, list) != []


def test_an_entry_waits_when_all_that_it_bills_is_skipped():
    contract = contract_of(one=SEATS, two=SEATS, hours=WORK, use=UsageTerms(wait_for_providers=3))
    january = Entry(DAY, "cycle", None, date(2026, 1, 1), date(2026, 1, 31))
    own = Entry(DAY, "run", "hours", DAY, DAY)
    usage = Entry(DAY, "cycle", "use", date(2026, 1, 1), date(2026, 1, 31))

    def waits(*skipped):
        given = {code: Skip(code, "c", "r") for code in skipped}
        return [bills_nothing_else(contract, one, given) for one in (january, own, usage)]

    assert waits("one") == [False, False, False]
    assert waits("one", "two") == [True, False, False]
    assert waits("hours", "use") == [False, True, False]
