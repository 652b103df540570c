-- Contracts with usage lines, to find those that may take a customer's purchases. Found from the feed (the
-- reaction_position `usage-due` says how far); can be made again from it.
CREATE TABLE usage_contract (
    contract  uuid    PRIMARY KEY,
    customers text[] COLLATE "C" NOT NULL,
    usage     boolean NOT NULL DEFAULT false  -- whether it has a line that takes usage
);
CREATE INDEX usage_contract_customers ON usage_contract USING gin (customers) WHERE usage;

-- Contracts that were signed before.
INSERT INTO usage_contract (contract, customers)
SELECT DISTINCT ON (record_key) record_key,
       ARRAY(SELECT jsonb_array_elements(convert_from(state, 'UTF8')::jsonb #> '{terms,customers}') ->> 'customer')
FROM stored_events WHERE topic IN ('billing-contract.signed', 'billing-contract.amended')
ORDER BY record_key, notification_id DESC;
UPDATE usage_contract u SET usage = true FROM stored_events e
WHERE e.topic = 'billing-contract.line-added' AND e.record_key = u.contract
  AND convert_from(e.state, 'UTF8')::jsonb #>> '{terms,kind}' = 'usage';
