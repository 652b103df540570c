-- name: reaction_position
-- How far a reaction has read.
SELECT position FROM reaction_position WHERE reaction = %(reaction)s;

-- name: put_reaction_position
-- It has read up to here; another worker may have read further.
INSERT INTO reaction_position AS r (reaction, position) VALUES (%(reaction)s, %(position)s)
ON CONFLICT (reaction) DO UPDATE SET position = greatest(r.position, excluded.position);
