"""Syncing invoices that a provider lists: each row of the transition table that a sync is in."""

from decimal import Decimal

import pytest

from commands.provider_invoice.take_out import deactivate, delete
from commands.sync.request import request_sync
from domain.identity import provider_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER
from tests.support.yard import both, csv_line, outcomes

INVOICE = provider_invoice_stream(PROVIDER, NUMBER).id


async def test_a_listed_invoice_is_imported_with_all_its_lines(yard):
    yard.offer(["60", "40"])

    [item] = await yard.sync()

    assert (item.outcome, item.detail) == ("imported", "2 lines, 100.00 EUR")
    assert item.href == f"/v1/provider-invoices/{INVOICE}"
    assert await yard.types() == ["population-started", "lines-populated", "activated"]
    assert await yard.lines() == [(1, Decimal(60)), (2, Decimal(40))]
    state = await yard.state()
    assert (state.status, state.source, state.revision) == ("active", "automatic", "1")


async def test_the_operation_counts_the_lines_of_one_invoice(yard):
    yard.offer(["60", "40"])
    operation = await yard.ask()
    assert (operation.status, operation.done) == ("queued", 0)
    ended = await yard.work()
    assert (ended.status, ended.done, ended.total, ended.unit) == ("done", 2, 2, "lines")
    assert ended.message == "1 imported, 0 failed, 0 changed, 0 unchanged."


async def test_a_double_click_makes_one_operation(yard):
    yard.offer()
    first, second = await both(yard.ask(), yard.ask())
    assert first.id == second.id
    await yard.work()
    assert await yard.work() is None


async def test_failed_checks_are_told_with_figures_and_another_try_is_one_fact(yard):
    yard.offer(["60", "40"], total="112.00")
    [item] = await yard.sync()
    assert item.outcome == "failed"
    assert "a difference of -12.00 EUR" in item.detail
    lines = await yard.lines()

    [again] = await yard.sync()

    assert again.outcome == "failed"
    assert (await yard.types())[-2:] == ["checksum-failed", "import-retried"]
    assert await yard.lines() == lines


async def test_another_try_takes_over_the_header_that_the_provider_corrected(yard):
    yard.offer(["60", "40"], total="112.00")
    await yard.sync()
    yard.entry(total="100.00", revision="2")
    [item] = await yard.sync()
    assert item.outcome == "imported"
    assert (await yard.types())[-2:] == ["header-corrected", "activated"]
    state = await yard.state()
    assert (state.revision, state.attempt) == ("2", 1)


async def test_another_file_begins_the_next_attempt(yard):
    yard.offer(["60", "40"], total="112.00")
    await yard.sync()
    yard.offer(["60", "52"])
    [item] = await yard.sync()
    assert item.outcome == "imported"
    assert (await yard.state()).attempt == 2


async def test_an_override_waives_a_small_difference_of_this_invoice(yard):
    yard.offer(["60", "39.70"], total="100.00")
    [failed] = await yard.sync()
    assert "It can be overridden" in failed.detail
    [item] = await yard.sync(override=Override("agreed by phone", Decimal("-0.30")))
    assert item.outcome == "imported"
    assert (await yard.types())[-2:] == ["checksum-overridden", "activated"]


async def test_an_override_that_states_another_difference_waives_nothing(yard):
    yard.offer(["60", "39.70"], total="100.00")
    [first] = await yard.sync(override=Override("agreed", Decimal("-0.10")))
    assert first.outcome == "failed"
    assert first.detail.startswith("The override states a difference of -0.1 EUR, found was -0.30")
    assert (await yard.state()).status == "error"
    [second] = await yard.sync(override=Override("agreed", Decimal("-0.10")))
    assert second.outcome == "refused"
    assert "import-retried" not in await yard.types()


async def test_an_active_invoice_is_not_synced_by_hand(yard):
    yard.offer()
    await yard.sync()
    with pytest.raises(Rejected) as refused:
        await yard.ask()
    assert refused.value.code == "provider-invoice-active"


async def test_a_deactivated_and_a_deleted_one_come_back_by_hand_only(yard):
    yard.offer()
    await yard.sync()
    await deactivate(yard.shop.desk, origin(), INVOICE, reason="wrong month")
    _, items = await yard.daily()
    assert outcomes(items) == [(NUMBER, "unchanged")]
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    await deactivate(yard.shop.desk, origin(), INVOICE, reason="wrong month")
    await delete(yard.shop.desk, origin(), INVOICE, reason="wrong month")
    assert outcomes((await yard.daily())[1]) == [(NUMBER, "unchanged")]
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 3


async def test_an_unreadable_file_is_named_and_read_again_only_to_see(yard):
    yard.offer()
    (yard.folder / f"{NUMBER}.csv").write_text("kind,customer\nusage,c-1\n")
    [item] = await yard.sync()
    assert item.outcome == "failed"
    assert "amount" in item.detail
    state = await yard.state()
    assert (state.status, state.reasons) == ("error", ("import_failed",))
    [again] = await yard.sync()
    assert again.detail == item.detail
    assert await yard.types() == ["population-started", "import-failed", "import-retried"]
    yard.offer()
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 2


async def test_a_file_that_is_not_there_fails_the_import_until_it_is(yard):
    yard.offer()
    (yard.folder / f"{NUMBER}.csv").unlink()
    [item] = await yard.sync()
    assert "does not exist" in item.detail
    assert (await yard.state()).import_code == "file-not-found"
    yard.offer()
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]


async def test_a_line_in_another_currency_fails_the_import_and_names_it(yard):
    yard.file(f"{NUMBER}.csv", [csv_line("60"), csv_line("40", currency="USD")])
    yard.entry(total="100.00")
    [item] = await yard.sync()
    assert "Lines are in USD, the header is in EUR" in item.detail
    assert (await yard.state()).import_code == "foreign-currency"


async def test_unresolved_references_are_mended_by_saving_them(yard):
    yard.file(f"{NUMBER}.csv", [csv_line("60"), csv_line("40", customer="c-9")])
    yard.entry(total="100.00")
    [item] = await yard.sync()
    assert "customer c-9" in item.detail
    found = await yard.shop.desk.lines.findings(INVOICE, 1)
    assert [(f.kind, f.reference, f.amount) for f in found] == [("customer", "c-9", Decimal(40))]
    await yard.shop.save("customer", code="C9", name="C9", identifiers=[{"provider": PROVIDER, "identifier": "c-9"}])
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 1


async def test_several_files_are_several_parts_with_numbers_of_their_own(yard):
    yard.file("a.csv", [csv_line("60"), csv_line("5", kind="licence")])
    yard.file("b.csv", [csv_line("7", kind="licence"), csv_line("40")])
    files = [
        {"path": "a.csv", "role": "usage", "format": "ledgerline"},
        {"path": "b.csv", "format": "ledgerline"},
        {"path": "b.csv", "role": "detail", "format": "ledgerline"},
    ]
    yard.entry(total="107.00", files=files)
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    state = await yard.state()
    assert sorted(state.parts) == ["a.csv", "b.csv", "b.csv#2"]
    assert await yard.lines() == [(1, Decimal(60)), (2, Decimal(7)), (3, Decimal(40))]
    assert [state.parts[p].left_out for p in ("a.csv", "b.csv", "b.csv#2")] == [1, 0, 2]


async def test_an_invoice_without_lines_and_total_0_becomes_active(yard):
    yard.entry(total="0.00", files=[])
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]


async def test_a_split_takes_what_belongs_to_the_invoice(yard):
    yard.file("both.csv", [csv_line("60", Issuer="A"), csv_line("40", Issuer="B")])
    (yard.folder / "both.csv").write_text(
        "kind,customer,product,charge_from,quantity,amount,Issuer\n"
        "usage,c-1,p-1,2026-02-03,1,60,A\nusage,c-1,p-1,2026-02-03,1,40,B\n"
    )
    mapping = {"name": "split", "extends": "ledgerline"}
    split = {"by": "Issuer", "value": ["B"]}
    yard.entry(total="40.00", files=[{"path": "both.csv", "mapping": mapping, "split": split}])
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert await yard.lines() == [(2, Decimal(40))]
    assert (await yard.state()).left_out == 1


async def test_what_the_provider_does_not_list_is_refused(yard):
    [item] = await yard.sync("F-99")
    assert (item.outcome, item.detail) == ("refused", "ACME lists no invoice F-99: look at its list.")


async def test_a_header_that_no_invoice_can_have_is_refused(yard):
    yard.offer(total="100.005")
    [item] = await yard.sync()
    assert item.outcome == "refused"
    assert "total has more than the 2 decimals of EUR" in item.detail


@pytest.mark.parametrize(("provider", "code"), [("NOBODY", "not-found"), ("PAPER", "provider-not-automatic")])
async def test_only_automatic_providers_are_synced(yard, provider, code):
    await yard.shop.save("provider", code="PAPER", name="Paper")
    with pytest.raises(Rejected) as refused:
        await request_sync(yard.desk, origin(), provider)
    assert refused.value.code == code


async def test_an_override_is_about_one_invoice(yard):
    with pytest.raises(Rejected) as refused:
        await yard.ask(None, Override("all of them"))
    assert refused.value.code == "override-needs-number"


async def test_a_sync_by_hand_says_why_the_list_could_not_be_fetched(yard):
    (yard.folder / "manifest.json").write_text("{")
    operation = await yard.ask(None)
    ended = await yard.work()
    assert (ended.id, ended.status) == (operation.id, "failed")
    assert ended.message.startswith("The list could not be read: it is no valid JSON")
