"""What the provider changed becomes an invoice of its own: new minus old, checked and billed like any other."""

from decimal import Decimal

import pytest
import pytest_asyncio

from commands.operations.work import Work
from commands.provider_invoice.acknowledge_change import acknowledge_change
from commands.provider_invoice.adjust import adjust
from commands.provider_invoice.cancel import cancel
from commands.provider_invoice.desk import load
from commands.provider_invoice.find_lines import LineFilter, find_lines
from commands.provider_invoice.take_out import deactivate, delete
from commands.provider_invoice.usage import usage_sums
from commands.sync.adjusting import IMPORT_INVOICE, ImportInvoiceHandler
from domain.identity import provider_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER
from tests.support.shop import line
from tests.support.yard import Signals, csv_line, make_yard, open_yard

INVOICE = provider_invoice_stream(PROVIDER, NUMBER).id


@pytest_asyncio.fixture
async def yard(database, tmp_path):
    async with open_yard(database, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def changed(yard):
    """F-1 over 100.00 is active; the provider now lists 120.00: 60 became 70, and 10 came for c-2."""
    yard.offer(["60", "40"])
    await yard.sync()
    yard.file("F-1.csv", [csv_line("70"), csv_line("40"), csv_line("10", "c-2")])
    yard.entry(total="120.00", revision="2")
    await yard.daily()
    assert (await yard.state()).open_change is not None
    return yard


async def work(yard, handler=ImportInvoiceHandler):
    claimed = await yard.desk.operations.claim("tester", [IMPORT_INVOICE], 15.0, yard.now)
    assert claimed is not None
    ended = await handler(yard.desk)(
        Work(claimed.operation, claimed.hold, yard.desk.operations, Signals(), lambda: yard.now, "UTC")
    )
    await yard.desk.operations.end(claimed.hold, ended.status, ended.message, yard.now)
    return ended


async def amounts(yard, invoice):
    page = await find_lines(yard.desk.invoices, invoice, LineFilter())
    return [(p.line.customer_ref, p.line.amount, p.state) for p in page.lines]


async def test_an_adjustment_of_a_changed_invoice(changed):
    outcome = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (outcome.created, outcome.state.number, outcome.state.header.total) == (True, "F-1~r2", 20)
    assert outcome.operation is not None
    assert (await work(changed)).status == "done"
    original, adjustment = await changed.state(), await changed.state("F-1~r2")
    assert (original.open_change, original.adjustments) == (None, (outcome.id,))
    assert (adjustment.status, adjustment.adjusts, adjustment.rows) == ("active", INVOICE, 2)
    assert await amounts(changed, outcome.id) == [("c-1", 10, "offered"), ("c-2", 10, "offered")]
    assert not (await usage_sums(changed.desk.invoices, outcome.id)).leaks
    again = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (again.id, again.changed) == (outcome.id, False)
    await changed.daily()
    assert (await changed.state()).open_change is None, "the pair was reported before"


async def test_a_second_adjustment_is_over_what_is_billed_by_then(changed):
    await adjust(changed.desk, origin(), INVOICE)
    await work(changed)
    changed.file("F-1.csv", [csv_line("70"), csv_line("40")])
    changed.entry(total="110.00", revision="3")
    await changed.daily()
    second = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (second.state.number, second.state.header.total) == ("F-1~r3", -10)
    await work(changed)
    assert await amounts(changed, second.id) == [("c-2", -10, "offered")]


async def test_an_adjustment_that_fails_is_tried_again_by_the_daily_sync(changed):
    changed.file("F-1.csv", [csv_line("60"), csv_line("40"), csv_line("20", "c-9")])
    outcome = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (await work(changed)).status == "failed"
    assert (await changed.state("F-1~r2")).reasons == ("unresolved_references",)
    with pytest.raises(Rejected, match="has-adjustments"):
        await deactivate(changed.desk.invoices, origin(), INVOICE, reason="r")
    nine = {"provider": PROVIDER, "identifier": "c-9"}
    await changed.shop.save("customer", code="C9", name="Nine", identifiers=[nine])
    await changed.daily()
    assert (await changed.state("F-1~r2")).status == "active"
    assert await amounts(changed, outcome.id) == [("c-9", 20, "offered")]


async def test_a_cancelled_adjustment_is_taken_up_by_a_sync_of_its_own(changed):
    outcome = (await adjust(changed.desk, origin(), INVOICE)).outcome
    await cancel(changed.desk.invoices, origin(), outcome.id)
    await work(changed)
    assert (await changed.state("F-1~r2")).import_code == "cancelled"
    await changed.ask("F-1~r2")
    assert (await work(changed)).status == "done"
    state = await changed.state("F-1~r2")
    assert (state.status, state.attempt) == ("active", 2)


async def test_a_deleted_adjustment_is_had_again_by_a_sync_of_its_own(changed):
    outcome = (await adjust(changed.desk, origin(), INVOICE)).outcome
    await work(changed)
    await delete(changed.desk.invoices, origin(), outcome.id, reason="too early")
    assert (await changed.state()).open_change is not None, "what it billed is billed no more"
    await changed.daily()
    assert (await changed.state("F-1~r2")).status == "deleted", "only somebody who asks for it has it again"
    await changed.ask("F-1~r2")
    assert (await work(changed)).status == "done"
    state = await changed.state("F-1~r2")
    assert (state.status, state.attempt, state.adjusts) == ("active", 2, INVOICE)
    assert await amounts(changed, outcome.id) == [("c-1", 10, "offered"), ("c-2", 10, "offered")]
    assert (await changed.state()).open_change is None
    again = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (again.id, again.changed) == (outcome.id, False)


async def test_after_a_deleted_adjustment_another_one_is_made_and_the_first_stays_deleted(changed):
    first = (await adjust(changed.desk, origin(), INVOICE)).outcome
    await work(changed)
    await delete(changed.desk.invoices, origin(), first.id, reason="wrong")
    second = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (second.state.number, second.state.header.total) == ("F-1~r3", 20)
    await work(changed)
    assert await amounts(changed, second.id) == [("c-1", 10, "offered"), ("c-2", 10, "offered")]
    await changed.ask("F-1~r2")
    ended = await work(changed)
    assert (ended.status, "later adjustments" in ended.message) == ("failed", True)
    assert (await changed.state("F-1~r2")).status == "deleted"


async def test_a_correct_file_is_adjusted_to_whatever_was_rounded_or_overridden_before(yard):
    yard.offer(["60.004", "39.80"], total="100.00")
    await yard.sync(override=Override("their rounding"))
    assert (await yard.state()).status == "active"
    yard.offer(["60.006", "40"], total="100.01", revision="2")
    await yard.daily()
    outcome = (await adjust(yard.desk, origin(), INVOICE)).outcome
    assert (await work(yard)).status == "done"
    state = await yard.state("F-1~r2")
    assert (state.status, state.header.total, state.totals.exact) == ("active", Decimal("0.01"), Decimal("0.202"))
    assert not (await usage_sums(yard.desk.invoices, outcome.id)).leaks


async def test_what_was_acknowledged_is_adjusted_after_all(changed):
    await acknowledge_change(changed.desk.invoices, origin(), INVOICE)
    outcome = (await adjust(changed.desk, origin(), INVOICE)).outcome
    assert (outcome.state.number, outcome.state.header.total) == ("F-1~r2", 20)
    await work(changed)
    assert (await changed.state("F-1~r2")).status == "active"
    await changed.daily()
    assert [c.how for c in (await changed.state()).changes] == ["adjusted"]


async def test_what_cannot_be_adjusted(changed):
    changed.entry(currency="USD")
    with pytest.raises(Rejected, match="currency-changed"):
        await adjust(changed.desk, origin(), INVOICE)
    await deactivate(changed.desk.invoices, origin(), INVOICE, reason="r")
    with pytest.raises(Rejected, match="not-active"):
        await adjust(changed.desk, origin(), INVOICE)


async def test_the_provider_must_still_list_it_as_told(changed):
    with pytest.raises(Rejected, match="total-differs"):
        await adjust(changed.desk, origin(), INVOICE, total=Decimal(1))
    changed.entry(total="100.00", revision="1")
    with pytest.raises(Rejected, match="no-open-change"):
        await adjust(changed.desk, origin(), INVOICE)
    changed.entries.clear()
    changed.publish()
    with pytest.raises(Rejected, match="not-listed"):
        await adjust(changed.desk, origin(), INVOICE)
    (changed.folder / "manifest.json").write_text("{")
    with pytest.raises(Rejected, match="list-not-fetched"):
        await adjust(changed.desk, origin(), INVOICE)


@pytest_asyncio.fixture
async def manual(shop, tmp_path):
    (tmp_path / "acme").mkdir()
    return await make_yard(shop, tmp_path, world=False)


async def test_a_manual_invoice_is_adjusted_by_the_lines_of_the_corrected_one(manual):
    shop = manual.shop
    invoice = await shop.active([line("60"), line("40", "c-2")])
    with pytest.raises(Rejected, match="total-missing"):
        await adjust(manual.desk, origin(), invoice)
    outcome = (await adjust(manual.desk, origin(), invoice, total=Decimal("95.00"))).outcome
    assert (outcome.state.status, outcome.state.header.total, outcome.operation) == ("populating", -5, None)
    same = (await adjust(manual.desk, origin(), invoice, total=Decimal("95.00"))).outcome
    assert (same.id, same.changed) == (outcome.id, False)
    with pytest.raises(Rejected, match="adjustment-open"):
        await adjust(manual.desk, origin(), invoice, total=Decimal("96.00"))
    await shop.upload(outcome.id, [line("60"), line("35", "c-9")])
    failed = await shop.activate(outcome.id)
    assert failed.state.reasons == ("unresolved_references",)
    await shop.upload(outcome.id, [line("60"), line("35", "c-2")], replace=True)
    done = await shop.activate(outcome.id)
    assert (done.state.status, done.state.attempt) == ("active", 2)
    assert await amounts(manual, outcome.id) == [("c-2", -5, "offered")]
    await delete(shop.desk, origin(), outcome.id, reason="never mind")
    await deactivate(shop.desk, origin(), invoice, reason="r")
    with pytest.raises(Rejected, match="not-active"):
        await adjust(manual.desk, origin(), invoice, total=Decimal(1))


async def test_an_adjustment_is_not_adjusted_and_needs_what_it_adjusts(manual):
    shop = manual.shop
    invoice = await shop.active([line("60")])
    outcome = (await adjust(manual.desk, origin(), invoice, total=Decimal("50.00"))).outcome
    await shop.upload(outcome.id, [line("50")])
    await shop.activate(outcome.id)
    with pytest.raises(Rejected, match="is-an-adjustment"):
        await adjust(manual.desk, origin(), outcome.id, total=Decimal(1))
    await deactivate(shop.desk, origin(), outcome.id, reason="r")
    await deactivate(shop.desk, origin(), invoice, reason="r")
    with pytest.raises(Rejected, match="original-not-active"):
        await shop.activate(outcome.id)
    await shop.activate(invoice)
    assert (await shop.activate(outcome.id)).state.rows == 1
    assert (await load(shop.desk, outcome.id)).state.totals.exact == -10


async def test_a_deleted_adjustments_number_typed_in_again_is_an_invoice_of_its_own(manual):
    shop = manual.shop
    invoice = await shop.active([line("60"), line("40", "c-2")])
    first = (await adjust(manual.desk, origin(), invoice, total=Decimal("95.00"))).outcome
    await delete(manual.desk.invoices, origin(), first.id, reason="wrong")
    assert await shop.active([line("7")], first.state.number) == first.id
    assert (await load(manual.desk.invoices, first.id)).state.adjusts is None
    second = (await adjust(manual.desk, origin(), invoice, total=Decimal("110.00"))).outcome
    assert (second.state.number, second.state.header.total) == ("F-1~r3", 10)
    await shop.upload(second.id, [line("70"), line("40", "c-2")])
    assert (await shop.activate(second.id)).state.status == "active"
    await deactivate(manual.desk.invoices, origin(), second.id, reason="r")
    taken_out = (await deactivate(manual.desk.invoices, origin(), invoice, reason="r")).outcome
    assert taken_out.state.status == "deactivated"
