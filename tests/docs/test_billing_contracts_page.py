"""The worked examples of docs/billing-contracts.md are what the code computes; its codes are those of the code."""

import re
from datetime import date
from itertools import islice

import pytest

from domain.billing_contract.cycles import Calendar, cycle
from domain.billing_contract.recurrence import recurrence, run_dates
from domain.billing_contract.schedule import closing_date, run_date
from domain.billing_contract.shares import Share, checked_shares, split_amount
from domain.billing_contract.subscription import Change, RefundPolicy, Subscription, amount, corrections
from tests.domain.billing_contract.dates import D, d
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "billing-contracts.md").read_text(encoding="utf-8")
PART = PAGE.partition("## Cycles, run dates and amounts")[2].partition("\n## ")[0]
FILES = (
    "cycles", "recurrence", "recurrence_rule", "recurrence_text", "schedule", "shares", "subscription",
)  # fmt: skip
JANUARY = cycle(d("2026-01-01"), "monthly", 0)
POLICIES: tuple[RefundPolicy, ...] = ("prorated", "none", "full")


def rows(head: str) -> list[list[str]]:
    """The rows of the table that begins so."""
    table = PART.partition(head)[2].partition("\n\n")[0]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def line(history: str, policy: RefundPolicy) -> Subscription:
    ends = re.search(r"ends (\S+)", history)
    quantities = tuple(Change(d(f"2026-{day}"), D(value)) for value, day in re.findall(r"(\d+) on ([\d-]+)", history))
    return Subscription(
        quantities[0].day, quantities, (Change(JANUARY.first, D("31.00")),), ends and d(f"2026-{ends[1]}"), policy
    )


@pytest.mark.parametrize(("start", "frequency", "begin"), rows("| start | frequency |"))
def test_cycles(start, frequency, begin):
    wanted = begin.split(", ")
    found = islice(Calendar(d(start), frequency).cycles(), len(wanted))
    assert [str(one.first) for one in found] == wanted


@pytest.mark.parametrize(("last", "offset", "billed_on"), rows("| last day | offset |"))
def test_run_dates_of_cycles_and_of_the_last_run(last, offset, billed_on):
    after = date.fromordinal(d(last).toordinal() + 1)
    one = next(Calendar(date(after.year - 1, after.month, 1), "yearly").cycles())
    assert one.last == d(last)
    assert run_date(one, int(offset)) == closing_date(after, int(offset)) == d(billed_on)


@pytest.mark.parametrize(("rule", "begins", "expected"), rows("| rule | line's start |"))
def test_recurrences(rule, begins, expected):
    made = recurrence(rule, begins=d(begins))
    wanted = expected.split(", ")
    assert [str(day) for day in islice(run_dates(made, d(begins)), len(wanted))] == wanted


@pytest.mark.parametrize(("history", "prorated", "none", "full"), rows("| history | `prorated` |"))
def test_subscriptions(history, prorated, none, full):
    found = [format(amount(line(history, policy), JANUARY, "EUR"), "f") for policy in POLICIES]
    assert found == [prorated, none, full]


@pytest.mark.parametrize(("history", "prorated", "none", "full"), rows("| history as it is known now |"))
def test_corrections(history, prorated, none, full):
    billed = {JANUARY.first: D("310.00")}
    calendar = Calendar(JANUARY.first, "monthly")
    found = [corrections(line(history, policy), calendar, billed, "EUR") for policy in POLICIES]
    assert [format(one[0].amount, "f") if one else "none" for one in found] == [prorated, none, full]


@pytest.mark.parametrize(("whole", "percents", "parts"), rows("| amount | shares |"))
def test_shares(whole, percents, parts):
    value, currency = whole.split()
    shares = checked_shares([Share(f"customer {n}", D(part)) for n, part in enumerate(percents.split(", "))])
    assert [format(part, "f") for part in split_amount(D(value), shares, currency).values()] == parts.split(", ")


def test_the_refusals_are_those_of_the_code():
    source = "\n".join((ROOT / "domain" / "billing_contract" / f"{name}.py").read_text("utf-8") for name in FILES)
    raised = set(re.findall(r'(?:Rejected|_unsound)\(\s*"([a-z0-9-]+)"', source))
    table = PART.partition("### What is refused")[2]
    told = {
        code for cells in re.findall(r"^\|([^|]+)\|", table, re.MULTILINE) for code in re.findall(r"`([^`]+)`", cells)
    }
    assert told == raised
