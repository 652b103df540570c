-- Reference data as it is now, beside its events: what commands read of many pieces at once.
--
-- Kept by a trigger on the record, so that the rows are right whatever stores an event: each row has the position and
-- version of its last event, is written in that event's transaction, and is seen when the event is seen. Appends happen
-- one after the other, so max(position) of one snapshot says which reference data this snapshot shows.
CREATE TABLE reference_present (
    kind     text COLLATE "C" NOT NULL,  -- customer, cluster, product ...; cluster-tree has one row, for its position
    code     text COLLATE "C" NOT NULL,
    version  bigint           NOT NULL,  -- of its stream: what calculations name
    position bigint           NOT NULL,  -- of its last event
    in_force boolean          NOT NULL,  -- neither retired nor erased
    body     jsonb            NOT NULL,  -- without what is personal: that is ciphertext, and here no more than weight
    PRIMARY KEY (kind, code)
);
CREATE INDEX reference_present_position ON reference_present (position);

-- The body of a saved event as it is kept.
CREATE FUNCTION reference_body(kind text, state bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind WHEN 'customer' THEN f.body - ARRAY['name', 'address', 'emails', 'metadata'] ELSE f.body END
    FROM (SELECT convert_from(state, 'UTF8')::jsonb -> 'body' AS body) AS f
$$;

CREATE FUNCTION keep_reference_present() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'cluster-tree' THEN
        INSERT INTO reference_present AS r (kind, code, version, position, in_force, body)
        VALUES (NEW.kind, NEW.kind, NEW.originator_version, NEW.notification_id, true, '{}')
            ON CONFLICT (kind, code) DO UPDATE SET version = excluded.version, position = excluded.position;
    ELSIF split_part(NEW.topic, '.', 2) = 'saved' THEN
        INSERT INTO reference_present AS r (kind, code, version, position, in_force, body)
        VALUES (NEW.kind, convert_from(NEW.state, 'UTF8')::jsonb ->> 'code', NEW.originator_version,
                NEW.notification_id, true, reference_body(NEW.kind, NEW.state))
            ON CONFLICT (kind, code) DO UPDATE SET version = excluded.version, position = excluded.position,
                in_force = true, body = excluded.body;
    ELSE
        UPDATE reference_present
        SET version = NEW.originator_version, position = NEW.notification_id, in_force = false
        WHERE kind = NEW.kind AND code = convert_from(NEW.state, 'UTF8')::jsonb ->> 'code';
    END IF;
    RETURN NULL;
END $$;

-- Jobs are on another topic, and are read one by one.
CREATE TRIGGER stored_events_keep_reference_present AFTER INSERT ON stored_events FOR EACH ROW
    WHEN (split_part(NEW.topic, '.', 2) IN ('saved', 'retired', 'erased', 'moved') AND NEW.kind <> 'job')
    EXECUTE FUNCTION keep_reference_present();

-- What was stored before this migration: the newest body of each, and then its last event's version and position.
WITH changes AS MATERIALIZED (
    SELECT originator_id, originator_version, notification_id, kind, topic, state,
           split_part(topic, '.', 2) AS what,
           row_number() OVER (PARTITION BY originator_id ORDER BY originator_version DESC) AS age
    FROM stored_events
    WHERE split_part(topic, '.', 2) IN ('saved', 'retired', 'erased', 'moved') AND kind <> 'job'
), bodies AS (
    SELECT DISTINCT ON (originator_id) originator_id, state
    FROM changes
    WHERE what = 'saved'
    ORDER BY originator_id, originator_version DESC
)
INSERT INTO reference_present (kind, code, version, position, in_force, body)
SELECT c.kind, coalesce(convert_from(b.state, 'UTF8')::jsonb ->> 'code', c.kind), c.originator_version,
       c.notification_id, c.what IN ('saved', 'moved'), coalesce(reference_body(c.kind, b.state), '{}')
FROM changes AS c
LEFT JOIN bodies AS b USING (originator_id)
WHERE c.age = 1;
