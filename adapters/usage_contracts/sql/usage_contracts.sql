-- name: of
-- Contracts with a usage line, by customer.
SELECT c.customer, u.contract
FROM usage_contract u CROSS JOIN LATERAL unnest(u.customers) AS c (customer)
WHERE u.usage AND u.customers && %(customers)s::text[] AND c.customer = ANY (%(customers)s::text[])
ORDER BY 1, 2;

-- name: changed_since
-- Changes of such contracts that were read already, so that `of` knows them.
SELECT e.notification_id, u.customers,
       CASE WHEN e.topic IN ('billing-contract.invoiced', 'billing-contract.entry-empty',
                             'billing-contract.entry-cancelled') THEN right(e.originator_id, 36)::uuid END
FROM stored_events e JOIN usage_contract u ON u.contract = e.record_key AND u.usage
WHERE e.notification_id > %(after)s
  AND e.notification_id <= (SELECT coalesce(max(position), 0) FROM reaction_position WHERE reaction = 'usage-due')
  AND e.topic IN ('billing-contract.line-added', 'billing-contract.line-ended', 'billing-contract.amended',
                  'billing-contract.ended', 'billing-contract.invoiced', 'billing-contract.entry-empty',
                  'billing-contract.entry-cancelled', 'billing-contract.entry-reactivated')
ORDER BY e.notification_id LIMIT %(limit)s;
