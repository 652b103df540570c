"""What the port's own values compute."""

from decimal import Decimal

from commands.ports.line_store import Offer
from domain.usage_offer.events import ExcludedLines


def test_a_customers_total_keeps_every_decimal():
    excluded = (ExcludedLines(reason="credit", lines=2, cost=Decimal("-0.000000000000001")),)
    offer = Offer("C1", 3, Decimal("1234567890123456789012.123456789012346"), "00", excluded)
    assert (offer.totals.lines, offer.totals.cost) == (5, Decimal("1234567890123456789012.123456789012345"))
