"""What provider invoices decide on customer invoices: they begin, and purchases come and go."""

from domain.customer_invoice.lifecycle import create_ad_hoc
from domain.customer_invoice.purchases import add_purchases, remove_purchases

__all__ = ["add_purchases", "create_ad_hoc", "remove_purchases"]
