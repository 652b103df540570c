"""What customer invoices hold is compared with purchases' places and with offers: any damage is named."""

import pytest

from adapters.verifying import StoredPlaces
from commands.customer_invoice import verify_holdings
from commands.customer_invoice.verify_holdings import holdings_check
from commands.purchases.cancel import cancel
from domain.identity import provider_invoice_stream, usage_offer_stream
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER
from tests.support.shop import line

INVOICE = provider_invoice_stream(PROVIDER, NUMBER).id


@pytest.fixture
async def billed(counter):
    """Two lines and two purchases on C1's February, one of each on C2's; a third purchase was cancelled."""
    await counter.shop.active([line("1"), line("2"), line("4", "c-2")])
    first, *_ = await counter.post(
        {"key": "x"}, {"key": "a", "cost": "3"}, {"key": "b"}, {"key": "c", "customer": "C2"}
    )
    await counter.settle()
    await cancel(counter.shop.billing, origin(), first.id, "r")
    return counter


async def look(counter):
    port = StoredPlaces(counter.shop.pool)
    pages = [held async for held in holdings_check(counter.shop.desk.store, port)]
    lost, count = await port.lost(10)
    assert len(lost) == count
    assert sum(page.invoices for page in pages) == await port.invoice_count()
    places = [finding for page in pages for finding in page.places]
    return places, [finding for page in pages for finding in page.offers], lost


async def damage(counter, *statements):
    async with counter.shop.pool.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # past the triggers that forbid it
        for statement in statements:
            assert (await connection.execute(statement)).rowcount > 0, statement


async def test_what_nobody_touched_is_sound(billed, monkeypatch):
    assert await look(billed) == ([], [], [])
    monkeypatch.setattr(verify_holdings, "_PAGE", 2)
    assert await look(billed) == ([], [], [])


A = "(SELECT seq FROM purchase WHERE key = 'a')"


async def test_a_purchase_that_says_it_is_on_another_invoice(billed):
    other = billed.stream(month="2026-01").id
    await damage(billed, f"UPDATE purchase_place SET destination = '{other}' WHERE seq = {A}")
    here, there = sorted((await look(billed))[0])
    assert "1 purchases say they are on invoice" in here
    assert "holds 1 purchases" in there


@pytest.mark.parametrize("place", ["state = 'waiting'", "state = 'cancelled', destination = NULL"])
async def test_a_batch_whose_purchases_say_otherwise(billed, place):
    await damage(billed, f"UPDATE purchase_place SET {place} WHERE seq = {A}")
    ((finding,), offers, lost) = await look(billed)
    assert "0 at 0 say they are there" in finding
    assert (offers, lost) == ([], [])


async def test_a_purchase_in_a_batch_that_its_invoice_does_not_hold(billed):
    await damage(billed, f"UPDATE purchase_place SET batch = gen_random_uuid() WHERE seq = {A}")
    places, _, _ = await look(billed)
    assert len(places) == 2
    assert any("which it does not hold" in finding for finding in places)


async def test_a_cancelled_purchase_that_is_back(billed):
    to = billed.stream().id
    await damage(
        billed, f"UPDATE purchase_place SET state = 'invoiced', destination = '{to}' WHERE state = 'cancelled'"
    )
    ((finding,), _, _) = await look(billed)
    assert "holds" in finding


async def test_purchases_that_are_nowhere(billed):
    await damage(
        billed,
        f"UPDATE purchase_place SET destination = gen_random_uuid() WHERE seq = {A}",
        "UPDATE purchase_place SET destination = NULL, state = 'arriving' "
        "WHERE seq = (SELECT seq FROM purchase WHERE key = 'b')",
        "DELETE FROM purchase_place WHERE seq = (SELECT seq FROM purchase WHERE key = 'c')",
    )
    _, _, lost = await look(billed)
    assert sorted((one.key, one.state) for one in lost) == [
        ("a", "invoiced"),
        ("b", "arriving"),
        ("c", "without a place"),
    ]


TAKEN = "convert_from(state, 'UTF8')"
ELSEWHERE = '"destination":"00000000-0000-0000-0000-000000000001"'


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (f"""replace({TAKEN}, '"lines":2', '"lines":1')""", "gave it 1 at"),
        (f"""replace({TAKEN}, '"last":2', '"last":7')""", "or other ones"),
        (f"""regexp_replace({TAKEN}, '"destination":"[^"]*"', '{ELSEWHERE}')""", "knows nothing"),
    ],
)
async def test_lines_that_the_offer_gave_otherwise(billed, state, told):
    offer = usage_offer_stream(INVOICE, 1, "C1")
    await damage(
        billed,
        f"UPDATE stored_events SET state = convert_to({state}, 'UTF8') "
        f"WHERE originator_id = '{offer}' AND topic = 'provider-invoice.lines-invoiced'",
    )
    places, (finding,), _ = await look(billed)
    assert places == []
    assert "holds 2 lines of ACME F-1 at 3" in finding
    assert told in finding


async def test_lines_of_an_offer_that_is_gone(billed):
    offer = usage_offer_stream(INVOICE, 1, "C2")
    await damage(billed, f"DELETE FROM stored_events WHERE originator_id = '{offer}'")
    _, (finding,), _ = await look(billed)
    assert "knows nothing" in finding
