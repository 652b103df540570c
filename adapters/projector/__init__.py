"""Applies the feed to read models: rows and position in one transaction, whoever else does the same."""
