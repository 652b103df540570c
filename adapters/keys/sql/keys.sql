-- name: add_key
-- A key opens from now on. One that another process made at the same time under this id: the append finds the conflict.
INSERT INTO api_keys (secret_sha256, key, subject, roles, delegate, expires_at, created_at)
VALUES (
    %(secret_sha256)s, %(key)s, %(subject)s, %(roles)s::text[], %(delegate)s, %(expires_at)s, %(created_at)s
)
ON CONFLICT DO NOTHING;

-- name: end_key
-- A key opens nothing any more.
UPDATE api_keys SET revoked = true WHERE key = %(key)s;

-- name: find_key
-- A key by the hash of its secret, for every request that the cache does not answer.
SELECT key, subject, roles, delegate, expires_at, revoked FROM api_keys WHERE secret_sha256 = %(secret_sha256)s;

-- name: list_keys
-- All keys, newest first, without their hashes.
SELECT key, subject, roles, delegate, expires_at, revoked FROM api_keys ORDER BY created_at DESC, key;
