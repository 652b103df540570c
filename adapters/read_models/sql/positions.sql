-- name: positions
-- Up to which position each topic is complete in a lane.
SELECT topic, min(watermark) FROM read_models.positions WHERE lane = %s GROUP BY topic;
