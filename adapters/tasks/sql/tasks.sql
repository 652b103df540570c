-- name: feed_read
-- How far the feed was read; no row: another worker is reading it.
SELECT position FROM reaction_position WHERE reaction = 'tasks' FOR UPDATE SKIP LOCKED;

-- name: begin_feed
-- The row to lock, before anything was read.
INSERT INTO reaction_position (reaction, position) VALUES ('tasks', 0) ON CONFLICT DO NOTHING;

-- name: feed_head
-- Up to where the feed may be read now.
SELECT coalesce(max(position), 0) FROM append_log;

-- name: feed_done
-- It was read up to here.
UPDATE reaction_position SET position = %(upto)s WHERE reaction = 'tasks';

-- name: note_said
-- The last word on each task of this page: armed ones are to be done, unknown ones are known unless read anew, others go.
WITH said AS MATERIALIZED (
    SELECT DISTINCT ON (e.record_key, b.body ->> 'task') e.record_key AS invoice, b.body ->> 'task' AS task,
           (b.body ->> 'round')::integer AS round, b.body ->> 'by' AS armed_by,
           coalesce((b.body ->> 'tries')::integer, 0) AS tries, e.topic, e.notification_id AS position
    FROM stored_events e
    CROSS JOIN LATERAL (SELECT convert_from(e.state, 'UTF8')::jsonb AS body) AS b
    WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
      AND e.topic IN ('customer-invoice.task-armed', 'customer-invoice.task-unknown',
                      'customer-invoice.task-succeeded', 'customer-invoice.task-failed')
    ORDER BY e.record_key, b.body ->> 'task', e.notification_id DESC
), over AS (
    DELETE FROM invoice_task t USING said s
    WHERE t.invoice = s.invoice AND t.task = s.task AND t.round <= s.round
      AND s.topic IN ('customer-invoice.task-succeeded', 'customer-invoice.task-failed')
), unknown AS (
    INSERT INTO invoice_task (invoice, task, round, position, approved, tries)
    SELECT invoice, task, round, position, true, tries FROM said WHERE topic = 'customer-invoice.task-unknown'
    ON CONFLICT DO NOTHING
)
INSERT INTO invoice_task AS t (invoice, task, round, position, approved)
SELECT invoice, task, round, position, armed_by = 'hand' FROM said WHERE topic = 'customer-invoice.task-armed'
ON CONFLICT (invoice, task) DO UPDATE SET round = excluded.round, position = excluded.position,
    approved = excluded.approved, tries = 0, due_at = NULL, lease_until = NULL;

-- name: note_approved
-- Tasks of invoices that are approved may be done.
UPDATE invoice_task t SET approved = true
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic = 'customer-invoice.approved' AND t.invoice = e.record_key AND NOT t.approved;

-- name: note_ended
-- Tasks of invoices that were closed or deleted are disarmed, those of one that began anew later are not.
DELETE FROM invoice_task t USING stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('customer-invoice.closed', 'customer-invoice.deleted')
  AND t.invoice = e.record_key AND t.position < e.notification_id;

-- name: claim
-- Take those that are due the longest; of many workers each gets others.
UPDATE invoice_task t SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s), tries = t.tries + 1
WHERE (t.invoice, t.task) IN (
    SELECT invoice, task FROM invoice_task
    WHERE approved AND task = %(task)s AND (due_at IS NULL OR due_at <= %(now)s)
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY due_at NULLS FIRST, position
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING t.invoice, t.task, t.round, t.tries;

-- name: done
-- Nothing is left to do in this round.
DELETE FROM invoice_task WHERE invoice = %(invoice)s AND task = %(task)s AND round <= %(round)s;

-- name: later
-- Ask again then, unless another worker has it by now.
UPDATE invoice_task SET due_at = %(at)s, lease_until = NULL
WHERE invoice = %(invoice)s AND task = %(task)s AND round = %(round)s AND tries = %(tries)s;

-- name: hurry
-- Ask again at once.
UPDATE invoice_task SET due_at = NULL WHERE invoice = %(invoice)s AND task = %(task)s;

-- name: waiting
-- What is still to be done of an invoice.
SELECT task, tries, due_at, lease_until > clock_timestamp() FROM invoice_task WHERE invoice = %(invoice)s;
