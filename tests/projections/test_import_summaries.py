"""An attempt counts on the business date on which it ended."""

from datetime import date
from decimal import Decimal

from domain.identity import Stream, id_for
from domain.operations import events as o
from projections.import_summaries.fold import IMPORT_SUMMARIES
from tests.projections.given import only, rows
from tests.support.billing import ProviderInvoiceFacts
from tests.support.records import Happened

I = ProviderInvoiceFacts()  # noqa: E741 -- the invoice
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def days(*steps):
    happened = Happened()
    for day, *facts in steps:
        happened.add(I.stream, *facts, day=day)
    return {r.day: r for r in rows(IMPORT_SUMMARIES, happened)["import_days"].values()}


def test_failed_on_monday_succeeded_on_tuesday():
    found = days((MONDAY, I.started()), (MONDAY, I.unresolved(), I.checksum_failed()), (TUESDAY, I.activated()))
    assert (found[MONDAY].outcome, found[MONDAY].reasons) == ("failed", ("unresolved_references", "checksum_failed"))
    assert found[MONDAY].total is None
    assert (found[TUESDAY].outcome, found[TUESDAY].total, found[TUESDAY].reasons) == (
        "succeeded",
        Decimal("100.00"),
        (),
    )


def test_the_last_outcome_of_a_day_counts():
    found = days((MONDAY, I.started()), (MONDAY, I.unresolved()), (MONDAY, I.activated()))
    assert (found[MONDAY].outcome, found[MONDAY].messages) == ("succeeded", ())


def test_another_attempt_of_the_day_replaces_the_reasons():
    found = days((MONDAY, I.unresolved()), (MONDAY, I.started(attempt=2)), (MONDAY, I.checksum_failed(attempt=2)))
    assert (found[MONDAY].reasons, found[MONDAY].attempt) == (("checksum_failed",), 2)


def test_a_retry_fails_on_its_own_day():
    found = days((MONDAY, I.unresolved()), (TUESDAY, I.retried()))
    assert [found[d].outcome for d in (MONDAY, TUESDAY)] == ["failed", "failed"]


def test_changed_and_taken_back_on_one_day_is_no_change():
    changed = days((MONDAY, I.activated()), (TUESDAY, I.changed()))
    assert (changed[MONDAY].changed, changed[TUESDAY].changed, changed[TUESDAY].outcome) == (False, True, None)
    assert changed[TUESDAY].reported_total == Decimal("120.00")
    assert not days((TUESDAY, I.changed()), (TUESDAY, I.withdrawn()))[TUESDAY].changed


def test_a_list_that_could_not_be_fetched():
    sync = id_for("provider-sync", "2026-03-02")
    happened = Happened()
    fact = o.ProviderListFailed(sync=sync, day=MONDAY, provider="acme", manual=False, message="connection refused")
    happened.add(Stream("provider-sync", sync), fact)
    row = only(IMPORT_SUMMARIES, happened, "import_list_failures")
    assert (row.day, row.provider, row.message) == (MONDAY, "acme", "connection refused")
