-- name: put_letter
-- When a letter may be tried (again).
INSERT INTO mail_outbox (subject, due_at) VALUES (%(subject)s, %(due)s)
ON CONFLICT (subject) DO UPDATE SET due_at = excluded.due_at;

-- name: drop_letter
-- A letter is out, or given up.
DELETE FROM mail_outbox WHERE subject = %(subject)s;

-- name: due_letters
-- Letters that may be tried now, those due longest first.
SELECT subject FROM mail_outbox WHERE due_at <= %(now)s ORDER BY due_at, subject LIMIT %(limit)s;

-- name: postpone_letter
-- Look at a letter later; one that is out stays away.
UPDATE mail_outbox SET due_at = %(until)s WHERE subject = %(subject)s;
