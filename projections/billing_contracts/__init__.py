"""The list of billing contracts, and what happened to the entries of their schedules."""
