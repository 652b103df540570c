"""A counter on a database of the test's own, with customers C1 and C2 that are billed monthly from January 2026."""

from tests.commands.purchases.conftest import counter

__all__ = ["counter"]
