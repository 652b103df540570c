-- name: keep
-- It was shown; again within the hour: nothing is written.
INSERT INTO contract_preview AS p (digest, contract, document, at)
VALUES (%(digest)s, %(contract)s, %(document)s, %(at)s)
ON CONFLICT (digest) DO UPDATE SET at = excluded.at WHERE p.at < excluded.at - interval '1 hour';

-- name: find
-- What was shown of a contract under a digest.
SELECT document FROM contract_preview WHERE digest = %(digest)s AND contract = %(contract)s;

-- name: purge
-- Those that were shown long ago.
DELETE FROM contract_preview
WHERE digest IN (SELECT digest FROM contract_preview WHERE at < %(before)s ORDER BY at LIMIT %(limit)s
                 FOR UPDATE SKIP LOCKED);
