-- name: living_keys
-- The keys with which texts about some subjects are encrypted now.
SELECT subject, id, wrapped FROM vault.subject_keys WHERE subject = ANY (%s) AND wrapped IS NOT NULL

-- name: make_keys
-- First keys for some subjects, in one order for all processes; nothing where another one was quicker.
INSERT INTO vault.subject_keys (id, subject, wrapped)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS made(id, subject, wrapped) ORDER BY subject
    ON CONFLICT (subject) WHERE wrapped IS NOT NULL DO NOTHING

-- name: keys_by_id
-- The keys that texts name; destroyed ones are missing.
SELECT id, wrapped FROM vault.subject_keys WHERE id = ANY (%s) AND wrapped IS NOT NULL

-- name: erase_subject
-- Destroys the keys of a subject, for good.
UPDATE vault.subject_keys SET wrapped = NULL, erased_at = clock_timestamp()
 WHERE subject = %s AND wrapped IS NOT NULL

-- name: leave_probe
-- The first process says which master key this vault has.
INSERT INTO vault.master (probe) VALUES (%s) ON CONFLICT DO NOTHING

-- name: read_probe
-- What the others try their master key on.
SELECT probe FROM vault.master
