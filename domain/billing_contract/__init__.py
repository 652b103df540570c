"""Billing contracts: what was agreed to bill, when it is billed and what that comes to."""
