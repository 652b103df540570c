-- What previews of contracts showed, so that who generates from an outdated one is told what is different. A cache of a
-- day: a row that is missing costs the differences, nothing else.
CREATE TABLE contract_preview (
    digest   text COLLATE "C" PRIMARY KEY,  -- SHA-256 of the document, hex
    contract uuid             NOT NULL,
    document text             NOT NULL,     -- canonical JSON
    at       timestamptz      NOT NULL      -- when it was shown, by the deployment's clock, to the hour
);
CREATE INDEX contract_preview_at ON contract_preview (at);
