"""Scheduled jobs: when they are due. What they do is decided elsewhere."""
