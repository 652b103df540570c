"""API keys: who calls, with which roles, until when. Only the SHA-256 of a secret is ever known here."""
