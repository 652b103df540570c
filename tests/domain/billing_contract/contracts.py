"""Contracts to decide about: as short as a test can say it."""

from datetime import date

from domain.billing_contract import agreement, lines
from domain.billing_contract.parts import (
    CustomerShare,
    FixedPriceTerms,
    MilestoneTerms,
    SubscriptionTerms,
    Terms,
    TimeAndMaterialTerms,
)
from domain.billing_contract.state import BillingContract, evolve
from domain.identity import reference_stream
from tests.domain.billing_contract.dates import D, d

START = d("2026-01-01")


def shares(**percents: str) -> tuple[CustomerShare, ...]:
    return tuple(CustomerShare(customer=c, customer_id=reference_stream("customer", c).id, percent=D(p))
                 for c, p in percents.items())  # fmt: skip


def terms(**more) -> Terms:
    usual = {"name": "Support", "customers": shares(C1="100"), "currency": "EUR", "starts": START}
    return Terms(**{**usual, "frequency": "monthly", "time_zone": "Europe/Berlin", **more})


def after(state: BillingContract | None, facts) -> BillingContract:
    for fact in facts:
        state = evolve(state, fact)
    assert state is not None
    return state


def signed(**more) -> BillingContract:
    return after(None, agreement.sign(None, "K-1", terms(**more), START))


def subscription(**more) -> SubscriptionTerms:
    return SubscriptionTerms(**{"quantity": D(10), "price": D(3), **more})


def milestone(name="M1", day="2026-03-01", **more) -> MilestoneTerms:
    return MilestoneTerms(name=name, day=d(day), amount=D(100), **more)


def fixed(*milestones: MilestoneTerms) -> FixedPriceTerms:
    return FixedPriceTerms(milestones=milestones)


def work(*classes) -> TimeAndMaterialTerms:
    return TimeAndMaterialTerms(classes=classes, rule="FREQ=MONTHLY;BYDAY=3WE", first_run=d("2026-01-21"))


def with_line(line_terms, state: BillingContract | None = None, starts: date = START, ends=None, code="L"):
    state = state or signed()
    return after(state, lines.add_line(state, code, "Line", starts, ends, line_terms))
