"""Licences beside contract lines, in PostgreSQL."""
