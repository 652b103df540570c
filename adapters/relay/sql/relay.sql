-- name: take_lock
-- Become the one active relay of these topics; false while another one is. Held until the connection ends.
SELECT pg_try_advisory_lock(hashtextextended('ledgerline relay ' || %(name)s, 0)) AS taken;

-- name: load_progress
-- How far the relay has come.
SELECT generation, wanted, position, starts, ends FROM relay_position WHERE name = %(name)s;

-- name: load_progress_unless
-- The same, but nothing while it is where the caller knows it to be: asked many times a second.
SELECT generation, wanted, position, starts, ends FROM relay_position
 WHERE name = %(name)s AND (generation, wanted, position) <> (%(generation)s, %(wanted)s, %(position)s);

-- name: make_progress_row
-- The first start with these topics.
INSERT INTO relay_position (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING;

-- name: advance
-- All up to the new position is acknowledged. Changes nothing when another relay, or a rebuild, came between.
UPDATE relay_position
   SET position = %(position)s, ends = %(ends)s, changed_at = now()
 WHERE name = %(name)s AND position = %(before)s AND generation = %(generation)s AND wanted = %(generation)s;

-- name: ask_for_rebuild
-- Everything is to be published again; the active relay does it.
INSERT INTO relay_position AS r (name, wanted) VALUES (%(name)s, 2)
    ON CONFLICT (name) DO UPDATE SET wanted = r.generation + 1, changed_at = now()
RETURNING wanted;

-- name: begin_generation
-- Start over: all readers begin at the ends of the topics as they are now.
UPDATE relay_position
   SET generation = wanted, position = 0, starts = %(starts)s, ends = '{}', changed_at = now()
 WHERE name = %(name)s AND wanted = %(wanted)s AND wanted > generation;
