"""An invoice is a problem from its first failure until it is mended."""

from datetime import date
from decimal import Decimal

import pytest

from projections.problem_invoices.advice import next_steps
from projections.problem_invoices.fold import PROBLEM_INVOICES
from tests.projections.given import only
from tests.support.billing import ProviderInvoiceFacts
from tests.support.records import START, Happened

I = ProviderInvoiceFacts()  # noqa: E741 -- the invoice


def after(*facts, days=()):
    happened = Happened()
    for n, fact in enumerate(facts):
        happened.add(I.stream, fact, day=days[n] if days else None)
    return only(PROBLEM_INVOICES, happened)


def test_one_that_is_well_has_no_kind():
    assert after(I.started(), I.activated()).kinds == ()


def test_both_checks_are_one_problem_with_two_kinds():
    row = after(I.started(), I.unresolved(), I.checksum_failed())
    assert row.kinds == ("unresolved_references", "checksum_failed")
    assert (row.tries, row.failing_days, row.missing, row.difference) == (1, 1, 2, Decimal("0.30"))
    assert row.since == START.replace(minute=2)


def test_tries_and_failing_days_are_counted_since_the_first_failure():
    days = [date(2026, 3, d) for d in (1, 1, 1, 2, 3)]
    row = after(I.started(), I.unresolved(), I.retried(), I.retried(tries=3), I.retried(tries=4), days=days)
    assert (row.tries, row.failing_days, row.last_failed_on) == (4, 3, date(2026, 3, 3))
    assert row.since == START.replace(minute=2)
    assert (row.missing, row.messages) == (1, ("1 reference left.",))


def test_the_next_attempt_is_the_same_problem_until_it_succeeds():
    row = after(I.started(), I.failed(), I.started(attempt=2), I.checksum_failed(attempt=2))
    assert (row.kinds, row.tries, row.attempt) == (("checksum_failed",), 2, 2)
    assert row.since == START.replace(minute=2)
    assert row.import_code is None
    between = after(I.started(), I.failed(), I.started(attempt=2))
    assert (between.kinds, between.status_reason) == (("import_failed",), "populating")


@pytest.mark.parametrize("mended", [I.activated(), I.deleted()])
def test_mended(mended):
    row = after(I.started(), I.unresolved(), mended)
    assert (row.kinds, row.messages, row.since, row.tries, row.missing) == ((), (), None, 0, None)


@pytest.mark.parametrize("code", ["stuck", "worker-lost"])
def test_an_import_that_nobody_works_on_is_stuck(code):
    assert after(I.started(), I.failed(code)).kinds == ("stuck",)


def test_a_change_is_a_problem_until_settled():
    facts = (I.started(), I.activated(), I.changed("120.00"), I.changed("130.00", "3"))
    row = after(*facts)
    assert (row.kinds, row.provider_total, row.tries) == (("provider_changed",), Decimal("130.00"), 2)
    for settled in (I.acknowledged(), I.withdrawn(), I.adjusted(), I.deactivated()):
        assert after(*facts, settled).kinds == ()


def test_advice_names_what_to_do():
    assert "errors.csv" in next_steps(("unresolved_references",), can_be_overridden=False)[0]
    assert "Override" in next_steps(("checksum_failed",), can_be_overridden=True)[0]
    assert "Ask the provider" in next_steps(("checksum_failed",), can_be_overridden=False)[0]


def test_a_change_is_a_problem_again_when_its_adjustment_is_deleted():
    row = after(I.started(), I.activated(), I.changed(), I.adjusted())
    assert row.kinds == ()
    row = after(I.started(), I.activated(), I.changed(), I.adjusted(), I.reopened())
    assert (row.kinds, row.provider_total, row.tries) == (("provider_changed",), Decimal("120.00"), 1)
    assert after(I.started(), I.activated(), I.changed(), I.adjusted(), I.reopened(), I.adjusted()).kinds == ()
