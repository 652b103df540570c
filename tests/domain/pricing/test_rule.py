"""What a pricing rule may say."""

import pytest
from pydantic import ValidationError

from domain.reference.decisions import MAX_BODY, parse
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.domain.pricing.setting import body, day, per_unit, tiered

PLAIN = {"code": "R", "name": "Rule", "price": per_unit(), "currency": "EUR"}


@pytest.mark.parametrize(
    ("price", "message"),
    [
        (tiered("graduated"), "needs at least one tier"),
        (tiered("graduated", ("10", "1")), "there is a gap above 10: the last tier must have no up_to"),
        (tiered("volume", ("10", "1"), ("10", "2"), (None, "3")), "tiers must rise: tier 2 ends at 10, tier 1 already"),
        (tiered("volume", ("10", "1"), ("5", "2"), (None, "3")), "tiers must rise"),
        (tiered("graduated", (None, "1"), ("5", "2")), "tier 1 has no up_to, so nothing reaches tier 2"),
        (tiered("graduated", ("0", "1"), (None, "2")), "greater than 0"),
        (tiered("graduated", *[(str(n), "1") for n in range(1, 101)], (None, "1")), "at most 100"),
        (per_unit("-0.01"), "greater than or equal to 0"),
        (per_unit("NaN"), "finite number"),
        (per_unit("0.0000000000000001"), "more than 15 decimals"),
        ({"family": "package", "size": "0", "price": "1"}, "greater than 0"),
        ({"family": "package", "size": "-5", "price": "1"}, "greater than 0"),
        ({"family": "cost_plus"}, "needs a percent"),
        ({"family": "cost_plus", "percent": "-100.5"}, "greater than or equal to -100"),
        ({"family": "cost_plus", "percent": "1000.01"}, "less than or equal to 1000"),
        ({"family": "discount_off_list", "percent": "100.01"}, "less than or equal to 100"),
        ({"family": "discount_off_list", "percent": "-1"}, "greater than or equal to 0"),
        ({"family": "flat_fee", "amount": "9.995"}, "9.995 has more than the 2 decimals of EUR"),
        ({"family": "minimum", "amount": "0"}, "greater than 0"),
        ({"family": "minimum", "amount": "0.001"}, "more than the 2 decimals"),
        ({"family": "free"}, "family"),
        ({"family": "per_unit", "unit_price": "1", "tiers": []}, "Extra inputs"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(price, message):
    with pytest.raises(ValidationError, match=message):
        body(price=price)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"currency": None}, "currency"),
        ({"currency": "XXX"}, "unknown-currency"),
        ({"valid_from": day(2), "valid_to": day(1)}, "must lie after valid_from"),
        ({"valid_from": day(2), "valid_to": day(2)}, "must lie after valid_from"),
        ({"customer": "K", "cluster": "C"}, "for a customer or for a cluster, not for both"),
        ({"product": "P", "category": "c"}, "for a product or for a category, not for both"),
        ({"price": {"family": "flat_fee", "amount": "5"}, "product": "P"}, "can't be for a product or category"),
        ({"price": {"family": "flat_fee", "amount": "5"}, "category": "c"}, "can't be for a product or category"),
        ({"priority": 10**7}, "less than or equal"),
        ({"category": ""}, "at least 1 character"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rest, message):
    with pytest.raises((ValidationError, Rejected), match=message):
        body(**rest)


def test_a_rule_without_a_currency_is_refused():
    with pytest.raises(ValidationError, match="currency"):
        type(body()).model_validate({k: v for k, v in PLAIN.items() if k != "currency"})


def test_the_last_day_of_validity_is_the_one_before_valid_to():
    rule = body(valid_from=day(10), valid_to=day(20))
    assert [number for number in range(1, 32) if rule.holds_on(day(number))] == list(range(10, 20))
    assert body().holds_on(day(1))


def test_a_rule_is_stored_as_plain_strings_and_read_back():
    rule = body(price=tiered("graduated", ("1E+1", "0.10"), (None, "0.050")), priority=3, valid_from=day(1))
    stored = rule.model_dump(mode="json")
    assert stored["price"]["tiers"] == [
        {"up_to": "10", "unit_price": "0.1"},
        {"up_to": None, "unit_price": "0.05"},
    ]
    assert type(rule).model_validate(stored) == rule


def test_the_largest_rule_fits_into_an_event():
    tiers = [(str(10**39 + number), "0.123456789012345") for number in range(99)]
    assert len(body(price=tiered("volume", *tiers, (None, "1"))).model_dump_json()) < MAX_BODY / 10


@pytest.mark.parametrize(
    ("price", "errors"),
    [
        (tiered("graduated", ("5", "1")), {"/price": "there is a gap above 5: the last tier must have no up_to"}),
        (
            tiered("graduated", (None, "-1")),
            {"/price/tiers/0/unit_price": "Input should be greater than or equal to 0"},
        ),
        (
            {"family": "package", "size": "-1"},
            {"/price/size": "Input should be greater than 0", "/price/price": "Field required"},
        ),
    ],
)
def test_saving_a_bad_rule_names_each_field_of_the_caller_s_json(price, errors):
    with pytest.raises(Rejected) as refusal:
        parse(KINDS["pricing-rule"], PLAIN | {"price": price})
    assert {error["pointer"]: error["message"] for error in refusal.value.facts["errors"]} == errors
