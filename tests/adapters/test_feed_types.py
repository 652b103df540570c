"""What reads the feed is asked only where there is something for it, and what was read through is not read again."""

from adapters.feed_types import reads_any, types_between
from adapters.operations import ReactionPositions
from adapters.sql_files import load_sql
from commands.reference.save import save
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.placing import follow
from tests.services.api.conftest import parts
from tests.support.origins import origin

__all__ = ["parts"]


async def saved(parts, kind, **body):
    await save(parts.desk, origin(), KINDS[kind], parse(KINDS[kind], body))
    return await parts.store.head()


async def test_the_types_of_a_stretch_are_those_after_its_begin_and_up_to_its_end(parts):
    before = await parts.store.head()
    first = await saved(parts, "customer", code="C1", name="One")
    last = await saved(parts, "product", code="P1", name="Product")
    async with parts.pool.connection() as connection:
        assert await types_between(connection, before, last) >= {"customer.saved", "product.saved"}
        assert "customer.saved" not in await types_between(connection, first, last)
        assert "product.saved" not in await types_between(connection, before, first)
        assert await types_between(connection, last, last) == set()


def test_a_statement_reads_the_types_that_it_names_as_literals_and_no_part_of_one():
    offered = load_sql("adapters.usage_due")["offered"]
    assert reads_any(offered, {"customer.saved", "provider-invoice.usage-offered"})
    assert not reads_any(offered, {"customer.saved", "usage-offered"})
    assert not reads_any(offered, set())


async def test_contracts_are_followed_as_far_as_they_are_known_and_no_further(parts):
    positions = ReactionPositions(parts.pool)
    await saved(parts, "customer", code="C1", name="One")
    await parts.usage_due.gather(parts.clock.now())
    known = await positions.get("usage-due")
    head = await saved(parts, "customer", code="C2", name="Two")
    assert await follow(parts, positions) == 0
    assert known < head
    assert await positions.get("contracts") == known
