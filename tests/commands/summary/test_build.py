import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from commands.ports.event_store import Save, Write
from commands.ports.reference import KnownProvider
from commands.provider_invoice.desk import unwritten
from commands.summary.build import build_summary, run_summary, summary_stream
from domain.identity import Stream, provider_invoice_stream, reference_stream
from domain.operations.events import ImportSummaryBuilt, ImportSummarySent, ProviderListFailed
from domain.reference.bodies import Connection, ProviderBody
from tests.support.operations import DAY, activated, change_withdrawn, changed, checks_failed, import_failed
from tests.support.origins import NOW, origin
from tests.support.post_office import post_office, set_recipients

NEXT = NOW + timedelta(days=1)


class Providers:
    def __init__(self, *automatic):
        self.automatic = automatic

    async def providers(self):
        manual = ProviderBody(code="HAND", name="By hand")
        bodies = [
            ProviderBody(code=code, name=code, mode="automatic", connection=Connection(manifest="m.json"))
            for code in self.automatic
        ]
        seen = unwritten(reference_stream("provider", "seen"))
        return [KnownProvider(UUID(int=0), 1, body, seen) for body in [*bodies, manual]]

    async def provider(self, code):
        raise NotImplementedError

    async def provider_as_seen(self, code):
        raise NotImplementedError

    async def customer_names(self, codes):
        raise NotImplementedError


ACME = Providers("ACME")


@pytest.fixture
def office(mail_server):
    return post_office(mail_server)


async def happened(office, number, *facts, now=NOW, provider="ACME"):
    history = await office.store.load(provider_invoice_stream(provider, number))
    await office.store.append(Save(origin(now), (Write(history, facts),)))


async def built(office, day=DAY, now=NOW, providers=ACME) -> ImportSummaryBuilt:
    return (await build_summary(office.store, providers, origin(now), day, "example.test")).outcome


async def test_figures_of_a_day(office):
    await happened(office, "F-1", activated("F-1", "100"))
    await happened(office, "F-2", activated("F-2", "20.50"))
    await happened(office, "F-3", activated("F-3", "7", "USD"))
    await happened(office, "F-4", *checks_failed("F-4"))
    await happened(office, "F-5", changed("F-5"))
    await happened(office, "F-6", changed("F-6"))
    await happened(office, "F-6", change_withdrawn("F-6"))
    await happened(office, "H-1", activated("H-1", provider="HAND"), provider="HAND")
    sync = Stream("provider-sync", UUID(int=1))
    failed = ProviderListFailed(sync=sync.id, day=DAY, provider="ACME", manual=False, message="It answered 503.")
    await office.store.append(Save(origin(), (Write(await office.store.load(sync), (failed, failed)),)))
    acme, hand = (await built(office)).providers
    assert (acme.provider, acme.succeeded, acme.failed_count, acme.changed_count) == ("ACME", 3, 1, 1)
    assert [(t.currency, str(t.total), t.invoices) for t in acme.totals] == [("EUR", "120.5", 2), ("USD", "7", 1)]
    assert acme.failed[0].reasons == ("unresolved_references", "checksum_failed")
    assert acme.failed[0].messages == ("1 customer is unknown.", "The lines add up to 0.00.")
    assert [c.invoice_number for c in acme.changed] == ["F-5"]
    assert acme.list_failures == ("It answered 503.",)
    assert (hand.provider, hand.succeeded) == ("HAND", 1)


async def test_an_invoice_counts_once_a_day_as_it_ended(office):
    await happened(office, "F-1", *checks_failed("F-1"))
    await happened(office, "F-1", import_failed("F-1"))
    await happened(office, "F-1", activated("F-1"))
    await happened(office, "F-2", activated("F-2"))
    await happened(office, "F-2", import_failed("F-2", "Broken."))
    [acme] = (await built(office)).providers
    assert (acme.succeeded, acme.failed_count) == (1, 1)
    assert acme.failed[0].messages == ("Broken.",)


async def test_a_day_without_anything_has_its_summary(office):
    [acme] = (await built(office)).providers
    assert (acme.provider, acme.succeeded, acme.failed_count) == ("ACME", 0, 0)


async def test_without_an_automatic_provider_there_is_none(office):
    assert await built(office, providers=Providers()) is None
    assert office.store.events == []


async def test_what_ends_after_the_summary_is_told_in_the_next_one_as_earlier(office):
    await happened(office, "F-1", activated("F-1"))
    first = await built(office)
    await happened(office, "F-2", import_failed("F-2"), now=NOW + timedelta(hours=5))
    await happened(office, "F-3", activated("F-3"), now=NEXT)
    second = await built(office, DAY + timedelta(days=1), NEXT)
    assert (first.providers[0].succeeded, first.earlier) == (1, ())
    assert second.providers[0].succeeded == 1
    assert [(p.succeeded, p.failed_count) for p in second.earlier] == [(0, 1)]


async def test_days_that_were_missed_are_caught_up_and_nothing_is_told_twice(office):
    today = NOW + timedelta(days=3)
    await built(office)
    await happened(office, "late", activated("late"), now=NOW + timedelta(hours=5))
    for n in range(1, 4):
        await happened(office, f"F-{n}", activated(f"F-{n}"), now=NOW + timedelta(days=n))
    days = [await built(office, DAY + timedelta(days=n), today) for n in (1, 2, 3)]
    assert [d.providers[0].succeeded for d in days] == [1, 1, 1]
    assert [[p.succeeded for p in d.earlier] for d in days] == [[1], [], []]
    assert [d.built_on for d in days] == [today.date()] * 3


async def test_a_thousand_failures_stay_within_an_event(office):
    for n in range(1000):
        await happened(office, f"F-{n}", import_failed(f"F-{n}", "é" * 5000))
    summary = await built(office)
    assert (summary.providers[0].failed_count, len(summary.providers[0].failed)) == (1000, 100)
    assert len(summary.model_dump_json().encode()) < 100_000


async def test_run_twice_or_two_at_once_is_one_summary_and_one_mail(office, mail_server):
    await set_recipients(office, "import-summary", "a@example.test", body="{{ providers|length }}")
    said = await asyncio.gather(*(run_summary(office, ACME, origin(), DAY) for _ in range(4)))
    said.append(await run_summary(office, ACME, origin(NEXT), DAY))
    assert len(mail_server.mails) == 1
    assert mail_server.mails[0]["Message-ID"] == "<import-summary.2026-03-02@example.test>"
    types = [f.type for f in office.store.facts(summary_stream(DAY))]
    assert types == ["import-summary.built", "import-summary.sending", "import-summary.sent"]
    assert sum("; mailed." in s for s in said) == 1


async def test_a_mail_server_that_is_away_does_not_stop_the_job(office, mail_server):
    await set_recipients(office, "import-summary", "a@example.test", body="x")
    await mail_server.stop()
    assert "not mailed yet" in await run_summary(office, ACME, origin(), DAY)
    await mail_server.start()
    await run_summary(office, ACME, origin(NOW + timedelta(minutes=2)), DAY)
    assert isinstance(office.store.facts(summary_stream(DAY))[-1], ImportSummarySent)
