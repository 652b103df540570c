"""Which invoices a change makes due, and to whom they are given."""

import pytest

from adapters.calculation import StoredCalculationsDue
from commands.customer_invoice.calculate import calculate_now
from commands.ports.calculation import Patience, Settled
from tests.commands.purchases.conftest import counter
from tests.commands.purchases.test_posting import closed, reopened, requested
from tests.support.calculating import AT_ONCE, calculate_all, calculation_desk, rule
from tests.support.origins import origin
from tests.support.shop import line

__all__ = ["counter"]
FEE = {"family": "flat_fee", "amount": "1"}


@pytest.fixture
async def due(counter):
    """C1, in cluster EU of WORLD, has a line of P1 that R1 prices; C2 has nothing. All is calculated."""
    for code, parent in (("WORLD", None), ("EU", "WORLD"), ("ASIA", "WORLD")):
        await counter.shop.save("cluster", code=code, name=code, parent=parent)
    await counter.customer("C1", cluster="EU")
    await rule(counter)
    await counter.shop.active([line("1")])
    await counter.settle()
    await calculate_all(counter)
    return StoredCalculationsDue(counter.shop.pool)


async def claimed(counter, due):
    await due.note()
    names = {counter.stream(c, m).id: f"{c} {m}" for c in ("C1", "C2") for m in ("2026-01", "2026-02", "2026-03")}
    found = await due.claim(100, AT_ONCE)
    assert all(one.recheck for one in found)
    return {names[one.invoice] for one in found}


ONE = {"C1 2026-01", "C1 2026-02", "C1 2026-03"}
OTHER = {"C2 2026-01", "C2 2026-02", "C2 2026-03"}


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ({}, ONE | OTHER),
        ({"currency": "USD"}, set()),
        ({"customer": "C2"}, OTHER),
        ({"cluster": "EU"}, ONE),
        ({"cluster": "WORLD", "price": FEE}, ONE),
        ({"cluster": "ASIA"}, set()),
        ({"product": "P1"}, {"C1 2026-02"}),
        ({"product": "P1", "price": {"family": "minimum", "amount": "5"}}, ONE | OTHER),
        ({"category": "compute"}, ONE | OTHER),
    ],
)
async def test_a_new_rule_touches_its_scope(counter, due, change, touched):
    await rule(counter, "R2", **change)
    assert await claimed(counter, due) == touched


async def test_a_rule_touches_what_it_priced_also_when_its_scope_moved_away(counter, due):
    await rule(counter, customer="C2")
    assert await claimed(counter, due) == OTHER | {"C1 2026-02"}


@pytest.mark.parametrize(
    ("kind", "body", "touched"),
    [
        ("product", {"code": "P1", "name": "P"}, {"C1 2026-02"}),
        ("product", {"code": "P2", "name": "P"}, set()),
        ("cluster", {"code": "WORLD", "name": "all"}, ONE),
        ("group", {"code": "G", "name": "G", "members": []}, set()),
        ("customer", {"code": "C2", "name": "other", "bill_from": "2026-01-01"}, OTHER),
    ],
)
async def test_other_reference_data_touches_those_that_use_it(counter, due, kind, body, touched):
    await counter.shop.save(kind, **body)
    assert await claimed(counter, due) == touched


async def test_a_rate_touches_those_with_costs_in_its_currency(counter, due):
    await counter.post({"cost": "1", "cost_currency": "USD"})
    await counter.settle()
    await calculate_all(counter)
    rate = {"from_currency": "USD", "to_currency": "EUR", "date": "2026-02-01", "rate": "2", "source": "ECB"}
    await counter.shop.save("exchange-rate", code="A", **{**rate, "from_currency": "GBP"})
    assert await claimed(counter, due) == set()
    await counter.shop.save("exchange-rate", code="B", **rate)
    assert await claimed(counter, due) == {"C1 2026-02"}


async def test_locked_and_final_invoices_are_not_touched_until_reopened(counter, due):
    await counter.append(counter.stream("C1", "2026-01"), closed())
    await counter.append(counter.stream("C1"), requested())
    await rule(counter, "R2", customer="C1")
    assert await claimed(counter, due) == {"C1 2026-03"}
    await counter.append(counter.stream("C1"), reopened())
    await due.note()
    (one,) = await due.claim(10, AT_ONCE)
    assert (one.invoice, one.recheck) == (counter.stream("C1").id, False)


async def test_what_changed_while_it_was_calculated_stays_due(counter, due):
    await rule(counter, "R2", customer="C2")
    await due.note()
    first = await due.claim(10, AT_ONCE)
    assert await due.claim(10, AT_ONCE) == []
    await rule(counter, "R3", customer="C2")
    await due.note()
    await due.settle([Settled(one, []) for one in first[1:]], given_back=first[:1])
    assert {one.invoice for one in await due.claim(10, AT_ONCE)} == {one.invoice for one in first}


@pytest.mark.parametrize(
    ("code", "body", "touched"),
    [
        ("R9", {"product": "P1"}, True),
        ("R9", {"product": "P2"}, False),
        ("R9", {"product": "P2", "currency": "USD"}, False),
        ("R1", {"customer": "C2"}, True),
    ],
)
async def test_a_change_that_was_noted_before_anybody_knew_whom_it_touches_is_not_lost(
    counter, due, code, body, touched
):
    """C2 gets a line of P1: which rules and products its price depends on is known only once it was calculated."""
    await counter.shop.save("product", code="P2", name="P2")
    await calculate_all(counter)
    await counter.post({"key": "x", "customer": "C2"})
    await counter.settle()
    await due.note()
    (one,) = await due.claim(10, AT_ONCE)
    seen = await counter.shop.billing.reference.reference_position()
    await rule(counter, code, **body)
    await due.note()
    await due.settle([Settled(one, ["product/P1", "pricing-rule/R1"], seen)])
    again = {found.invoice: found for found in await due.claim(10, AT_ONCE)}
    assert (one.invoice in again) is touched
    if touched:
        assert (again[one.invoice].recheck, again[one.invoice].position > seen) == (True, True)


async def test_what_somebody_else_calculated_is_noted_by_what_it_depends_on(counter, due):
    """As a request for approval does, whose calculation fails: the rule that mends it finds the invoice."""
    await counter.shop.save("product", code="P2", name="P2")
    await rule(counter, product="P1")
    await calculate_all(counter)
    await counter.post({"key": "x", "product": "P2"})
    await counter.settle()
    await calculate_now(calculation_desk(counter), origin(counter.now), counter.stream().id)
    assert (await counter.invoice()).status == "error"
    await calculate_all(counter)
    await rule(counter, "R2", product="P2")
    await calculate_all(counter)
    assert (await counter.invoice()).status == "open"


async def test_a_worker_that_is_lost_loses_its_lease(counter, due):
    await rule(counter, "R2", customer="C2")
    await due.note()
    assert len(await due.claim(10, Patience(pause=0, lease=0))) == 3
    assert len(await due.claim(10, AT_ONCE)) == 3
