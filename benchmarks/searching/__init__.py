"""A million invoices to search in, and what is searched for."""
