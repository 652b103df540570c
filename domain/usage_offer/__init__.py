"""One attempt's usage offered to one customer: the source of truth for where each batch of lines is."""
