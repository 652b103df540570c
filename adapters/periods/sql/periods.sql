-- name: periods_of
-- The periods of customers, each from the earliest on.
SELECT customer, period_from, period_to, invoice
FROM invoice_period WHERE customer = ANY (%(customers)s)
ORDER BY customer, period_from;

-- name: add_periods
-- Periods whose invoices begin in this transaction; how many rows were new tells whether another one was quicker.
INSERT INTO invoice_period (customer, period_from, period_to, invoice)
SELECT * FROM unnest(%(customers)s::text[], %(firsts)s::date[], %(lasts)s::date[], %(invoices)s::uuid[])
         AS p(customer, period_from, period_to, invoice)
ORDER BY p.customer, p.period_from
ON CONFLICT DO NOTHING;

-- name: billed_since
-- Customers that are billed periodically and were changed after a position.
SELECT position, code FROM reference_present
WHERE kind = 'customer' AND position > %(position)s AND in_force AND body ->> 'bill_from' IS NOT NULL
ORDER BY position LIMIT %(limit)s;
