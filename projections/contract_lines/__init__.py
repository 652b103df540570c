"""Lines of billing contracts, a row each."""
