"""Syncing automatic providers: what they list beside what we hold, daily and on demand."""
