"""The daily sync: every provider for itself, changes told once, nothing imported twice."""

from datetime import date
from decimal import Decimal

from commands.operations.work import Work
from commands.sync.request import PROVIDER_SYNC, request_daily_sync
from commands.sync.run import SyncHandler
from domain.operations import events as o
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, types
from tests.support.yard import DAY, Signals, both, outcomes


async def test_what_is_new_and_what_is_in_error_is_taken(yard):
    yard.offer(["60", "40"])
    yard.offer(["5"], "F-2", total="7.00")
    operation, items = await yard.daily()
    assert outcomes(items) == [(NUMBER, "imported"), ("F-2", "failed")]
    assert (operation.status, operation.done, operation.total) == ("done", 2, 2)
    started, ended = await yard.sync_facts(operation.id)
    assert (started.day, started.provider, started.manual) == (DAY, None, False)
    assert (ended.imported, ended.failed, ended.changed, ended.unchanged) == (1, 1, 0, 0)
    assert [(r.invoice_number, r.outcome) for r in ended.results] == [(NUMBER, "imported"), ("F-2", "failed")]

    yard.entry("F-2", "5.00")
    _, items = await yard.daily()
    assert outcomes(items) == [(NUMBER, "unchanged"), ("F-2", "imported")]


async def test_looked_and_nothing_changed_is_no_event_of_the_invoice(yard):
    yard.offer()
    await yard.daily()
    before = await yard.types()
    _, items = await yard.daily()
    assert outcomes(items) == [(NUMBER, "unchanged")]
    assert await yard.types() == before


async def test_a_list_that_cannot_be_fetched_stops_no_other_provider(yard):
    yard.offer()
    gone = {"manifest": str(yard.folder / "gone.json")}
    await yard.shop.save("provider", code="AAA", name="First in order", mode="automatic", connection=gone)
    operation, items = await yard.daily()
    assert outcomes(items) == [(NUMBER, "imported")]
    assert operation.message.endswith("lists that could not be fetched: 1.")
    failure = next(f for f in await yard.sync_facts(operation.id) if isinstance(f, o.ProviderListFailed))
    assert failure.provider == "AAA"
    assert "gone.json does not exist" in failure.message
    listed = await yard.desk.imports.last_list("AAA")
    assert listed.invoices is None
    assert listed.problem == failure.message


async def test_a_provider_without_automatic_sync_is_left_alone(yard):
    yard.offer()
    manifest = str(yard.folder / "manifest.json")
    await yard.shop.save(
        "provider", code="ACME", name="x", mode="automatic", automatic_sync=False, connection={"manifest": manifest}
    )
    _, items = await yard.daily()
    assert items == []
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]


async def test_a_change_is_told_once_for_each_revision_and_total(yard):
    yard.offer(["60", "40"])
    await yard.daily()
    yard.entry(total="120.00", revision="2")
    _, [item] = await yard.daily()
    assert item.outcome == "changed"
    assert "imported 100.00 EUR, provider now reports 120.00 EUR (revision 2)" in item.detail
    assert outcomes((await yard.daily())[1]) == [(NUMBER, "unchanged")]
    yard.entry(total="130.00", revision="2")
    assert outcomes((await yard.daily())[1]) == [(NUMBER, "changed")]
    yard.entry(total="100.00", revision="1")
    assert outcomes((await yard.daily())[1]) == [(NUMBER, "change_withdrawn")]
    reported = ["change-reported", "change-reported", "change-withdrawn"]
    assert (await yard.types())[3:] == reported
    assert (await yard.state()).header.total == Decimal(100)


async def test_an_invoice_typed_in_by_hand_is_left_alone(yard):
    invoice = await yard.shop.create(number="F-7")
    yard.offer(["60", "40"], "F-7")
    _, items = await yard.daily()
    assert outcomes(items) == [("F-7", "unchanged")]
    assert await yard.shop.types(invoice) == ["population-started"]


async def test_two_syncs_at_once_import_nothing_twice(yard):
    for n in range(4):
        yard.offer(["1", "2"], f"F-{n}")
    by_hand, daily = await yard.ask(None), await request_daily_sync(yard.desk, origin(), DAY)
    assert by_hand.id != daily.id
    await both(yard.work(), yard.work())
    for n in range(4):
        assert await yard.types(f"F-{n}") == ["population-started", "lines-populated", "activated"]
    assert len(await yard.lines()) == 8
    assert yard.unforeseen == []


async def test_a_daily_sync_that_runs_is_joined_and_one_that_ended_is_repeated_as_another(yard):
    first = await request_daily_sync(yard.desk, origin(), DAY)
    assert (await request_daily_sync(yard.desk, origin(), date(2026, 3, 3))).id == first.id
    await yard.work()
    assert (await request_daily_sync(yard.desk, origin(), DAY)).id != first.id


async def test_an_error_that_nobody_foresaw_costs_one_invoice_only(yard, monkeypatch):
    yard.offer(["1"], "F-1")
    yard.offer(["2"], "F-2")
    reader = yard.shop.desk.reader
    read = reader.read

    def broken(file, **more):
        if file.path == "F-1.csv":
            raise ZeroDivisionError
        return read(file, **more)

    monkeypatch.setattr(reader, "read", broken)
    for _ in range(3):
        _, items = await yard.daily()
        assert outcomes(items)[0] == ("F-1", "failed")
        assert (await yard.state("F-1")).status == "populating"
    assert [type(e) for e in yard.unforeseen] == [ZeroDivisionError] * 3
    assert (await yard.state("F-2")).status == "active"

    _, items = await yard.daily()  # it took three workers with it: enough

    assert outcomes(items)[0] == ("F-1", "failed")
    assert (await yard.state("F-1")).import_code == "worker-lost"
    monkeypatch.undo()
    assert outcomes((await yard.daily())[1])[0] == ("F-1", "imported")


async def test_an_operation_that_is_taken_up_again_leaves_out_what_is_done(yard):
    yard.offer(["1"], "F-1")
    yard.offer(["2"], "F-2")
    operation = await request_daily_sync(yard.desk, origin(), DAY)
    lost = await yard.desk.operations.claim("lost", [PROVIDER_SYNC], 0.0, yard.now)
    work = Work(lost.operation, lost.hold, yard.desk.operations, Signals(), lambda: yard.now, "UTC")
    await SyncHandler(yard.desk, yard.unforeseen.append)(work)

    again = await yard.work()

    assert (again.status, again.done, again.tries, again.losses) == ("done", 2, 2, 1)
    assert outcomes(await yard.desk.operations.items(operation.id)) == [("F-1", "imported"), ("F-2", "imported")]
    assert types(await yard.sync_facts(operation.id)) == ["provider-sync.started", "provider-sync.ended"]
