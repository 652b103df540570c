from decimal import Decimal

import pytest

from domain.reference import decisions as d
from domain.reference.bodies import CustomerBody, ProductBody
from domain.reference.events import CustomerErased, CustomerRetired, CustomerSaved, ProductSaved
from domain.reference.kinds import KINDS
from domain.reference.state import Absent, InForce, fold
from domain.rejected import Rejected

CUSTOMER = KINDS["customer"]
PRODUCT = KINDS["product"]
BODY = CustomerBody(code="C1", name="One", currency="EUR", metadata={"a": "1", "b": "2"})
SAVED = CustomerSaved(code="C1", version=1, body=BODY)


def refused(code, decide, *args, **kwargs):
    with pytest.raises(Rejected) as info:
        decide(*args, **kwargs)
    assert info.value.code == code
    return info.value


def test_first_save_is_version_one():
    assert d.save(CUSTOMER, fold([]), BODY) == [SAVED]


def test_same_body_again_is_nothing():
    assert d.save(CUSTOMER, fold([SAVED]), BODY) == []
    assert d.save(CUSTOMER, fold([SAVED]), BODY, create=True) == []


def test_same_number_written_otherwise_is_the_same_body():
    body = ProductBody(code="P", name="P", unit_factors={"h": Decimal("1.50")})
    state = fold([ProductSaved(code="P", version=1, body=body)])
    assert d.save(PRODUCT, state, body.model_copy(update={"unit_factors": {"h": Decimal("1.5")}})) == []


def test_another_body_is_the_next_version_and_creating_refuses_it():
    other = BODY.model_copy(update={"name": "Two"})
    assert d.save(CUSTOMER, fold([SAVED]), other) == [CustomerSaved(code="C1", version=2, body=other)]
    refused("already-exists", d.save, CUSTOMER, fold([SAVED]), other, create=True)


def test_patch_merges_objects_replaces_lists_and_null_removes():
    state = fold([SAVED])
    body = d.patched(CUSTOMER, state, "C1", {"metadata": {"b": None, "c": "3"}, "emails": ["a@example.test"]})
    assert body == BODY.model_copy(update={"metadata": {"a": "1", "c": "3"}, "emails": ("a@example.test",)})
    assert d.patched(CUSTOMER, state, "C1", {"metadata": None}).metadata == {}


def test_patch_names_every_wrong_field_by_pointer():
    no = refused(
        "invalid-body", d.patched, CUSTOMER, fold([SAVED]), "C1", {"country": "germany", "nonsense": 1, "name": None}
    )
    assert {e["pointer"] for e in no.facts["errors"]} == {"/country", "/nonsense", "/name"}
    assert no.kind == "invalid"


def test_codes_are_immutable():
    refused("code-immutable", d.patched, CUSTOMER, fold([SAVED]), "C1", {"code": "C2"})
    refused("code-immutable", d.save, CUSTOMER, fold([SAVED]), BODY.model_copy(update={"code": "C2"}))


def test_patch_of_nothing_is_not_found():
    assert refused("not-found", d.patched, CUSTOMER, Absent(), "C9", {}).kind == "missing"


def test_retire_once_and_saving_again_brings_it_back():
    retired = CustomerRetired(code="C1", version=2, reason="left")
    assert d.retire(CUSTOMER, fold([SAVED]), "C1", "left") == [retired]
    state = fold([SAVED, retired])
    assert d.retire(CUSTOMER, state, "C1", "left") == []
    assert d.save(CUSTOMER, state, BODY, create=True) == [CustomerSaved(code="C1", version=3, body=BODY)]
    refused("not-found", d.retire, CUSTOMER, Absent(), "C1", None)
    refused("not-retirable", d.retire, KINDS["job"], Absent(), "provider-sync", None)


def test_erased_is_for_good():
    erased = CustomerErased(code="C1", reason="asked")
    assert d.erase(CUSTOMER, fold([SAVED]), "C1", "asked") == [erased]
    state = fold([SAVED, erased])
    assert d.erase(CUSTOMER, state, "C1", "asked") == []
    refused("customer-erased", d.save, CUSTOMER, state, BODY)
    refused("customer-erased", d.patched, CUSTOMER, state, "C1", {})
    assert d.retire(CUSTOMER, state, "C1", None) == []


def test_a_body_too_large_for_an_event_is_refused():
    body = BODY.model_copy(update={"emails": tuple(f"{i}{'x' * 9000}@example.test" for i in range(20))})
    refused("body-too-large", d.save, CUSTOMER, fold([]), body)


@pytest.mark.parametrize("fields", [{"name": "a\x00"}, {"emails": ("a\x00",)}, {"metadata": {"a\x00": "b"}}])
def test_the_zero_character_is_refused_wherever_it_stands(fields):
    refused("invalid-body", d.save, CUSTOMER, fold([]), BODY.model_copy(update=fields))


def test_a_jobs_time_has_no_zone():
    with pytest.raises(Rejected, match="deployment's time zone"):
        d.parse(KINDS["job"], {"code": "provider-sync", "time": "02:00Z"})


def test_versions_are_the_streams():
    state = fold([SAVED, CustomerRetired(code="C1", version=2), CustomerSaved(code="C1", version=3, body=BODY)])
    assert state == InForce(3, BODY)


def test_codes_are_compared_in_one_normal_form():
    assert CustomerBody(code=" e\u0301 ", name="x").code == "é"
