"""What callers may ask of billing contracts."""
