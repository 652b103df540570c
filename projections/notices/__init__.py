"""Notices mailed or kept unsent."""
