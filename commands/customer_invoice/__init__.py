"""What callers may do with customer invoices so far: begin, close, delete."""
