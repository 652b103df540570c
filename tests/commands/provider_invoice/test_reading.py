"""What can be read of an invoice: lines with where each is, attempts, sums of the leak check, findings, digests."""

import csv
import hashlib
import io
from datetime import timedelta
from decimal import Decimal

import pytest

from commands.ports.event_store import Save, Write
from commands.provider_invoice.attempts import attempts_of
from commands.provider_invoice.correct_header import correct_header
from commands.provider_invoice.find_lines import LineFilter, canonical_csv, chunk_of, find_lines
from commands.provider_invoice.findings_csv import COLUMNS, errors_csv, warnings_csv
from commands.provider_invoice.release import release
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import leak_check, usage_sums
from commands.provider_invoice.verify_lines import digest_check, purge_lines
from commands.reference.bulk import load_many
from commands.reference.csv_items import items_of_csv
from domain.customer_invoice.approval_events import Approved
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.customer_invoices import closed
from tests.support.origins import NOW, origin
from tests.support.provider_invoices import PROVIDER, header
from tests.support.samples import sample_fact
from tests.support.shop import line

INV_1 = ad_hoc_invoice_stream("INV-1").id


@pytest.fixture
async def placed(shop):
    """Lines 1, 2 invoiced, 3 released, 4 offered (all of C1), 5 offered to C2, 6 excluded."""
    invoice = await shop.active(
        [line("1"), line("2"), line("4"), line("8"), line("16", "c-2"), line("32", kind="licence")]
    )
    await shop.take(invoice, limit=3)
    await release(shop.desk, origin(), invoice, customer_invoice=INV_1, reason="r", lines=[LineRange(first=3, last=3)])
    return invoice


@pytest.mark.parametrize(
    ("state", "numbers"),
    [
        (None, [1, 2, 3, 4, 5, 6]),
        ("invoiced", [1, 2]),
        ("released", [3]),
        ("offered", [4, 5]),
        ("excluded", [6]),
        ("waiting", []),
        ("withdrawn", []),
        ("imported", []),
    ],
)
async def test_lines_by_state(shop, placed, state, numbers):
    page = await find_lines(shop.desk, placed, LineFilter(state=state))
    assert [p.line.number for p in page.lines] == numbers
    assert (page.total, page.next_after) == (len(numbers), None)
    assert {p.state for p in page.lines} <= ({state} if state else {"invoiced", "released", "offered", "excluded"})


async def approve(shop, customer_invoice):
    history = await shop.desk.store.load(Stream("customer-invoice", customer_invoice))
    await shop.desk.store.append(Save(origin(), (Write(history, (sample_fact(Approved),)),)))


async def close_invoice(shop, customer_invoice):
    await closed(shop.desk.store, customer_invoice)


@pytest.mark.parametrize(("ending", "state"), [(approve, "billed"), (close_invoice, "written_off")])
async def test_where_lines_on_a_final_invoice_are_follows_from_its_status(shop, placed, ending, state):
    await ending(shop, INV_1)
    page = await find_lines(shop.desk, placed, LineFilter())
    assert [p.state for p in page.lines] == [state, state, "released", "offered", "offered", "excluded"]
    found = await find_lines(shop.desk, placed, LineFilter(state=state))
    assert ([p.line.number for p in found.lines], found.total) == ([1, 2], 2)
    for other in {"invoiced", "billed", "written_off"} - {state}:
        assert (await find_lines(shop.desk, placed, LineFilter(state=other))).total == 0
    of_it = await find_lines(shop.desk, placed, LineFilter(customer_invoice=INV_1, state=state), limit=1)
    assert (of_it.lines[0].customer_invoice, of_it.total, of_it.next_after) == (INV_1, 2, 1)
    (customer, _) = (await usage_sums(shop.desk, placed)).customers
    assert (getattr(customer, state), customer.invoiced, customer.difference) == (3, 0, 0)


async def test_lines_by_customer_invoice_and_pages(shop, placed):
    page = await find_lines(shop.desk, placed, LineFilter(customer_invoice=INV_1), limit=1)
    assert [(p.line.number, p.customer_invoice_name) for p in page.lines] == [(1, "INV-1")]
    assert (page.next_after, page.total) == (1, 2)
    rest = await find_lines(shop.desk, placed, LineFilter(customer_invoice=INV_1), after=1, count=False)
    assert ([p.line.number for p in rest.lines], rest.total) == ([2], None)


async def test_withdrawn_lines_say_so(shop):
    invoice = await shop.active([line("1"), line("2", kind="licence")])
    await deactivate(shop.desk, origin(), invoice, reason="r")
    page = await find_lines(shop.desk, invoice, LineFilter())
    assert [p.state for p in page.lines] == ["withdrawn", "excluded"]
    assert len((await find_lines(shop.desk, invoice, LineFilter(state="withdrawn"))).lines) == 1


async def test_a_chunk_is_read_and_its_digest_holds(shop, placed):
    chunk = await chunk_of(shop.desk, placed, 1, None, 1)
    digest = hashlib.sha256()
    async for block in canonical_csv(shop.desk, chunk):
        digest.update(block)
    assert digest.hexdigest() == chunk.digest
    page = await find_lines(shop.desk, placed, LineFilter(attempt=1, chunk=1))
    assert len(page.lines) == 6
    for code, call in {
        "chunk-missing": chunk_of(shop.desk, placed, None, None, 9),
        "attempt-missing": find_lines(shop.desk, placed, LineFilter(attempt=7)),
    }.items():
        with pytest.raises(Rejected, match=code):
            await call


async def test_sums_agree_from_both_sides_and_a_leak_is_seen(shop, placed):
    sums = await usage_sums(shop.desk, placed)
    first, second = sums.customers
    assert (first.cost, first.invoiced, first.released, first.offered) == (47, 3, 4, 8)
    assert (first.excluded, second.offered, sums.leaks) == ({"licence": 32}, 16, ())
    async with shop.pool.connection() as connection:
        await connection.execute("DELETE FROM provider_line WHERE number = 4")
    (leaking,) = [s async for s in leak_check(shop.desk)]
    assert [(c.customer, c.difference) for c in leaking.leaks] == [("C1", -8)]


async def test_lines_of_customers_that_are_not_resold_are_accounted_for(shop):
    not_resold = [{"kind": "customer", "identifier": "own", "reason": "our own"}]
    await shop.save("provider", code=PROVIDER, name="Acme Cloud", not_resold=not_resold)
    invoice = await shop.active([line("1"), line("5", "own")])
    sums = await usage_sums(shop.desk, invoice)
    assert [(c.customer, c.cost, c.difference) for c in sums.customers] == [("", 5, 0), ("C1", 1, 0)]
    assert (await shop.facts_of(invoice))[-1].excluded_rows == 1


async def test_attempts_tell_how_each_ended(shop):
    invoice = await shop.create("90.00")
    await shop.upload(invoice, [line("100")])
    await shop.activate(invoice)
    await correct_header(shop.desk, origin(actor="bob"), invoice, header("100.30"))
    await shop.activate(invoice, override=Override("ok"))
    first, second = await attempts_of(shop.desk, invoice)
    assert (first.state.reasons, first.activated, first.begun_by) == (("checksum_failed",), False, "alice")
    assert (second.activated, second.begun_by) == (True, "bob")
    assert second.override is not None
    assert (second.override.reason, second.override.difference) == ("ok", Decimal("-0.30"))
    assert first.chunks == second.chunks, "a part that is carried over is the same one"


async def test_errors_csv_is_filled_in_posted_and_mends_the_invoice(shop):
    invoice = await shop.create("60.00")
    tricky = '=cmd|"/c calc"!A1'
    await shop.upload(
        invoice,
        [line("10", tricky), line("20", "c-9"), line("-5", "c-9"), line("35", product="'p-9")],
    )
    await shop.activate(invoice)
    text = await errors_csv(shop.desk, invoice)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [(r["kind"], r["reference"], r["code"], r["lines"], r["first_lines"], r["amount"]) for r in rows] == [
        ("product", "''p-9", "", "1", "4", "35"),
        ("customer", "c-9", "", "2", "2 3", "15"),
        ("customer", "'" + tricky, "", "1", "1", "10"),
    ]
    codes = {"''p-9": "P1", "c-9": "C1", "'" + tricky: "NEW"}
    out = io.StringIO()
    filled = csv.DictWriter(out, COLUMNS)
    filled.writeheader()
    filled.writerows({**row, "code": codes[row["reference"]]} for row in rows)
    for kind in ("customer", "product"):
        items = items_of_csv(KINDS[kind], out.getvalue().encode())
        loaded = await load_many(shop.reference, origin(), KINDS[kind], items.items)
        assert {r.result for r in loaded.results} <= {"created", "updated"}
    done = await shop.activate(invoice)
    assert done.state.status == "active", done.state.messages
    assert (await errors_csv(shop.desk, invoice)).splitlines() == [",".join(COLUMNS)]


async def test_warnings_csv_is_there_after_a_success(shop):
    invoice = await shop.active([line("1", subscription="s-1"), line("2")])
    (row,) = csv.DictReader(io.StringIO(await warnings_csv(shop.desk, invoice)))
    assert (row["kind"], row["lines"], row["first_lines"], row["amount"]) == ("subscription", "1", "2", "2")


async def test_digests_of_all_chunks_are_recomputed_and_a_changed_line_is_found(shop):
    await shop.active([line("1", quantity="0.10", unit='h"'), line("2", "c-2")])
    checked = [c async for c in digest_check(shop.desk)]
    assert [c.sound for c in checked] == [True]
    async with shop.pool.connection() as connection:
        await connection.execute("ALTER TABLE provider_line DISABLE TRIGGER ALL")
        await connection.execute("UPDATE provider_line SET quantity = 2 WHERE number = 1")
    assert [c.sound async for c in digest_check(shop.desk)] == [False]


async def test_purging_keeps_what_counts_and_what_is_young(shop):
    kept = await shop.active([line("1")])
    failed = await shop.create("9.00", "F-2")
    await shop.upload(failed, [line("1")])
    await shop.activate(failed)
    await shop.upload(failed, [line("9")], replace=True)
    broken = await shop.create("9.00", "F-3")
    with pytest.raises(Rejected):
        await shop.upload(broken, [line("1"), line("x")])
    await shop.upload(broken, [line("1")])

    async def counted():
        async with shop.pool.connection() as connection:
            rows = await (await connection.execute("SELECT count(*) FROM provider_line")).fetchall()
        return rows[0][0]

    before = await counted()
    assert await purge_lines(shop.desk, NOW) == 0
    assert await purge_lines(shop.desk, NOW + timedelta(days=89)) <= before - 4
    now = await counted()
    assert await purge_lines(shop.desk, NOW + timedelta(days=92)) == 1, "the superseded failed attempt"
    assert await counted() == now - 1
    assert [c.sound async for c in digest_check(shop.desk)] == [True] * 3
    assert (await shop.take(kept)).lines == 1
