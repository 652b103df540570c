-- name: types_between
-- The types of events in a stretch of the feed.
SELECT DISTINCT topic FROM stored_events WHERE notification_id > %(after)s AND notification_id <= %(upto)s;
