"""A billing record from a provider: populated, checked, activated, and billed on."""
