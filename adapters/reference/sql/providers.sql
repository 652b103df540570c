-- name: put_provider
-- Keep the list of providers up to date.
INSERT INTO reference_providers (code, in_force) VALUES (%(code)s, %(in_force)s)
ON CONFLICT (code) DO UPDATE SET in_force = excluded.in_force;

-- name: forget_not_resold
-- Take out what the provider had as not resold before.
DELETE FROM not_resold WHERE provider = %(code)s;

-- name: add_not_resold
-- Write what is not resold from now on; the first reason given for an identifier stands.
INSERT INTO not_resold (provider, kind, identifier, reason)
SELECT %(code)s, n.kind, n.identifier, n.reason
FROM unnest(%(kinds)s::text[], %(identifiers)s::text[], %(reasons)s::text[]) AS n (kind, identifier, reason)
ON CONFLICT (provider, kind, identifier) DO NOTHING;

-- name: list_providers
-- Codes of all providers in force.
SELECT code FROM reference_providers WHERE in_force ORDER BY code;
