"""Purchases that are posted: accepted once, each with one place."""
