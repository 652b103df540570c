"""The vault's schema. It has migrations of its own because it may be in a database of its own."""
