"""What may happen: pure decisions and states."""
