"""Measurements, kept out of the tests; each module says what it prints."""
