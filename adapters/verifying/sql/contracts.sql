-- name: contracts
-- Billing contracts by id, above one: each has a first event, found by the primary key.
SELECT split_part(originator_id, '/', 2)::uuid
FROM stored_events
WHERE originator_id > 'billing-contract/' || %(after)s::text AND originator_id < 'billing-contract0'
  AND originator_version = 1
ORDER BY originator_id
LIMIT %(limit)s;

-- name: contract_transactions
-- The kept transactions of these contracts.
SELECT contract, line, year, number, id, day, class, quantity, price, cost, customer, ready, cancelled
FROM contract_transaction WHERE contract = ANY (%(contracts)s);

-- name: contract_taken
-- Runs of numbers of these contracts' transactions that invoices have, as they are kept.
SELECT contract, line, year, first, last FROM contract_taken WHERE contract = ANY (%(contracts)s);
