"""The provider invoice list shows every turn of an invoice and of its usage."""

from decimal import Decimal
from uuid import UUID

import pytest

from projections.provider_invoices.read_model import PROVIDER_INVOICES
from projections.read_model import RowMissing
from tests.projections.given import only, rows
from tests.support.billing import OfferFacts, ProviderInvoiceFacts
from tests.support.records import Happened

I = ProviderInvoiceFacts()  # noqa: E741 -- the invoice
A, B = UUID(int=1), UUID(int=2)


def after(*facts):
    happened = Happened()
    for fact in facts:
        happened.add(I.stream, fact)
    return only(PROVIDER_INVOICES, happened, "provider_invoices")


def test_an_invoice_being_populated():
    row = after(I.started(), I.populated(), I.populated(part="b"), I.removed(part="b"))
    assert (row.status, row.status_reason, row.attempt, row.lines) == ("active", "populating", 1, 5)
    assert (row.total, row.currency, row.version, row.position) == (Decimal("100.00"), "EUR", 4, 4)
    assert row.attempt_ended_at is None


def test_both_checks_failed_in_one_try():
    row = after(I.started(), I.unresolved(), I.checksum_failed())
    assert (row.status, row.status_reason) == ("inactive", "error")
    assert row.reasons == ("unresolved_references", "checksum_failed")
    assert len(row.messages) == 2
    assert (row.tries, row.difference, row.can_be_overridden) == (1, Decimal("0.30"), True)
    assert row.lines_total == Decimal("100.00")


def test_a_retry_replaces_what_failed():
    row = after(I.started(), I.unresolved(), I.checksum_failed(), I.retried(tries=2))
    assert (row.reasons, row.messages, row.tries) == (("unresolved_references",), ("1 reference left.",), 2)
    assert (row.difference, row.can_be_overridden) == (None, False)


def test_an_override_says_who_why_and_how_much():
    happened = Happened()
    happened.add(I.stream, I.started())
    happened.add(I.stream, I.checksum_failed())
    happened.add(I.stream, I.overridden(), I.activated(difference="0.30"), actor="person:ada")
    row = only(PROVIDER_INVOICES, happened, "provider_invoices")
    assert (row.overridden, row.overridden_by, row.overridden_reason) == (Decimal("0.30"), "person:ada", "rounding")
    assert (row.status_reason, row.reasons, row.messages, row.tries) == ("active", (), (), 0)
    assert row.activated_at == happened.records[-1].occurred_at


def test_the_next_attempt_starts_anew_but_keeps_birth_and_links():
    row = after(I.started(), I.activated(), I.adjusted(), I.deactivated(), I.started(attempt=2))
    assert (row.attempt, row.status_reason, row.overridden, row.activated_at) == (2, "populating", None, None)
    assert row.created_position == 1
    assert row.adjustments == ({"id": str(I.adjusted().adjustment), "number": "F-1~r2"},)


@pytest.mark.parametrize(
    ("settled", "is_open"),
    [((), True), ((I.acknowledged(),), False), ((I.withdrawn(),), False), ((I.adjusted(),), False)],
)
def test_a_change_stands_beside_the_total_until_settled(settled, is_open):
    row = after(I.started(), I.activated(), I.changed(), *settled)
    assert (row.total, row.change_total, row.change_open) == (Decimal("100.00"), Decimal("120.00"), is_open)


def test_deleted_and_created_again():
    assert after(I.started(), I.deleted()).status == "deleted"
    assert after(I.started(), I.deleted(), I.started(attempt=2)).status == "active"


def test_an_import_that_failed_says_its_code():
    row = after(I.started(), I.failed("stuck"))
    assert (row.reasons, row.import_code) == (("import_failed",), "stuck")


def test_a_fact_without_its_row_is_refused():
    with pytest.raises(RowMissing, match="came before the row"):
        after(I.activated())


def test_the_states_of_usage_add_up():
    offer = OfferFacts(I)
    happened = Happened()
    steps = [
        offer.offered(10, "50.125"),
        offer.invoiced(A, 4, "20"),
        offer.invoiced(B, 2, "10", kind="customer-inbox"),
        offer.released(A, 3, "15"),
        offer.reoffered(1, "5"),
    ]
    for fact in steps:
        happened.add(offer.stream, fact, key=I.stream.id)
        row = only(PROVIDER_INVOICES, happened, "provider_invoice_usage")
        states = ("offered", "waiting", "invoiced", "released", "withdrawn")
        assert sum(getattr(row, f"{s}_lines") for s in states) == row.billable_lines == 10
        assert sum(getattr(row, f"{s}_cost") for s in states) == row.billable_cost == Decimal("50.125")
    assert (row.offered_lines, row.waiting_lines, row.invoiced_lines, row.released_lines) == (5, 2, 1, 2)
    assert (row.excluded_lines, row.excluded_cost) == (2, Decimal("40.5"))
    assert row.provider_invoice == str(I.stream.id)


def test_withdrawn_usage():
    offer = OfferFacts(I)
    happened = Happened()
    happened.add(offer.stream, offer.offered(10, "50.125"), offer.withdrawn(10, "50.125"), key=I.stream.id)
    row = only(PROVIDER_INVOICES, happened, "provider_invoice_usage")
    assert (row.offered_lines, row.withdrawn_lines, row.withdrawn_cost) == (0, 10, Decimal("50.125"))


def test_costs_are_not_cut_at_28_digits():
    offer = OfferFacts(I)
    big = "12345678901234567890123.123456789012345"
    happened = Happened()
    happened.add(offer.stream, offer.offered(2, big), offer.invoiced(A, 1, "0.000000000000001"), key=I.stream.id)
    row = only(PROVIDER_INVOICES, happened, "provider_invoice_usage")
    assert row.offered_cost == Decimal("12345678901234567890123.123456789012344")


def test_usage_needs_no_invoice_row():
    offer = OfferFacts(I)
    happened = Happened()
    happened.add(offer.stream, offer.offered(), key=I.stream.id)
    assert rows(PROVIDER_INVOICES, happened)["provider_invoices"] == {}


def test_an_adjustment_that_is_deleted_and_had_again_is_linked_once():
    row = after(I.started(), I.activated(), I.changed(), I.adjusted(), I.reopened())
    assert (row.change_open, row.change_total, len(row.adjustments)) == (True, Decimal("120.00"), 1)
    row = after(I.started(), I.activated(), I.changed(), I.adjusted(), I.reopened(), I.adjusted())
    assert (row.change_open, len(row.adjustments)) == (False, 1)
