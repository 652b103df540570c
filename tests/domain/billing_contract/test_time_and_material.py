"""Which transactions a run takes, and what they come to."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.time_and_material import Takings, Transaction, left_behind, take, takings
from domain.money import add
from tests.domain.billing_contract.dates import D, d

CUT_OFF = d("2026-02-17")
CLASSES = ("time", "expense")


def worked(id_: str, day: str = "2026-02-10", quantity="1", price="100", **more) -> Transaction:
    return Transaction(id_, d(day), more.pop("kind", "time"), D(quantity), D(price), **{"ready": True, **more})


def taken(*transactions: Transaction, cut_off=CUT_OFF) -> list[str]:
    return [one.id for one in take(transactions, CLASSES, cut_off)]


def test_those_up_to_and_including_the_cut_off_are_taken():
    assert taken(worked("a", "2026-02-16"), worked("b", "2026-02-17"), worked("c", "2026-02-18")) == ["a", "b"]


def test_given_older_ones_that_no_run_has_taken_then_they_come_along():
    assert taken(worked("late", "2025-11-30"), worked("new", "2026-02-01")) == ["late", "new"]


def test_what_is_not_ready_or_taken_already_or_of_another_class_is_left():
    assert taken(worked("a", ready=False), worked("b", taken=True), worked("c", kind="fee"), worked("d")) == ["d"]


def test_given_the_last_run_then_whatever_is_ready_is_taken():
    assert taken(worked("a", "2026-12-31"), worked("b", ready=False), cut_off=None) == ["a"]


def test_they_come_in_order_of_day_and_id():
    assert taken(worked("b"), worked("c", "2026-01-01"), worked("a")) == ["c", "a", "b"]


def test_what_is_left_behind_at_the_end_is_what_is_not_ready():
    every = [worked("a", ready=False), worked("b"), worked("c", taken=True), worked("d", ready=False, kind="fee")]
    assert [one.id for one in left_behind(every, CLASSES)] == ["a"]


def test_the_amount_is_rounded_once_and_transactions_stay_unrounded():
    found = takings([worked("a", quantity="0.25", price="0.01"), worked("b", quantity="0.25", price="0.01")], "EUR")
    assert [one.exact for one in found.transactions] == [D("0.0025"), D("0.0025")]
    assert found.common == D("0.01")


def test_what_names_its_customer_is_summed_for_it_alone():
    found = takings(
        [
            worked("a", price="10", cost=D("4")),
            worked("b", price="20", customer="north", cost=D("1.5")),
            worked("c", price="0.005", customer="north"),
            worked("d", price="7", customer="south"),
        ],
        "EUR",
    )
    assert (found.common, found.named) == (D("10.00"), (("north", D("20.01")), ("south", D("7.00"))))
    assert (found.common_cost, found.named_costs, found.without_cost) == (D(4), (("north", D("1.5")),), 2)


def test_given_nothing_then_it_comes_to_nothing():
    assert takings([], "EUR") == Takings((), D("0.00"), (), None, (), 0)


def test_given_a_cost_of_0_then_it_is_a_cost():
    assert takings([worked("a", cost=D(0))], "EUR").common_cost == D(0)


def test_a_negative_quantity_gives_back():
    assert takings([worked("a", quantity="-2", price="10")], "EUR").common == D("-20.00")


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Transaction,
            st.uuids().map(str),
            st.dates(d("2026-01-01"), d("2026-03-31")),
            st.sampled_from(["time", "expense", "material", "fee"]),
            st.decimals(-99, 99, places=3),
            st.decimals(-99, 99, places=5),
            ready=st.booleans(),
        ),
        max_size=20,
        unique_by=lambda one: one.id,
    )
)
def test_run_after_run_takes_each_ready_one_once_and_leaves_the_rest_behind(every):
    runs: list[Transaction] = []
    open_ = every
    for cut_off in (d("2026-01-20"), d("2026-02-17"), None):
        found = take(open_, CLASSES, cut_off)
        runs += found
        open_ = [replace(one, taken=True) if one in found else one for one in open_]
    wanted = [one for one in every if one.ready and one.kind in CLASSES]
    assert sorted(one.id for one in runs) == sorted(one.id for one in wanted)
    assert {one.id for one in left_behind(open_, CLASSES)} == {
        one.id for one in every if not one.ready and one.kind in CLASSES
    }
    assert add(*(one.exact for one in runs)) == add(*(one.exact for one in wanted))
