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

-- name: missing_providers
-- Providers with usage of a customer in the cycle before whose active invoices do not reach this cycle's last day. Those
-- whose offers are not read yet do not count: a run could not take them.
WITH active AS MATERIALIZED (
    SELECT a.provider_invoice, e.body ->> 'provider' AS provider, (e.body ->> 'attempt')::integer AS attempt,
           (e.body #>> '{header,period_from}')::date AS period_from, (e.body #>> '{header,period_to}')::date AS period_to
    FROM (SELECT DISTINCT provider_invoice FROM line_activation) AS a
    CROSS JOIN LATERAL (
        SELECT s.topic, convert_from(s.state, 'UTF8')::jsonb AS body
        FROM stored_events s
        WHERE s.originator_id = 'provider-invoice/' || a.provider_invoice
          AND s.topic IN ('provider-invoice.activated', 'provider-invoice.deactivated', 'provider-invoice.deleted')
          AND s.commit_id + s.commit_size - 1 <= (SELECT coalesce(max(position), 0) FROM reaction_position
                                                  WHERE reaction = 'usage-due')
        ORDER BY s.originator_version DESC LIMIT 1) AS e
    WHERE e.topic = 'provider-invoice.activated'
)
SELECT DISTINCT w.entry, i.provider
FROM unnest(%(entries)s::uuid[], %(customers)s::text[], %(firsts)s::date[], %(lasts)s::date[], %(reach)s::date[])
     AS w (entry, customer, first, last, reach)
CROSS JOIN active i
JOIN line_activation a ON a.provider_invoice = i.provider_invoice AND a.attempt = i.attempt
JOIN line_tally t ON t.resolution = a.resolution AND t.customer = w.customer AND t.excluded = ''
     AND coalesce(t.first_day, i.period_from) <= w.last AND coalesce(t.last_day, i.period_to) >= w.first
WHERE NOT EXISTS (SELECT FROM active n WHERE n.provider = i.provider AND n.period_from <= w.reach
                                         AND n.period_to >= w.reach)
ORDER BY 1, 2;
