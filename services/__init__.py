"""Processes, settings and the one place of wiring."""
