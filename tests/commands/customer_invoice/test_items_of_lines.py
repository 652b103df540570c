"""From a line of a provider invoice to the item that bills it: the way back of what `explain` says."""

from adapters.calculation import StoredPastReference
from commands.customer_invoice.explaining import OfferedSource, explain_item
from commands.customer_invoice.items_of_lines import items_of
from commands.provider_invoice.find_lines import LineFilter, find_lines
from domain.customer_invoice.item_of import Bought
from tests.commands.purchases.test_posting import closed
from tests.support.calculating import calculate_all, calculation_desk, rule
from tests.support.shop import line

TIERS = {"family": "graduated", "tiers": [{"up_to": "2", "unit_price": "3"}, {"unit_price": "1"}]}


async def test_each_line_leads_to_the_item_that_is_explained_by_it(counter):
    await rule(counter, valid_to="2026-02-10")
    await rule(counter, "R2", price=TIERS, valid_from="2026-02-10")
    january = await counter.invoice(month="2026-01")
    await counter.append(counter.stream(month="2026-01"), closed(january.customer, january.reference))
    invoice = await counter.shop.active(
        [
            line("1", subscription="S-1"),
            line("2"),
            line("3", subscription="S-1", charge_from="2026-02-12"),
            line("4", charge_from="2026-02-12"),
            line("5", subscription="S-1", charge_from="2026-01-05"),
            line("6", charge_from="2026-01-06"),
        ]
    )
    await counter.settle()
    on = counter.stream().id
    past = StoredPastReference(counter.shop.pool, counter.shop.billing.reference)
    assert await found(counter, past, invoice) == {}
    await calculate_all(counter)
    # What was saved since does not lead elsewhere.
    await rule(counter, "R3", customer="C1")

    expected = {}
    for item in (await counter.invoice()).items:
        tree = await explain_item(calculation_desk(counter), past, on, item.id)
        for source in tree.sources.values():
            assert isinstance(source, OfferedSource)
            expected |= {n: item.id for r in source.lines for n in range(r.first, r.last + 1)}
    assert len(set(expected.values())) == 5
    assert await found(counter, past, invoice) == expected


async def found(counter, past, invoice) -> dict[int, str]:
    """Line number -> item."""
    page = await find_lines(counter.shop.desk, invoice, LineFilter(), limit=100)
    wanted = {
        p.line.number: (p.customer_invoice, Bought(p.line.product, p.line.subscription_ref, p.line.charge_from))
        for p in page.lines
    }
    items = await items_of(counter.shop.desk.store, past, list(wanted.values()))
    return {number: items[one] for number, one in wanted.items() if one in items}
