"""Tests, as the code is laid out."""
