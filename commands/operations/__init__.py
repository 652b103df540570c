"""Long work as operations: a row for the whole, a row for each item, taken up again when a worker dies."""
