-- name: outstanding
-- Invoices that something is on its way to: usage of their customer, or a change of prices.
SELECT i.invoice FROM unnest(%(invoices)s::uuid[]) AS i(invoice)
WHERE EXISTS (SELECT FROM calculation_due d WHERE d.invoice = i.invoice AND d.recheck)
   OR EXISTS (SELECT FROM invoice_period p JOIN usage_due u ON u.customer = p.customer
              WHERE p.invoice = i.invoice AND u.state = 'due');
