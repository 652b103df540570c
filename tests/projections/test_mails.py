"""What is not out is a problem until it is."""

from datetime import date

from domain.identity import Stream, id_for
from domain.operations import events as o
from projections.import_summaries.fold import IMPORT_SUMMARIES
from projections.notices.fold import NOTICES
from projections.sync_runs.fold import SYNC_RUNS
from tests.projections.given import only
from tests.support.records import Happened

DAY = date(2026, 3, 2)
NAMES = {"template": "provider-invoice-changed", "subject": "provider-invoice/1", "name": "F-1", "message_id": "<1@x>"}
SUMMARY = {"day": DAY, "message_id": "<2@x>"}
AWAY = {"tries": 1, "reason": "server", "message": "connection refused", "retry_at": None}


def folded(model, kind, *facts, table=None):
    happened = Happened()
    for fact in facts:
        happened.add(Stream(kind, id_for(kind, "1")), fact)
    return only(model, happened, table)


def test_a_notice_from_raised_to_sent():
    raised, failed = o.NoticeRaised(**NAMES, values={}), o.NoticeFailed(**NAMES, **AWAY)
    assert folded(NOTICES, "notice", raised).status == "raised"
    row = folded(NOTICES, "notice", raised, failed, failed)
    assert (row.status, row.reason, row.since is not None) == ("failed", "server", True)
    row = folded(NOTICES, "notice", raised, failed, o.NoticeSent(**NAMES, to=2))
    assert (row.status, row.recipients, row.since, row.reason) == ("sent", 2, None, None)


def test_a_summary_from_built_to_sent():
    built = o.ImportSummaryBuilt(**SUMMARY, built_on=DAY, zone="UTC", through=1, providers=())
    failed, sent = o.ImportSummaryFailed(**SUMMARY, **AWAY), o.ImportSummarySent(**SUMMARY, to=1)
    mails = "import_summary_mails"
    assert folded(IMPORT_SUMMARIES, "import-summary", built, table=mails).status == "built"
    assert folded(IMPORT_SUMMARIES, "import-summary", built, failed, table=mails).message == "connection refused"
    row = folded(IMPORT_SUMMARIES, "import-summary", built, failed, sent, table=mails)
    assert (row.status, row.reason, row.recipients) == ("sent", None, 1)


def test_a_sync_run():
    names = {"sync": id_for("provider-sync", "1"), "day": DAY, "provider": None, "manual": False}
    started = o.ProviderSyncStarted(**names)
    lost = o.ProviderListFailed(**{**names, "provider": "acme"}, message="refused")
    ended = o.ProviderSyncEnded(**names, imported=2, failed=1, changed=0, unchanged=5, results=())
    row = folded(SYNC_RUNS, "provider-sync", started, lost, ended)
    assert (row.imported, row.failed, row.ended_at is not None) == (2, 1, True)
    assert row.list_failures == ({"provider": "acme", "message": "refused"},)
    assert folded(SYNC_RUNS, "provider-sync", started).ended_at is None
