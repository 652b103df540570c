"""What a caller is told that may be done now."""

from uuid import UUID

import pytest

from domain.provider_invoice import conclude
from domain.provider_invoice.actions import Usage, available_actions
from tests.support.provider_invoices import RESOLVED, after, file, given, populated, started


def active(source):
    state = given(started(source=source, files=[file()]), populated())
    return after(state, conclude.conclude(state, RESOLVED))


def table(state, usage=None, roles=("operator",)):
    return {a.action: a.code for a in available_actions(state, usage or Usage(), roles)}


@pytest.mark.parametrize(
    ("source", "usage", "expected"),
    [
        (
            "automatic",
            Usage(),
            {"sync": "provider-invoice-active", "deactivate": None, "lines": "provider-invoice-automatic"},
        ),
        (
            "automatic",
            Usage(invoiced=True),
            {"deactivate": "lines-invoiced", "delete": "lines-invoiced", "release": None},
        ),
        ("manual", Usage(), {"adjust": None, "correct": "provider-invoice-active", "release": "lines-not-invoiced"}),
        ("manual", Usage(released=True), {"reoffer": None, "acknowledge-change": "no-open-change"}),
    ],
)
def test_an_active_one(source, usage, expected):
    found = table(active(source), usage)
    assert {k: found[k] for k in expected} == expected


def test_a_manual_one_that_waits_for_lines():
    found = table(given(started(source="manual")))
    allowed = {action for action, code in found.items() if code is None}
    assert allowed == {"correct", "lines", "activate", "delete", "cancel"}


def test_a_role_that_is_too_small_is_named_first():
    assert set(table(active("manual"), roles=("viewer",)).values()) == {"role-too-small"}


def test_an_adjustment_whose_files_were_not_read_is_synced_not_activated():
    state = given(started(source="automatic", files=[file()], adjusts=UUID(int=1), adjusts_number="F-0"))
    unread = table(after(state, conclude.fail_import(state, "cell-invalid", "why")))
    assert (unread["activate"], unread["sync"]) == ("provider-invoice-automatic", None)
    foreign = given(started(source="automatic", files=[file()], adjusts=UUID(int=1)), populated(currencies=("USD",)))
    assert table(after(foreign, conclude.conclude(foreign, RESOLVED)))["activate"] is None
