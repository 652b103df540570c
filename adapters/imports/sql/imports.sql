-- name: begin
-- Take an import, unless another operation is at it. One whose holder vanished has lost a worker.
INSERT INTO import_run AS r (provider_invoice, provider, invoice_number, holder, token, lease_until, progress_at)
VALUES (
    %(invoice)s, %(provider)s, %(number)s, %(holder)s, %(token)s,
    clock_timestamp() + make_interval(secs => %(lease)s), %(now)s
)
ON CONFLICT (provider_invoice) DO UPDATE SET
    losses = r.losses + CASE WHEN r.holder IS NULL OR (r.holder, r.token) = (excluded.holder, excluded.token)
                             THEN 0 ELSE 1 END,
    holder = excluded.holder,
    token = excluded.token,
    lease_until = excluded.lease_until
WHERE r.holder IS NULL OR r.holder = excluded.holder OR r.lease_until < clock_timestamp()
RETURNING provider_invoice, attempt, losses;

-- name: await
-- An attempt has begun that nobody is at yet.
INSERT INTO import_run (provider_invoice, provider, invoice_number, attempt, progress_at)
VALUES (%(invoice)s, %(provider)s, %(number)s, %(attempt)s, %(at)s)
ON CONFLICT (provider_invoice) DO UPDATE SET
    attempt = excluded.attempt, losses = 0, holder = NULL, lease_until = NULL, progress_at = excluded.progress_at;

-- name: hold
-- Something moved in an import of mine; losses count for one attempt. No row: it is another's.
UPDATE import_run SET
    losses = CASE WHEN attempt = %(attempt)s THEN losses ELSE 0 END,
    attempt = %(attempt)s,
    progress_at = %(at)s
WHERE provider_invoice = %(invoice)s AND holder = %(holder)s AND token = %(token)s;

-- name: leave
-- Let others take it up; one in which no attempt began is forgotten.
WITH never AS (
    DELETE FROM import_run
    WHERE provider_invoice = %(invoice)s AND holder = %(holder)s AND token = %(token)s AND attempt = 0
)
UPDATE import_run SET holder = NULL, lease_until = NULL, losses = losses + %(lost)s
WHERE provider_invoice = %(invoice)s AND holder = %(holder)s AND token = %(token)s AND attempt > 0;

-- name: forget
-- It is over.
DELETE FROM import_run WHERE provider_invoice = %(invoice)s;

-- name: idle_since
-- Imports in which nothing moved since an instant.
SELECT provider_invoice, attempt, losses FROM import_run WHERE progress_at < %(before)s ORDER BY provider_invoice;

-- name: keep_mapping
-- How a file is read; what is kept under a name stays.
INSERT INTO file_mapping (digest, content) VALUES (%(name)s, %(content)s) ON CONFLICT (digest) DO NOTHING;

-- name: mapping
-- How a file was read.
SELECT content FROM file_mapping WHERE digest = %(name)s;

-- name: put_list
-- What a provider answered; without invoices, those of before stay.
INSERT INTO provider_list AS l (provider, asked_at, listed, problem)
VALUES (%(provider)s, %(asked_at)s, %(listed)s, %(problem)s)
ON CONFLICT (provider) DO UPDATE SET
    asked_at = excluded.asked_at,
    listed = coalesce(excluded.listed, l.listed),
    problem = excluded.problem;

-- name: last_list
-- What a provider answered last.
SELECT asked_at, listed, problem FROM provider_list WHERE provider = %(provider)s;
