-- name: invoices_to_keep
-- Numbers of a customer's approved invoices whose legal term is not over; an index leads there, events are small.
SELECT approved.fact ->> 'number'
FROM (
    SELECT convert_from(state, 'UTF8')::jsonb AS fact, notification_id
    FROM stored_events
    WHERE topic = 'customer-invoice.approved' AND approved_customer(state) = %(customer)s
) AS approved
WHERE (approved.fact ->> 'approval_date')::date + make_interval(years => %(years)s) > %(today)s
ORDER BY approved.notification_id DESC
LIMIT 100;
