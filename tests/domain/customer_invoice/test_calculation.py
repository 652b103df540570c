"""Facts of a calculation, by what the invoice was and what the calculation says."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from domain.customer_invoice.calculation import calculate, same_as_stored
from domain.customer_invoice.calculation_events import MAX_ITEMS_A_FACT, Calculated
from domain.customer_invoice.events import CustomerInvoiceChanged, PostedSource, PurchasesAdded
from domain.customer_invoice.state import evolve, fold
from domain.pricing.items import Failure, digest
from tests.domain.pricing.setting import bought, context, invoice, per_unit, rule
from tests.domain.pricing.setting import calculate as price
from tests.support.customer_invoices import NAMES, created, opened, pending
from tests.support.provider_invoices import types

NO_RULE = Failure("no-rule", "1 purchase of product VM on 2026-10-01: no rule covers them.", "VM")


def result(unit_price="2", quantity="3", **more):
    return price(invoice(), [bought(quantity, **more)], context(rule(price=per_unit(unit_price))))


def after(state, facts):
    for fact in facts:
        state = evolve(state, fact)
    return state


def said(state, outcome, cause="pricing-rule R version 2"):
    return calculate(state, outcome, position=7, cause=cause)


def test_a_pending_invoice_is_open_with_items_totals_and_inputs():
    (fact,) = said(pending(), result(cost="1.25"))
    state = after(pending(), [fact])
    assert (state.status, state.calculation.revenue_total, state.calculation.cost_total) == ("open", 6, Decimal("1.25"))
    assert [(i.kind, i.code, i.version) for i in fact.inputs] == [("pricing-rule", "R", 1), ("product", "VM", 1)]
    assert (fact.through, fact.reference_position, fact.digest) == (1, 7, digest(result(cost="1.25")))


def test_an_item_keeps_its_exact_amount_where_rounding_changed_it_and_how_many_purchases_have_no_cost():
    (fact,) = said(pending(), result("0.000000000000015", "0.333333333333333"))
    (item,) = fact.items
    assert (item.amount, item.exact) == (Decimal("0.00"), Decimal("0.000000000000004999999999999995"))
    assert (item.lines, item.lines_without_cost) == (1, 1)
    (fact,) = said(pending(), result(cost="1.25"))
    (item,) = fact.items
    assert (item.amount, item.exact, item.lines_without_cost) == (6, None, 0)


def test_a_batch_that_came_meanwhile_keeps_it_pending_with_the_new_totals():
    facts = said(pending(), result())
    batch = PurchasesAdded(
        **NAMES, source=PostedSource(batch=UUID(int=5)), lines=1, cost=Decimal(0), currency="EUR", digest="d"
    )
    state = after(pending(), [batch, *facts])
    assert (state.status, state.calculation.revenue_total) == ("pending", 6)


def test_the_same_again_is_no_fact_but_another_result_is():
    state = after(pending(), said(pending(), result()))
    later = replace(result(), position=99)
    assert same_as_stored(state, later)
    assert said(state, later) == []
    changed, calculated = said(state, result("5"))
    assert (changed.cause, calculated.calculation) == ("pricing-rule R version 2", 2)
    assert after(state, [changed, calculated]).calculation.revenue_total == 15


def test_failures_count_until_it_is_told_that_trying_does_not_help():
    state, told = pending(), []
    for _ in range(5):
        facts = said(state, NO_RULE)
        told.append([fact.tries for fact in facts])
        state = after(state, facts)
    assert told == [[1], [2], [3], [], []]
    assert "support" in state.failure.message
    assert state.failure.product == "VM"


def test_tries_go_on_over_new_purchases_and_begin_anew_with_another_failure():
    state = after(pending(), said(pending(), NO_RULE))
    state = evolve(state, CustomerInvoiceChanged(**NAMES, cause="purchases added"))
    (again,) = said(state, NO_RULE)
    (other,) = said(state, replace(NO_RULE, code="no-cost"))
    assert (again.tries, other.tries) == (2, 1)


def test_an_error_that_was_mended_is_open():
    state = after(pending(), said(pending(), NO_RULE))
    facts = said(state, result())
    assert types(facts)[0].endswith("changed")
    assert after(state, facts).status == "open"


def test_an_open_invoice_that_fails_now_says_why_it_was_looked_at():
    facts = said(opened(), NO_RULE, cause="product VM version 3")
    assert facts[0].cause == "product VM version 3"
    assert after(opened(), facts).status == "error"


@pytest.mark.parametrize("status", ["approving", "approved", "closed", "deleted"])
def test_what_can_not_change_is_left_alone(status):
    assert said(replace(opened(), status=status), result()) == []
    assert said(replace(opened(), status=status), NO_RULE) == []


def test_many_items_ride_in_parts_before_and_are_all_there_after():
    groups = [bought("1", subscription=f"s-{n:05}", cost="0.001") for n in range(1201)]
    many = price(invoice(), groups, context(rule()))
    facts = said(pending(), many)
    assert len(facts) > 2
    assert all(len(fact.items) <= MAX_ITEMS_A_FACT for fact in facts)
    assert all(len(fact.model_dump_json()) < 256 * 1024 for fact in facts)
    state = fold([created(), *facts])
    assert [item.subscription for item in state.items] == [f"s-{n:05}" for n in range(1201)]
    assert (state.status, state.calculation.item_count) == ("open", 1201)
    assert [(f.part, f.of) for f in facts[:-1]] == [(n, len(facts)) for n in range(1, len(facts))]


def test_long_names_make_more_parts():
    groups = [bought("1", subscription=f"{n:04}" + "\u20ac" * 600) for n in range(200)]
    facts = said(pending(), price(invoice(), groups, context(rule())))
    assert all(len(fact.model_dump_json().encode()) < 256 * 1024 for fact in facts)
    assert sum(len(fact.items) for fact in facts) == 200


def test_more_inputs_than_an_event_has_room_for_ride_before():
    used = result().inputs * 1500
    facts = said(pending(), replace(result(), inputs=used))
    assert sum(len(fact.inputs) for fact in facts) == len(used)
    assert isinstance(facts[-1], Calculated)
