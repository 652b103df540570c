"""Scheduled jobs: switched, started by hand, planned day by day."""
