"""Which milestones a run takes, and what they come to."""

from domain.billing_contract.fixed_price import Milestone, milestones_amount, milestones_left_behind, take_milestones
from tests.domain.billing_contract.dates import D, d


def milestone(name: str, day: str, amount: str = "1000", **more) -> Milestone:
    return Milestone(name, d(day), D(amount), **{"ready": True, **more})


PLAN = [
    milestone("go-live", "2026-03-01"),
    milestone("kick-off", "2026-01-10", taken=True),
    milestone("design", "2026-02-01"),
    milestone("build", "2026-02-01", ready=False),
]


def names(found) -> list[str]:
    return [one.name for one in found]


def test_those_dated_up_to_the_day_that_are_ready_and_not_taken():
    assert names(take_milestones(PLAN, d("2026-01-31"))) == []
    assert names(take_milestones(PLAN, d("2026-02-01"))) == ["design"]
    assert names(take_milestones(PLAN, d("2026-03-01"))) == ["design", "go-live"]


def test_given_one_that_became_ready_late_then_a_later_run_takes_it():
    late = [milestone("build", "2026-02-01")]
    assert names(take_milestones(late, d("2026-06-01"))) == ["build"]


def test_given_the_last_run_then_whatever_is_ready_is_taken_and_the_rest_is_left_behind():
    assert names(take_milestones(PLAN, None)) == ["design", "go-live"]
    assert names(milestones_left_behind(PLAN)) == ["build"]


def test_their_sum_is_rounded_once():
    assert milestones_amount(
        [milestone("a", "2026-01-01", "0.005"), milestone("b", "2026-01-01", "0.004")], "EUR"
    ) == D("0.01")
    assert milestones_amount([], "EUR") == D("0.00")
