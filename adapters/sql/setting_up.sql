-- What is done before there is a schema: the embedded database and the migrations' lock and record.

-- name: find_database
-- Whether a database is there.
SELECT 1 FROM pg_database WHERE datname = %s;

-- name: create_database
-- The database of the embedded server.
CREATE DATABASE ledgerline;

-- name: lock_migrations
-- One process migrates at a time; the lock goes with the connection.
SELECT pg_advisory_lock(%s);

-- name: find_applied_migrations
-- yoyo's record of what was applied.
SELECT migration_hash FROM _yoyo_migration;
