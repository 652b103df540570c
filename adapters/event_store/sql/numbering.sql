-- name: heads
-- The end of some streams, under the order lock; of an approval also what it says, to recognise one's own.
SELECT w.stream, h.originator_version, h.hash, h.command_id, h.notification_id,
       CASE WHEN h.topic = 'customer-invoice.approved' THEN h.state END
  FROM unnest(%s::text[]) AS w(stream)
  JOIN LATERAL (SELECT s.originator_version, s.hash, s.command_id, s.notification_id, s.topic, s.state
                  FROM stored_events s WHERE s.originator_id = w.stream
                 ORDER BY s.originator_version DESC LIMIT 1) h ON true

-- name: answers_given
-- The answers under some idempotency keys, unless they have expired.
SELECT s.scope, s.key, s.digest, s.status, s.body, s.headers, s.position
  FROM unnest(%s::text[], %s::text[]) AS wanted(scope, key)
  JOIN answers s ON s.scope = wanted.scope AND s.key = wanted.key
   AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())

-- name: last_numbers
-- The last fact of some series' years: never more of them is read, however many there are.
SELECT w.stream, h.originator_version, h.hash, h.notification_id, h.topic, h.schema_version, h.state
  FROM unnest(%s::text[]) AS w(stream)
  JOIN LATERAL (SELECT s.originator_version, s.hash, s.notification_id, s.topic, s.schema_version, s.state
                  FROM stored_events s WHERE s.originator_id = w.stream
                 ORDER BY s.originator_version DESC LIMIT 1) h ON true

-- name: in_number_order
-- Customer invoices by period to, customer and id, as their last beginning says.
SELECT right(b.stream, 36)::uuid
  FROM (SELECT w.stream, convert_from(c.state, 'UTF8')::jsonb AS fact
          FROM unnest(%s::text[]) AS w(stream)
          JOIN LATERAL (SELECT s.state FROM stored_events s
                         WHERE s.originator_id = w.stream AND s.topic = 'customer-invoice.created'
                         ORDER BY s.originator_version DESC LIMIT 1) c ON true) b
 ORDER BY b.fact ->> 'period_to', (b.fact ->> 'customer') COLLATE "C", b.stream
