"""The database's schema, as plain .sql files in the order of their names; `adapters.migrate` applies them.

Names: `NNNN_area_what.sql`: four digits (the next free number, one file a number), the area (event_store, read_models,
jobs, ...), what it does; all lower case with underscores. A file says in its first comment lines what it is for.
One that was released is never changed: the next file corrects it. Each file is applied in one transaction together
with the note that it was, so what cannot run in a transaction (CREATE INDEX CONCURRENTLY) has no place here.
"""
