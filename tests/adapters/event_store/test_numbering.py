"""Numbers are given in the transaction of the approval: no gap, no double, the losers lose alone."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.numbering import InvoiceNumberWriter
from adapters.event_store.verify import check
from commands.customer_invoice.certificate import certify, check_numbers
from commands.ports.event_store import AlreadyAnswered, Answer, Conflict, IdempotencyKey, Rows, Save, Write
from commands.ports.numbering import Numbered, NumberedSave
from domain.customer_invoice import approval_events as a
from domain.customer_invoice.approval import approve, approved
from domain.customer_invoice.lifecycle import comment
from domain.customer_invoice.state import fold
from domain.numbering.numbers import Receiver
from domain.reference.invoice_bodies import DEFAULT_SERIES, InvoiceNumberSeriesBody
from tests.support.customer_invoices import GROUPS, ONE_CLICK, SNAPSHOT, TODAY, after
from tests.support.invoicing import history_of, open_invoice, open_invoices
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin

OTHER = InvoiceNumberSeriesBody(code="other", name="o", pattern="O{n}", first=50, restart="never")


class Shop:
    def __init__(self, database, store, vault):
        self.database, self.store, self.vault = database, store, vault

    def writer(self, **more):
        return InvoiceNumberWriter(self.database, self.vault, **more)


@pytest.fixture
async def shop(database):
    vault = MemoryKeyVault()
    async with await PostgresEventStore.open(database, Codec(vault)) as store:
        yield Shop(database, store, vault)


@pytest.fixture
async def numbers(shop):
    writer = shop.writer()
    yield writer
    await writer.close()


async def save_for(store, invoice, series=DEFAULT_SERIES, *, key=None, rows=(), finish=None, **more):
    history = await history_of(store, invoice)
    state = fold(history.facts)
    decided = approve(state, ONE_CLICK, GROUPS, approver="ann", snapshot=SNAPSHOT, today=TODAY)
    by, told = replace(origin(), **more), None
    if key is not None:
        told = Answer(IdempotencyKey("scope", key, "digest", forever=True), 200, {"said": key}, {})

    def finished(number):
        end = approved(after(state, decided.facts), number, approver="ann", day=by.business_date)
        return Save(by, (Write(history, (*decided.facts, end)),), answer=told)

    return NumberedSave(
        origin=by,
        after=(history,),
        receiver=Receiver(invoice, state.reference, state.customer),
        series=series,
        order=(state.period_to, state.customer, invoice),
        finish=finish or finished,
        subject=f"customer/{state.customer}",
        key=told.key if told else None,
        rows=rows,
    )


async def number_in(store, invoice):
    last = (await history_of(store, invoice)).facts[-1]
    return last.number if isinstance(last, a.Approved) else None


async def assert_sound(shop):
    found = await check_numbers(shop.store)
    assert found.findings == ()
    assert check(shop.database).findings == []
    return found.numbers


async def test_an_approval_and_its_number_are_stored_together(shop, numbers):
    invoice = await open_invoice(shop.store)
    done = await numbers.append(await save_for(shop.store, invoice))
    assert (done.number.text, done.number.sequence, done.number.year) == ("INV-2026-000001", 1, 2026)
    assert fold((await history_of(shop.store, invoice)).facts).approved.number == "INV-2026-000001"
    assert done.position <= await shop.store.head()
    assert await assert_sound(shop) == 1


async def test_personal_fields_are_encrypted(shop, numbers):
    invoice = await open_invoice(shop.store)
    await numbers.append(await save_for(shop.store, invoice))
    async with await psycopg.AsyncConnection.connect(shop.database) as connection:
        rows = await (await connection.execute("SELECT state FROM stored_events")).fetchall()
    assert not any(b"Customer one" in bytes(row[0]) for row in rows)


async def test_a_group_is_numbered_by_its_order_and_series(shop, numbers):
    invoices = await open_invoices(shop.store, 6, customers=3)
    saves = [await save_for(shop.store, one, OTHER if n % 2 else DEFAULT_SERIES) for n, one in enumerate(invoices)]
    results = await numbers.append_many(saves[::-1])
    assert all(isinstance(r, Numbered) for r in results), results
    for series in ("INV-2026-", "O"):
        mine = [s for s, r in zip(saves[::-1], results, strict=True) if r.number.text.startswith(series)]
        got = {s.receiver.invoice: await number_in(shop.store, s.receiver.invoice) for s in mine}
        in_order = [got[s.receiver.invoice] for s in sorted(mine, key=lambda s: s.order)]
        assert in_order == sorted(in_order)
    certificate = await certify(shop.store, "other", None, limit=10)
    assert (certificate.recount.first, certificate.recount.count) == ("O50", 3)
    events = await shop.store.read(after=0, limit=100, types=("invoice-number-series.numbers-assigned",))
    assert len(events) == 2, "one fact for a group and series"
    assert await assert_sound(shop) == 6


async def test_losers_lose_alone_and_take_no_number(shop, numbers):
    invoices = await open_invoices(shop.store, 5)
    saves = [await save_for(shop.store, one) for one in invoices]
    for changed in invoices[1:3]:
        history = await history_of(shop.store, changed)
        await shop.store.append(Save(origin(), (Write(history, (sample_comment(history),)),)))
    results = await numbers.append_many(saves)
    assert [isinstance(r, Conflict) for r in results] == [False, True, True, False, False]
    assert [await number_in(shop.store, one) for one in invoices[1:3]] == [None, None]
    assert await assert_sound(shop) == 3


def sample_comment(history):
    state = fold(history.facts)
    (fact,) = comment(state, "bob", "meanwhile")
    return fact


async def test_two_approvals_of_one_invoice_at_once_make_one_number(shop, numbers):
    invoice = await open_invoice(shop.store)
    results = await numbers.append_many([await save_for(shop.store, invoice) for _ in range(4)])
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "Conflict", "Conflict", "Numbered"]
    assert await assert_sound(shop) == 1


async def test_several_processes_give_numbers_at_once(shop):
    invoices = await open_invoices(shop.store, 120)
    writers = [shop.writer() for _ in range(3)]
    saves = [await save_for(shop.store, one) for one in invoices]
    again = [await save_for(shop.store, one) for one in invoices]
    calls = [writers[n % 3].append(save) for n, save in enumerate(saves)]
    calls += [writers[(n + 1) % 3].append(save) for n, save in enumerate(again)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(r, Numbered) for r in results) == 120
    assert sum(isinstance(r, Conflict) for r in results) == 120
    assert await assert_sound(shop) == 120
    for writer in writers:
        await writer.close()


async def test_the_answer_is_stored_with_it_and_told_again(shop, numbers):
    one, two = await open_invoices(shop.store, 2)
    await numbers.append(await save_for(shop.store, one, key="k"))
    with pytest.raises(AlreadyAnswered) as told:
        await numbers.append(await save_for(shop.store, two, key="k"))
    assert told.value.stored.body["said"] == "k"
    assert await number_in(shop.store, two) is None
    assert await assert_sound(shop) == 1


async def test_what_was_committed_before_the_connection_died_is_recognised(shop, numbers):
    invoice = await open_invoice(shop.store)
    save = await save_for(shop.store, invoice)
    first = await numbers.append(save)
    assert await numbers.append(save) == first
    assert await assert_sound(shop) == 1


async def test_a_save_that_cannot_be_made_takes_no_number(shop, numbers):
    invoices = await open_invoices(shop.store, 3)

    def broken(number):
        raise ValueError("no")

    saves = [await save_for(shop.store, one) for one in invoices]
    saves[1] = replace(saves[1], finish=broken)
    results = await numbers.append_many(saves)
    assert isinstance(results[1], ValueError)
    assert sum(isinstance(r, Numbered) for r in results) == 2
    assert await assert_sound(shop) == 2


async def test_numbers_go_on_where_they_were_and_start_anew_with_the_year(shop, numbers):
    invoices = await open_invoices(shop.store, 3)
    await numbers.append(await save_for(shop.store, invoices[0]))
    await numbers.append(await save_for(shop.store, invoices[1]))
    next_year = origin().business_date.replace(year=2027)
    saves = [await save_for(shop.store, invoices[2], business_date=next_year)]
    (done,) = await numbers.append_many(saves)
    assert (done.number.text, await number_in(shop.store, invoices[1])) == ("INV-2027-000001", "INV-2026-000002")


class Note(Rows):
    def __init__(self, name):
        self.name = name


async def write_note(connection, note, save):
    if note.name == "refused":
        raise LookupError(note.name)
    await connection.execute("INSERT INTO claims VALUES ('note', %s, %s)", (note.name, uuid4()))


async def test_rows_are_stored_with_the_approvals_that_are_and_only_with_them(shop):
    writer = shop.writer(row_writers={Note: write_note})
    invoices = await open_invoices(shop.store, 4)
    names = ["one", "refused", "moved", "four"]
    saves = [await save_for(shop.store, i, rows=(Note(n),)) for i, n in zip(invoices, names, strict=True)]
    history = await history_of(shop.store, invoices[2])
    await shop.store.append(Save(origin(), (Write(history, (sample_comment(history),)),)))
    results = await writer.append_many(saves)
    assert [type(r).__name__ for r in results] == ["Numbered", "LookupError", "Conflict", "Numbered"]
    async with await psycopg.AsyncConnection.connect(shop.database) as connection:
        rows = await (await connection.execute("SELECT key FROM claims WHERE kind = 'note' ORDER BY key")).fetchall()
    assert [row[0] for row in rows] == ["four", "one"]
    assert await assert_sound(shop) == 2
    await writer.close()


async def test_a_connection_that_dies_costs_nothing(shop, numbers):
    invoices = await open_invoices(shop.store, 40)
    saves = [await save_for(shop.store, one) for one in invoices]

    async def kill():
        async with await psycopg.AsyncConnection.connect(shop.database, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ledgerline numbers'"
            )

    results = []
    for n in range(0, 40, 10):
        approvals = asyncio.gather(*(numbers.append(save) for save in saves[n : n + 10]))
        await kill()
        results += await approvals
    assert all(isinstance(r, Numbered) for r in results)
    assert await assert_sound(shop) == 40


async def test_in_order_says_how_a_bulk_is_numbered(shop, numbers):
    late = await open_invoice(shop.store, "A", "C1", date(2026, 3, 1))
    b = await open_invoice(shop.store, "B", "C2")
    c = await open_invoice(shop.store, "C", "C1")
    assert await numbers.in_order([late, b, UUID(int=5), c]) == [c, b, late]
