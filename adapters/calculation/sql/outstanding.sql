-- name: outstanding
-- Invoices that something is on its way to, with the position of the newest of it: a change of prices that is to be
-- calculated, or that nobody has read from the feed yet; usage of their customer (beyond every position: no calculation
-- has seen it). What is read from the feed is told exactly; of what is not, rather more invoices are named than fewer.
WITH asked AS MATERIALIZED (
    SELECT a.invoice, coalesce(i.customer, p.customer) AS customer, i.currency, i.inputs
    FROM unnest(%(invoices)s::uuid[]) AS a(invoice)
    LEFT JOIN priced_invoice i ON i.invoice = a.invoice
    LEFT JOIN invoice_period p ON p.invoice = a.invoice
), change AS MATERIALIZED (
    SELECT kind, code, position, body ->> 'customer' AS customer, body ->> 'currency' AS currency,
           CASE kind WHEN 'exchange-rate' THEN 'currency/' || (body ->> 'from_currency')
                     ELSE kind || '/' || code END AS name
    FROM reference_present
    WHERE position > (SELECT coalesce(max(position), 0) FROM reaction_position WHERE reaction = 'calculation')
      AND kind IN ('pricing-rule', 'product', 'exchange-rate', 'customer', 'cluster')
), unread AS MATERIALIZED (
    SELECT DISTINCT convert_from(e.state, 'UTF8')::jsonb ->> 'customer' AS customer
    FROM (SELECT coalesce(max(position), 0) AS position FROM reaction_position WHERE reaction = 'usage-due') AS r
    JOIN stored_events e ON e.notification_id > r.position AND e.notification_id <= r.position + %(most)s
    WHERE e.topic IN ('provider-invoice.usage-offered', 'provider-invoice.lines-reoffered')
)
SELECT invoice, max(position)
FROM (
    SELECT d.invoice, d.position FROM calculation_due d WHERE d.invoice = ANY (%(invoices)s) AND d.recheck
    UNION ALL
    SELECT a.invoice, c.position
    FROM asked a
    JOIN change c
      ON CASE c.kind
         WHEN 'customer' THEN c.code = coalesce(a.customer, c.code)
         WHEN 'cluster' THEN true
         ELSE coalesce(a.inputs, '{}') = '{}' OR c.name = ANY (a.inputs)
              OR (c.kind = 'pricing-rule' AND coalesce(c.customer = a.customer, true)
                  AND coalesce(c.currency = a.currency, true))
         END
    UNION ALL
    SELECT a.invoice, 9223372036854775807
    FROM asked a
    JOIN invoice_period p ON p.invoice = a.invoice
    WHERE EXISTS (SELECT FROM usage_due u WHERE u.customer = p.customer AND u.state = 'due')
       OR EXISTS (SELECT FROM unread u WHERE u.customer = p.customer)
) AS found
GROUP BY invoice;
