"""Runs of the provider sync."""
