"""Two commands that touch the same usage, each held between loading and storing while the other one runs: each side is
the slower one once. What is refused has changed nothing, everything is in one place, all sums agree.
"""

from decimal import Decimal

import pytest

from tests.support.gates import Gate, overtaken
from tests.support.in_place import expect_all_in_place
from tests.support.invoicing import open_invoicing
from tests.support.racing import ACTS, World, outcome, world
from tests.support.yard import make_yard

PRICE = Decimal(2)
FLOWS = ("routing", "taking", "calculation")
FINAL = ("approve", "close", "request")
REFUSED = ("deactivate", "lines-invoiced")
"""What has nothing to store, whoever is quicker."""
UPSETS = ("release", "reoffer", "deactivate", "adjust", "delete", "reroute", "cancel")


@pytest.fixture
async def begin(counter, database, tmp_path):
    (tmp_path / "acme").mkdir()
    async with open_invoicing(counter.shop.desk.store, counter.shop.pool, database) as invoicing:
        yard = await make_yard(counter.shop, tmp_path, world=False)

        async def make(kind):
            return await world(counter, invoicing, yard.desk, kind)

        yield make


async def race(found: World, held: str, first: str) -> tuple[str, str]:
    """What came of both; what was refused has changed nothing."""
    gate, seen = Gate(), []

    async def quicker():
        before = await found.record()
        came = await outcome(ACTS[first](found))
        seen.append(await found.record())
        assert came == "done" or seen[0] == before, f"{first}: {came}"
        return came

    late, came = await overtaken(gate, outcome(ACTS[held](found.behind(gate))), quicker())
    assert gate.reached or (held, late) == REFUSED, f"{held} had nothing to store: {late}"
    assert late == "done" or await found.record() == seen[0], f"{held}: {late}"
    await found.rest()
    await expect_all_in_place(found.counter.shop, PRICE)
    return late, came


def pairs(some, others):
    """Each pair both ways."""
    return [p for one in some for other in others for p in ((one, other), (other, one))]


@pytest.mark.parametrize(("held", "first"), pairs(UPSETS, FLOWS))
async def test_beside_routing_taking_in_and_calculating(begin, held, first):
    late, came = await race(await begin("moving"), held, first)
    for verb, how in ((held, late), (first, came)):
        assert how == ("lines-invoiced" if verb == "deactivate" else "done"), (verb, how)


@pytest.mark.parametrize(("held", "first"), pairs(("release", "cancel"), FINAL))
async def test_what_takes_purchases_off_and_a_word_that_locks_never_both_succeed(begin, held, first):
    late, came = await race(await begin("settled"), held, first)
    assert came == "done"
    refusals = {"approve": "invoice-final", "close": "invoice-final", "request": "invoice-locked"}
    assert late == refusals.get(first, "invoice-pending")


@pytest.mark.parametrize(("held", "first"), pairs(("delete",), ("approve-ad-hoc", "close-ad-hoc", "request-ad-hoc")))
async def test_an_invoice_is_deleted_or_locked(begin, held, first):
    late, came = await race(await begin("settled"), held, first)
    assert (came, late != "done") == ("done", True), late


@pytest.mark.parametrize(
    ("held", "first"),
    pairs(("reoffer", "adjust", "deactivate"), FINAL)
    + pairs(("reroute",), ("approve-ad-hoc", "close-ad-hoc", "request-ad-hoc")),
)
async def test_what_is_not_on_the_invoice_may_be_worked_on_beside_it(begin, held, first):
    late, came = await race(await begin("settled"), held, first)
    for verb, how in ((held, late), (first, came)):
        assert how == ("lines-invoiced" if verb == "deactivate" else "done"), (verb, how)


@pytest.mark.parametrize(("held", "first"), pairs(("deactivate",), ("routing", "adjust")))
async def test_usage_is_taken_out_or_billed_on_or_adjusted(begin, held, first):
    found = await begin("offered")
    late, came = await race(found, held, first)
    refusals = {"adjust": "has-adjustments", "routing": "lines-invoiced"}
    if first == "deactivate":
        assert (came, late) == ("done", "not-active" if held == "adjust" else "done")
        assert (await found.counter.invoice()).lines == 0
    else:
        assert (came, late) == ("done", refusals[first])


@pytest.mark.parametrize(
    ("held", "first"),
    [*pairs(("withdraw", "reject"), ("routing", "taking", "approve", "reoffer")), ("withdraw", "release")],
)
async def test_a_request_is_taken_back_beside_everything_else(begin, held, first):
    late, came = await race(await begin("approving"), held, first)
    both = {held: late, first: came}
    if "approve" in both:
        assert (came, late != "done") == ("done", True), both
    elif "release" in both:
        assert both["release"] == ("done" if held == "release" else "invoice-locked"), both
    else:
        assert set(both.values()) == {"done"}, both


@pytest.mark.parametrize(
    ("held", "first"),
    [
        *pairs(("delete",), ("release", "reoffer", "reroute", "cancel")),
        *pairs(("reroute",), ("cancel",)),
        *pairs(("release",), ("reoffer", "cancel", "adjust")),
    ],
)
async def test_both_of_two_that_do_not_exclude_each_other(begin, held, first):
    late, came = await race(await begin("settled"), held, first)
    assert (late, came) == ("done", "done")


@pytest.mark.parametrize("verb", ["withdraw", "reject"])
async def test_one_of_withdraw_and_reject(begin, verb):
    other = {"withdraw": "reject", "reject": "withdraw"}[verb]
    late, came = await race(await begin("approving"), verb, other)
    assert (came, late != "done") == ("done", True), late


@pytest.mark.parametrize(
    ("held", "first"), [("calculation", "approve"), ("calculation", "request"), *pairs(("calculation",), ("close",))]
)
async def test_a_calculation_that_is_due_is_waited_for_but_by_a_close(begin, held, first):
    late, came = await race(await begin("repriced"), held, first)
    assert (late, came) == ("done", "invoice-pending" if first in {"approve", "request"} else "done")
