"""The daily import summary: built from events, mailed once."""
