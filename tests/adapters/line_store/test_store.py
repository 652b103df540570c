"""Lines go in and come back byte for byte; pages, batches, differences and purges are right."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from commands.ports.line_store import ChunkAt, CopyLines, DifferenceRequest, LineQuery, Population
from tests.support.lines import L, content, digest, offer_digest, stored
from tests.support.origins import NOW

INVOICE = UUID(int=1)
LINES = [
    L(1, amount="0.000000000000001", subscription="s-1"),
    L(2, customer='quo"ted, Ltd', amount="-12.5", tax="1.9", attributes='{"a":"line\\nbreak"}'),
    L(3, customer=None, amount="12345678901234567890123.123456789012345", kind="licence", charge="purchase"),
]


async def test_canonical_rows_come_back_byte_for_byte(lines):
    population = await stored(lines, INVOICE, LINES)
    found = hashlib.sha256()
    async for block in lines.canonical(ChunkAt(population, 1, 3)):
        found.update(block)
    assert found.hexdigest() == digest(LINES)


async def test_a_line_number_is_stored_once(lines):
    population = await stored(lines, INVOICE, LINES)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await lines.copy_lines(CopyLines(population, [content(population, LINES[:1])]))


async def test_lines_are_never_changed(lines, pool):
    await stored(lines, INVOICE, LINES)
    async with pool.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            await connection.execute("UPDATE provider_line SET amount = 0")


async def test_pages_go_by_number(lines):
    a = await stored(lines, INVOICE, LINES)
    b = await stored(lines, INVOICE, [L(7), L(8)], part="b")
    await stored(lines, UUID(int=2), [L(9)])
    query = LineQuery((a, b), limit=2)
    first = await lines.lines(query)
    assert [line.number for line in first] == [1, 2]
    assert first[1].amount == Decimal("-12.5")
    assert (first[0].customer, first[0].excluded) == (None, None)
    rest = await lines.lines(LineQuery((a, b), after=2, limit=9))
    assert [line.number for line in rest] == [3, 7, 8]
    assert await lines.count(query) == 5
    assert [x.number for x in await lines.lines(LineQuery((a, b), numbers=(3, 7)))] == [3, 7]


async def test_a_batch_has_the_cost_and_digest_of_its_lines(lines):
    population = await stored(lines, INVOICE, LINES)
    batch = await lines.batch([population], [1, 2])
    assert (batch.cost, batch.digest) == (
        Decimal("-12.499999999999999"),
        offer_digest((1, "0.000000000000001"), (2, "-12.5")),
    )
    with pytest.raises(ValueError, match="1 of 2 lines"):
        await lines.batch([population], [1, 99])


async def test_a_difference_is_new_minus_old_without_what_is_equal(lines):
    day = date(2026, 2, 4)
    old = await stored(lines, INVOICE, [L(1), L(2), L(3, "c-2", amount="5"), L(4, "c-3", amount="7")])
    new = await stored(lines, UUID(int=2), [L(1, amount="26"), L(2, "c-3", amount="7"), L(3, day=day, tax="2")])
    chunks = await lines.make_difference(
        DifferenceRequest(Population(UUID(int=2), 1, "difference"), [new], [old], base=3, adjusts_number="F-1", at=NOW)
    )
    (chunk,) = chunks
    found = await lines.lines(LineQuery([chunk.population], limit=9))
    assert [(x.number, x.customer_ref, x.charge_from, x.quantity, x.amount, x.tax) for x in found] == [
        (4, "c-1", date(2026, 2, 3), -1, 6, None),
        (5, "c-1", day, 1, 10, 2),
        (6, "c-2", date(2026, 2, 3), -1, -5, None),
    ]
    assert (chunk.first_line, chunk.last_line, chunk.complete, chunk.currencies) == (4, 6, True, ("EUR",))
    assert (chunk.sums.usage.count, chunk.sums.usage.amount, chunk.sums.usage.tax) == (3, 11, 2)
    assert {x.attributes for x in found} == {'{"AdjustmentOf": "F-1"}'}
    sha = hashlib.sha256()
    async for block in lines.canonical(ChunkAt(chunk.population, 4, 6)):
        sha.update(block)
    assert sha.hexdigest() == chunk.digest


async def test_no_difference_is_a_part_without_lines(lines):
    same = await stored(lines, INVOICE, LINES)
    (chunk,) = await lines.make_difference(
        DifferenceRequest(Population(INVOICE, 1, "difference"), [same], [same], base=3, adjusts_number="F-1", at=NOW)
    )
    assert (chunk.sums.rows, chunk.complete) == (0, True)


async def test_purging_removes_lines_and_populations(lines):
    gone, kept = await stored(lines, INVOICE, LINES), await stored(lines, INVOICE, [L(9)])
    assert await lines.populations_before(NOW) == {}
    assert await lines.populations_before(NOW + timedelta(1)) == {gone: INVOICE, kept: INVOICE}
    assert await lines.purge([gone]) == 3
    assert await lines.populations_before(NOW + timedelta(1)) == {kept: INVOICE}


async def test_odd_lines_are_those_that_lack_what_others_have(lines):
    tags = '{"Tags":"x"}'
    some = await stored(lines, INVOICE, [L(1, subscription="s"), L(2, amount="3"), L(3, attributes=tags, amount="4")])
    none = await stored(lines, INVOICE, [L(9)])
    found = {f.kind: (f.lines, f.first_lines, f.amount) for f in await lines.odd_lines([some, none])}
    assert found == {"subscription": (2, (2, 3), 7), "tags": (2, (1, 2), 13)}
