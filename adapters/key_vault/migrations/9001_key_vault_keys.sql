-- Keys of data subjects, in a schema of their own and, by a setting, in a database of their own. A key is here wrapped
-- by the master key, which is in no database; to erase is to remove the wrapped key. Backups keep what they have: how
-- long they are kept is how long an erasure takes (docs/operations.md).
CREATE SCHEMA vault;

CREATE TABLE vault.subject_keys (
    id         uuid        PRIMARY KEY,
    subject    text        NOT NULL,                       -- kind/id
    wrapped    bytea,                                      -- nonce and AES-256-GCM ciphertext; null: destroyed
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at  timestamptz,
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX subject_keys_living ON vault.subject_keys (subject) WHERE wrapped IS NOT NULL;

-- Which master key wraps the keys here: a text encrypted under it, so that a wrong one is found at once.
CREATE TABLE vault.master (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    probe  bytea   NOT NULL
);
