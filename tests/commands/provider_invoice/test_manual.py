"""A manual invoice from its header to its usage, and every way to repeat or spoil that."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from commands.provider_invoice.cancel import cancel
from commands.provider_invoice.correct_header import correct_header
from commands.provider_invoice.create import create
from commands.provider_invoice.desk import load
from commands.provider_invoice.offers import offers_of
from commands.provider_invoice.put_lines import Upload, put_lines
from commands.provider_invoice.remove_part import remove_part
from domain.provider_invoice.checksum import Override
from domain.rejected import Rejected
from tests.support.lines import offer_digest
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER, header
from tests.support.shop import blocks, line


async def test_from_header_to_usage(shop):
    invoice = await shop.create("35.50")
    await shop.upload(invoice, [line("10"), line("20.5", "c-2")], part="a")
    await shop.upload(invoice, [line("5", kind="licence", charge="purchase")], part="b")
    outcome = await shop.activate(invoice)
    assert (outcome.state.status, outcome.state.attempt, outcome.state.rows) == ("active", 1, 3)
    offers = [o.state for o in await offers_of(shop.desk, invoice, 1)]
    assert [(o.customer, o.offered.lines, o.offered.cost) for o in offers] == [
        ("C1", 1, 10),
        ("C2", 1, Decimal("20.5")),
    ]
    assert [(e.reason, e.lines, e.cost) for e in offers[0].excluded] == [("licence", 1, 5)]
    assert await shop.types(invoice) == ["population-started", "lines-populated", "lines-populated", "activated"]
    activated = (await load(shop.desk, invoice)).history.facts[-1]
    assert activated.customers[0].customer == "C2", "the largest first"
    taken = await shop.take(invoice, "C2")
    assert (taken.lines, taken.left) == (1, 0)
    (fact, _) = (await shop.desk.store.load((await offers_of(shop.desk, invoice, 1))[1].history.stream)).facts
    assert fact.digest == offer_digest((2, "20.5"))


async def test_create_again_finds_the_one_that_is_there(shop):
    first = await create(shop.desk, origin(), provider=PROVIDER, number=NUMBER, header=header())
    head = await shop.head()
    again = await create(shop.desk, origin(), provider=PROVIDER, number=f" {NUMBER} ", header=header("100"))
    assert (first.outcome.created, again.outcome.created, again.outcome.id) == (True, False, first.outcome.id)
    assert await shop.head() == head
    with pytest.raises(Rejected, match="provider-invoice-exists"):
        await create(shop.desk, origin(), provider=PROVIDER, number=NUMBER, header=header("1.00"))


@pytest.mark.parametrize(
    ("provider", "number", "code"),
    [
        ("NOBODY", "F-1", "provider-missing"),
        (PROVIDER, " ", "invoice-number-invalid"),
        (PROVIDER, "a\x00", "invoice-number-invalid"),
    ],
)
async def test_what_cannot_be_created(shop, provider, number, code):
    with pytest.raises(Rejected, match=code):
        await create(shop.desk, origin(), provider=provider, number=number, header=header())


async def test_repeats_store_nothing(shop):
    invoice = await shop.active([line("10")])
    head = await shop.head()
    assert not (await shop.activate(invoice)).changed
    assert await shop.head() == head


async def test_the_same_upload_again_stores_nothing_and_another_one_needs_put(shop):
    invoice = await shop.create("20.00")
    await shop.upload(invoice, [line("10")])
    head = await shop.head()
    assert not (await shop.upload(invoice, [line("10")])).changed
    assert not (await shop.upload(invoice, [line("10")], replace=True)).changed
    with pytest.raises(Rejected, match="part-exists"):
        await shop.upload(invoice, [line("11")])
    assert await shop.head() == head
    replaced = await shop.upload(invoice, [line("11"), line("9")], replace=True)
    assert (replaced.state.rows, replaced.state.totals.exact) == (2, 20)
    removed = (await remove_part(shop.desk, origin(), invoice, "a")).outcome
    assert removed.state.rows == 0


async def test_both_checks_fail_and_a_retry_mends_them_one_by_one(shop):
    invoice = await shop.create("100.30")
    await shop.upload(invoice, [line("60"), line("40", "c-9")])
    failed = await shop.activate(invoice)
    assert failed.state.reasons == ("unresolved_references", "checksum_failed")
    again = await shop.activate(invoice)
    assert (await shop.types(invoice))[-1] == "import-retried"
    assert again.state.tries == 2
    override = Override("rounded by the provider", Decimal("-0.30"))
    waived = await shop.activate(invoice, override=override)
    assert waived.state.reasons == ("unresolved_references",)
    await shop.save("customer", code="C9", name="Nine", identifiers=[{"provider": PROVIDER, "identifier": "c-9"}])
    done = await shop.activate(invoice)
    assert (done.state.status, done.state.attempt, done.state.overridden) == ("active", 1, Decimal("-0.30"))


async def test_an_override_says_why_and_how_much(shop):
    invoice = await shop.create("100.30")
    await shop.upload(invoice, [line("100")])
    with pytest.raises(Rejected, match="reason-missing"):
        await shop.activate(invoice, override=Override(" "))
    with pytest.raises(Rejected, match="difference-differs"):
        await shop.activate(invoice, override=Override("r", Decimal("-0.20")))
    assert (await shop.activate(invoice, override=Override("r"))).state.status == "active"


async def test_a_header_corrected_in_error_begins_the_next_attempt_with_the_same_lines(shop):
    invoice = await shop.create("90.00")
    await shop.upload(invoice, [line("100")])
    await shop.activate(invoice)
    corrected = (await correct_header(shop.desk, origin(), invoice, header("100.00"))).outcome
    assert (corrected.state.attempt, corrected.state.status, corrected.state.rows) == (2, "populating", 1)
    assert (await shop.activate(invoice)).state.status == "active"


async def test_no_lines_and_no_total_is_active(shop):
    invoice = await shop.create("0.00")
    assert (await shop.activate(invoice)).state.status == "active"


async def test_lines_in_another_currency_fail_and_are_named(shop):
    invoice = await shop.create("20.00")
    await shop.upload(invoice, [line("10", currency="USD"), line("10")])
    failed = await shop.activate(invoice)
    assert (failed.state.reasons, failed.state.import_code) == (("import_failed",), "foreign-currency")
    assert "USD" in failed.state.messages[0]


async def test_cancelling_a_manual_one_and_trying_again(shop):
    invoice = await shop.create("10.00")
    await shop.upload(invoice, [line("10")])
    cancelled = (await cancel(shop.desk, origin(), invoice)).outcome
    assert cancelled.state.import_code == "cancelled"
    assert not (await cancel(shop.desk, origin(), invoice)).outcome.changed
    assert (await shop.activate(invoice)).state.status == "active"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[]", "no-lines"),
        (b'[{"kind": "usage"', None),
        (b'{"kind": "usage"}', None),
        (
            b'[{"kind":"usage","product":"p-1","charge_from":"2026-02-03","quantity":"1","amount":"NaN","customer":"c"}]',
            None,
        ),
        (
            b'[{"kind":"usage","product":"p-1","charge_from":"2026-02-03","quantity":"1","amount":"1","unknown":1,"customer":"c"}]',
            None,
        ),
        (b"\xff\xfe", None),
    ],
)
async def test_bad_uploads_store_nothing_that_counts(shop, body, code):
    invoice = await shop.create("10.00")
    head = await shop.head()
    with pytest.raises(Rejected) as no:
        await shop.upload_bytes(invoice, body, Upload("a", "json"))
    assert no.value.kind == "invalid"
    assert code in {None, no.value.code}
    assert await shop.head() == head
    assert (await load(shop.desk, invoice)).state.rows == 0


async def test_a_bad_cell_at_the_end_of_several_chunks_stores_nothing_that_counts(shop):
    invoice = await shop.create("10.00")
    rows = "".join("usage,c-1,p-1,2026-02-03,1,0.01\n" for _ in range(25_000))
    body = f"kind,customer,product,charge_from,quantity,amount\n{rows}usage,c-1,p-1,2026-02-03,1,ten\n".encode()
    with pytest.raises(Rejected) as no:
        await shop.upload_bytes(invoice, body, Upload("a", "csv"))
    assert no.value.facts["line"] == 25_001
    assert (await load(shop.desk, invoice)).state.rows == 0


async def test_an_upload_that_breaks_off_counts_for_nothing(shop):
    invoice = await shop.create("10.00")

    async def broken():
        yield b"kind,customer,product,charge_from,quantity,amount\nusage,c-1,p-1,2026-02-03,1,1\n"
        raise ConnectionResetError("the caller went away")

    head = await shop.head()
    with pytest.raises(ConnectionResetError):
        await put_lines(shop.desk, origin(), invoice, Upload("a", "csv"), broken())
    assert await shop.head() == head


async def test_uploads_at_once_get_line_numbers_of_their_own(shop):
    invoice = await shop.create("40.00")
    await asyncio.gather(*(shop.upload(invoice, [line("5"), line("5", unit=part)], part=part) for part in "abcd"))
    state = (await load(shop.desk, invoice)).state
    assert sorted((p.first_line, p.last_line) for p in state.parts.values()) == [(1, 2), (3, 4), (5, 6), (7, 8)]
    assert (await shop.activate(invoice)).state.status == "active"


async def test_32_activations_at_once_are_one(shop):
    invoice = await shop.create("10.00")
    await shop.upload(invoice, [line("10")])
    outcomes = await asyncio.gather(*(shop.activate(invoice) for _ in range(32)))
    assert {o.state.status for o in outcomes} == {"active"}
    assert sum(o.changed for o in outcomes) == 1
    assert (await shop.types(invoice)).count("activated") == 1
    assert len(await offers_of(shop.desk, invoice, 1)) == 1


async def test_a_stale_version_is_refused(shop):
    invoice = await shop.create("10.00")
    with pytest.raises(Rejected) as no:
        await put_lines(shop.desk, origin(), invoice, Upload("a", "csv"), blocks(b""), expected=7)
    assert no.value.kind == "stale"
    with pytest.raises(Rejected) as no:
        await shop.activate(UUID(int=5))
    assert no.value.kind == "missing"


async def test_two_corrections_of_different_fields_at_once_both_count(shop):
    invoice = await shop.create("100.00")
    corrections = [{"total": Decimal("90.00")}, {"tax_included": False}]
    await asyncio.gather(
        *(
            correct_header(shop.desk, origin(), invoice, lambda present, new=new: present.model_copy(update=new))
            for new in corrections
        )
    )
    state = (await load(shop.desk, invoice)).state
    assert (state.header.total, state.header.tax_included) == (90, False)
