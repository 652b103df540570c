"""Problems, summaries, syncs, notices and reference data as they are asked."""

from datetime import date, timedelta
from decimal import Decimal

from pydantic_core import to_json

from adapters.event_store.personal import encrypt, personal_shape, replace_texts
from adapters.read_models import ReadModels
from commands.ports.key_vault import SubjectKey
from domain.identity import Stream, id_for
from domain.operations import events as o
from domain.reference.bodies import CustomerBody
from projections.paging import PageRequest
from projections.problem_invoices.queries import ProblemFilter
from projections.reference_list.queries import ReferenceFilter
from tests.support.billing import ProviderInvoiceFacts, cluster_saved, customer_saved
from tests.support.records import START, Happened

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
LONG_AGO = START - timedelta(days=1)


async def test_problems_the_latest_first(project, ask):
    happened = Happened()
    broken, fine, changed, quiet = (ProviderInvoiceFacts(f"F-{n}") for n in range(4))
    happened.add(broken.stream, broken.started(), broken.unresolved(), broken.checksum_failed())
    happened.add(fine.stream, fine.started(), fine.failed(), fine.started(attempt=2), fine.activated())
    happened.add(quiet.stream, quiet.started())
    happened.add(changed.stream, changed.started(), changed.activated(), changed.changed())
    project(happened)
    page = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), LONG_AGO)
    assert [(i.row.number, i.kinds) for i in page.items] == [
        ("F-2", ("provider_changed",)),
        ("F-0", ("unresolved_references", "checksum_failed")),
    ]
    assert (page.total, len(page.items[1].next_steps), len(page.items[1].messages)) == (2, 2, 2)
    later = await ask.problem_invoices.page(
        ProblemFilter(kinds=frozenset({"stuck"})), PageRequest(), START.replace(year=2027)
    )
    assert [(i.row.number, i.kinds) for i in later.items] == [("F-3", ("stuck",))]
    assert "no progress since" in later.items[0].messages[0]
    one = await ask.problem_invoices.page(ProblemFilter(), PageRequest(limit=1), LONG_AGO)
    two = await ask.problem_invoices.page(ProblemFilter(), PageRequest(limit=1, cursor=one.next_cursor), LONG_AGO)
    assert [i.row.number for i in two.items] == ["F-0"]


async def test_a_days_summary_adds_up(project, ask):
    happened = Happened()
    for n in range(3):
        i = ProviderInvoiceFacts(f"F-{n}")
        happened.add(i.stream, i.started(), i.activated(), day=MONDAY)
    i = ProviderInvoiceFacts("F-9")
    happened.add(i.stream, i.started(), i.unresolved(), i.checksum_failed(), day=MONDAY)
    i = ProviderInvoiceFacts("F-0")
    happened.add(i.stream, i.changed(), day=TUESDAY)
    sync = id_for("provider-sync", "2026-03-02")
    lost = o.ProviderListFailed(sync=sync, day=MONDAY, provider="zeta", manual=False, message="refused")
    happened.add(Stream("provider-sync", sync), lost, day=MONDAY)
    built = o.ImportSummaryBuilt(day=MONDAY, built_on=MONDAY, message_id="<1@x>", zone="UTC", through=1, providers=())
    failed = o.ImportSummaryFailed(
        day=MONDAY, message_id="<1@x>", tries=1, reason="server", message="away", retry_at=None
    )
    happened.add(Stream("import-summary", id_for("import-summary", "2026-03-02")), built, failed)
    project(happened)
    monday = await ask.import_summaries.day(MONDAY)
    acme, zeta = monday.providers
    assert (acme.succeeded, acme.failed_count, acme.changed_count) == (3, 1, 0)
    assert acme.failed[0].reasons == ("unresolved_references", "checksum_failed")
    assert [(t.currency, t.total, t.invoices) for t in acme.totals] == [("EUR", Decimal("300.00"), 3)]
    assert (zeta.list_failures, zeta.succeeded) == (("refused",), 0)
    assert monday.mail.status == "failed"
    assert [m.day for m in await ask.import_summaries.unsent()] == [MONDAY]
    page = await ask.import_summaries.page(PageRequest(limit=1))
    assert (page.items[0].day, page.items[0].providers[0].changed_count, page.total) == (TUESDAY, 1, 2)
    assert page.items[0].providers[0].changed[0].reported_total == Decimal("120.00")
    rest = await ask.import_summaries.page(PageRequest(cursor=page.next_cursor))
    assert [d.day for d in rest.items] == [MONDAY]
    assert [d.day for d in (await ask.import_summaries.page(PageRequest(), provider="zeta")).items] == [MONDAY]
    assert (await ask.import_summaries.page(PageRequest(), to=date(2020, 1, 1))).total == 0
    assert (await ask.import_summaries.day(date(2020, 1, 1))).providers == ()


async def test_syncs_and_notices(project, ask):
    happened = Happened()
    for n in range(3):
        sync = id_for("provider-sync", str(n))
        names = {"sync": sync, "day": MONDAY, "provider": "acme" if n else None, "manual": bool(n)}
        happened.add(Stream("provider-sync", sync), o.ProviderSyncStarted(**names))
        notice = {"template": "t", "subject": f"provider-invoice/{n}", "name": f"F-{n}", "message_id": f"<{n}@x>"}
        facts = [o.NoticeRaised(**notice, values={})]
        if n == 1:
            facts.append(o.NoticeFailed(**notice, tries=1, reason="server", message="away", retry_at=None))
        happened.add(Stream("notice", id_for("notice", str(n))), *facts)
    project(happened)
    first = await ask.sync_runs.page(PageRequest(limit=2))
    rest = await ask.sync_runs.page(PageRequest(limit=2, cursor=first.next_cursor))
    assert [r.id for r in (*first.items, *rest.items)] == [str(id_for("provider-sync", str(n))) for n in (2, 1, 0)]
    assert (await ask.sync_runs.page(PageRequest(), provider="zeta")).total == 1
    assert (await ask.sync_runs.get(id_for("provider-sync", "0"))).day == MONDAY
    assert [n.name for n in (await ask.notices.page(PageRequest())).items] == ["F-2", "F-1", "F-0"]
    assert [n.name for n in (await ask.notices.page(PageRequest(), unsent=True)).items] == ["F-1"]


async def test_reference_data_by_code(project, ask):
    happened = Happened()
    for code, parent in (("north", None), ("south", None), ("arctic", "north")):
        happened.add(*cluster_saved(code, parent))
    happened.add(*customer_saved("c-1", identifiers=({"provider": "acme", "identifier": "x"},)))
    project(happened)
    page = await ask.reference_list.page("cluster", ReferenceFilter(), PageRequest(limit=2))
    rest = await ask.reference_list.page("cluster", ReferenceFilter(), PageRequest(limit=2, cursor=page.next_cursor))
    assert [r.code for r in (*page.items, *rest.items)] == ["arctic", "north", "south"]
    assert page.total == 3
    for wanted, codes in (
        (ReferenceFilter(search="OUT"), ["south"]),
        (ReferenceFilter(body={"parent": "north"}), ["arctic"]),
        (ReferenceFilter(retired=True), []),
    ):
        assert [r.code for r in (await ask.reference_list.page("cluster", wanted, PageRequest())).items] == codes
    for provider, count in (("acme", 1), ("zeta", 0)):
        found = await ask.reference_list.page("customer", ReferenceFilter(identifier_of=provider), PageRequest())
        assert found.total == count
    assert await ask.reference_list.suggest("cluster", "no") == [("north", "north")]
    assert await ask.reference_list.get("cluster", "west") is None


async def test_personal_fields_open_with_their_key_only(database, project):
    key = SubjectKey(id_for("key", "1"), b"k" * 32)
    keys = {key.id: key.secret}

    class Vault:
        def key_for(self, subject):
            raise NotImplementedError

        def secrets(self, ids):
            return {i: keys[i] for i in ids if i in keys}

        async def erase(self, subject):
            raise NotImplementedError

    stream, saved = customer_saved("c-1", name="Somebody", emails=("a@example.org",))
    shape = personal_shape(CustomerBody)
    assert shape is not None
    body = replace_texts(saved.body.model_dump(mode="json"), shape, lambda text: encrypt(text, key))
    happened = Happened()
    happened.add(stream, saved, data=to_json({"code": "c-1", "version": 1, "body": body}))
    project(happened)
    models = await ReadModels.open(database, Vault(), size=1)
    try:
        row = await models.reference_list.get("customer", "c-1")
        assert (row.name, row.body["emails"], row.body["currency"]) == ("Somebody", ["a@example.org"], "EUR")
        for text, codes in (("BODY", ["c-1"]), ("c-", ["c-1"]), ("nobody", [])):
            page = await models.reference_list.page("customer", ReferenceFilter(search=text), PageRequest())
            assert [r.code for r in page.items] == codes
        assert await models.reference_list.suggest("customer", "some") == [("c-1", "Somebody")]
        keys.clear()
        assert await models.reference_list.suggest("customer", "some") == []
        page = await models.reference_list.page("customer", ReferenceFilter(), PageRequest())
        assert (page.items[0].name, page.items[0].body["emails"]) == ("[erased]", ["[erased]"])
    finally:
        await models.close()
