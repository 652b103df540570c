"""The demonstration and its sample files."""
