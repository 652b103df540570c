-- name: lock_clock
-- One process at a time decides which clock a store is made with.
SELECT pg_advisory_xact_lock(4701337053);

-- name: kind_of_clock
-- The clock that the store was made with; no row: nobody said so far.
SELECT kind FROM deployment_clock;

-- name: is_empty
-- Whether nothing has been recorded yet.
SELECT NOT EXISTS (SELECT FROM stored_events);

-- name: make_clock
-- Fix the clock of a new store.
INSERT INTO deployment_clock (kind, test_now) VALUES (%(kind)s, %(now)s) ON CONFLICT (one) DO NOTHING;

-- name: read_test_clock
-- What the test clock shows.
SELECT test_now FROM deployment_clock WHERE kind = 'test';

-- name: set_test_clock
-- Make the test clock show another instant.
UPDATE deployment_clock SET test_now = %(now)s WHERE kind = 'test';
