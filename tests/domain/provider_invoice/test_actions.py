"""What a caller is told that may be done now."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import pytest

from domain.provider_invoice import changes, conclude, lifecycle, populate
from domain.provider_invoice.actions import Usage, available_actions
from domain.provider_invoice.checksum import Override
from domain.rejected import Rejected
from tests.support.provider_invoices import RESOLVED, UNRESOLVED, after, chunk, file, given, header, populated, started


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
        ("manual", Usage(adjusted=True), {"deactivate": "has-adjustments", "delete": "has-adjustments"}),
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


BILLED = [lifecycle.Billed(UUID(int=1), "INV-1", 2, releasable=True)]


def walk(source, adjusts):
    """An invoice in every state that its own facts can bring it to."""
    links = {"adjusts": UUID(int=1), "adjusts_number": "F-0"} if adjusts else {}
    fresh = given(started(source=source, files=[file()], **links), populated())
    live = after(fresh, conclude.conclude(fresh, RESOLVED))
    changed = after(live, changes.check_change(live, "2", Decimal("120.00")))
    failed = after(fresh, conclude.conclude(fresh, UNRESOLVED, override=Override("r")))
    yield from (fresh, live, changed, failed)
    yield after(changed, changes.acknowledge(changed))
    yield after(changed, changes.check_change(changed, "1", Decimal("100.00")))
    yield after(live, lifecycle.deactivate(live, "r", [], 0))
    yield after(failed, lifecycle.delete(failed, "r", [], 0))
    for code in ("cancelled", "stuck", "cell-invalid", "foreign-currency"):
        yield after(fresh, conclude.fail_import(fresh, code, "why"))


def decisions(state, usage) -> dict[str, Callable[[], object]]:
    """What each action does, as far as the invoice's own state decides it."""
    billed = BILLED if usage.invoiced else []
    return {
        "sync": lambda: lifecycle.plan_sync(state, manual=True),
        "correct": lambda: populate.correct_header(state, header("1.00")),
        "lines": lambda: populate.put_part(state, [chunk("z", 9, file_sha256="zz")], replace=False),
        "activate": lambda: lifecycle.expect_activatable(state),
        "deactivate": lambda: lifecycle.deactivate(state, "r", billed, 0),
        "delete": lambda: lifecycle.delete(state, "r", billed, 0),
        "acknowledge-change": lambda: changes.acknowledge(state),
        "adjust": lambda: changes.expect_adjustable(state),
        "cancel": lambda: conclude.fail_import(state, "cancelled", "why"),
    }


@pytest.mark.parametrize("source", ["automatic", "manual"])
@pytest.mark.parametrize("adjusts", [False, True])
@pytest.mark.parametrize("invoiced", [False, True])
def test_what_is_listed_as_allowed_is_decided_and_what_is_not_is_refused_or_done_already(source, adjusts, invoiced):
    for state in walk(source, adjusts):
        usage = Usage(invoiced=invoiced and state.status == "active")
        codes = table(state, usage)
        for action, decide in decisions(state, usage).items():
            said = (state.status, state.import_code, action)
            refused, decided = outcome(decide)
            if refused or codes[action] is None:
                assert codes[action] == refused, said
            else:
                assert decided in ([], None, "leave", "populate"), said
                assert state.status in ALREADY[codes[action]], said


def outcome(decide) -> tuple[str | None, object]:
    """The code of the refusal, or what was decided."""
    try:
        return None, decide()
    except Rejected as refused:
        return refused.code, None


ALREADY = {
    "provider-invoice-active": {"active"},
    "not-active": {"deactivated"},
    "provider-invoice-deleted": {"deleted"},
    "no-open-change": {"active"},
    "not-populating": {"active", "error", "deactivated", "deleted"},
    "import-running": {"populating"},
    "provider-invoice-manual": {"deleted"},
}
"""Refused in the list, though asking decides nothing instead of failing: it is done, or goes on by itself."""
