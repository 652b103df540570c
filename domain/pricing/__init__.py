"""Pricing: purchases and rules in, items out. Pure; see `docs/pricing.md`."""
