"""API keys: made, revoked, and recognised."""
