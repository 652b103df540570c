-- name: load_rows
-- The rows of these keys, to fold further events into.
SELECT {columns} FROM {table} WHERE {key} = ANY(%s::text[]::{key_type}[]);

-- name: upsert_rows
-- Write a batch's rows as they are now, in key order so that no two writers wait for each other in a circle.
INSERT INTO {table} ({columns})
SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json) ORDER BY {key}
ON CONFLICT ({key}) DO UPDATE SET {assignments};

-- name: key_type
-- The type of a table's key column.
SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s;
