"""Runs of the scheduled jobs in PostgreSQL."""

from adapters.jobs.stored_jobs import StoredJobs

__all__ = ["StoredJobs"]
