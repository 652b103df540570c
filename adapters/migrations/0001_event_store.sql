-- The record: stored events in the shape of the `eventsourcing` library, what rides in the same transaction (unique
-- names, answers to idempotent callers), and the one function that appends.

CREATE TABLE stored_events (
    originator_id      text COLLATE "C" NOT NULL,  -- the stream: kind/uuid
    originator_version bigint           NOT NULL,  -- from 1, without gaps
    topic              text             NOT NULL,  -- stored type, such as provider-invoice.activated
    state              bytea            NOT NULL,  -- the event's JSON exactly as written, with ciphertext
    notification_id    bigint           NOT NULL,  -- global position, in order of commit
    event_id           uuid,
    schema_version     integer          NOT NULL DEFAULT 1,
    kind               text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(originator_id, '/', 1)) STORED,
    record_key         uuid,                       -- the key of its record on the topic
    occurred_at        timestamptz,
    recorded_at        timestamptz      NOT NULL,
    business_date      date,
    zone               text,
    actor              text,
    agent              text,
    command_id         uuid,
    correlation_id     text,
    causation_id       text,
    traceparent        text,
    commit_id          bigint           NOT NULL,  -- position of the first event of its save
    commit_size        integer          NOT NULL DEFAULT 1,
    previous_hash      bytea,
    hash               bytea,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);
CREATE INDEX stored_events_record_key ON stored_events (record_key, kind);
CREATE INDEX stored_events_correlation ON stored_events (correlation_id);

-- One row an append: up to where the record then reached, and a running digest over the hashes of all its events.
-- It is the clock (as of an instant means up to a position) and finds events missing at the end of a stream.
CREATE TABLE append_log (
    position    bigint      PRIMARY KEY,  -- of the append's last event
    events      bigint      NOT NULL,     -- stored so far, this append included
    recorded_at timestamptz NOT NULL,     -- never earlier than the row before
    anchor      bytea       NOT NULL      -- sha256(anchor before || hashes of this append's events in order)
);
CREATE INDEX append_log_recorded_at ON append_log (recorded_at, position);

-- Unique names: who holds what.
CREATE TABLE claims (
    kind  text COLLATE "C" NOT NULL,
    key   text COLLATE "C" NOT NULL,
    owner uuid             NOT NULL,
    PRIMARY KEY (kind, key)
);

-- What callers were told under their idempotency keys. No expiry: kept for ever.
CREATE TABLE answers (
    scope      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    digest     text             NOT NULL,
    status     integer          NOT NULL,
    body       text             NOT NULL,  -- JSON as written
    headers    text             NOT NULL,  -- JSON as written
    position   bigint           NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (scope, key)
);
CREATE INDEX answers_expires_at ON answers (expires_at) WHERE expires_at IS NOT NULL;

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Stored events are never changed or removed; a correction is a new event.';
END $$;
CREATE TRIGGER stored_events_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_log_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON append_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Appends a group of saves; each is stored as a whole or not at all, and a loser costs nobody else anything.
--
-- Saves are numbered from 1. w_* are the streams that they write: the version and hash that a save expects to follow
-- (0 and null: a new stream), the version and hash that it would reach. e_* are events in order of saves, e_index and
-- e_size place one within its save. c_* are unique names to take or to give back, a_* answers to keep. `overlapping`
-- says that two saves of the group share a stream, a name or a key: the later one then is told 'again', because only
-- the next group can know whether the earlier one was stored.
--
-- `base` is the position before the group's first event. `lost` is null when all were stored, else a list of
-- {save, why, ...}: 'own' (stored by an earlier try, with its position), 'answered', 'claimed', 'conflict', 'again'.
--
-- The order lock is held from here to the end of the transaction, so positions become visible in their order; the
-- statements below see everything committed before because of READ COMMITTED, which is why no other level will do.
CREATE FUNCTION append_events(
    w_save int[], w_stream text[], w_expected bigint[], w_previous bytea[], w_last bigint[], w_hash bytea[],
    e_save int[], e_index int[], e_size int[], e_stream text[], e_version bigint[], e_type text[], e_state bytea[],
    e_event uuid[], e_schema int[], e_key uuid[], e_occurred timestamptz[], e_day date[], e_zone text[],
    e_actor text[], e_agent text[], e_command uuid[], e_correlation text[], e_causation text[], e_trace text[],
    e_previous bytea[], e_hash bytea[],
    c_save int[], c_kind text[], c_key text[], c_owner uuid[], c_take boolean[],
    a_save int[], a_scope text[], a_key text[], a_digest text[], a_status int[], a_body text[], a_headers text[],
    a_days int[],
    overlapping boolean,
    OUT base bigint, OUT lost jsonb
) LANGUAGE plpgsql
SET enable_seqscan = off  -- a plan made while the tables were empty must stay good when they are large
AS $$
DECLARE
    last    append_log;
    moment  timestamptz;
    losers  int[];
    more    jsonb;
    reached bigint;
    hashes  bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_events needs READ COMMITTED, not %', current_setting('transaction_isolation');
    END IF;
    PERFORM pg_advisory_xact_lock(4701337001);
    SELECT * INTO last FROM append_log ORDER BY position DESC LIMIT 1;
    base := coalesce(last.position, 0);
    moment := greatest(clock_timestamp(), last.recorded_at);

    SELECT jsonb_agg(CASE
               WHEN x.own IS NULL THEN jsonb_build_object('save', x.save, 'why', 'conflict', 'stream', x.stream)
               ELSE jsonb_build_object('save', x.save, 'why', 'own', 'position', x.own) END)
      INTO lost
      FROM (SELECT w.save, w.stream,
                   (SELECT o.notification_id FROM stored_events o
                     WHERE o.originator_id = w.stream AND o.originator_version = w.last AND o.hash = w.hash) AS own
              FROM unnest(w_save, w_stream, w_expected, w_previous, w_last, w_hash)
                AS w(save, stream, expected, previous, last, hash)
              LEFT JOIN LATERAL (SELECT s.originator_version, s.hash FROM stored_events s
                                  WHERE s.originator_id = w.stream ORDER BY s.originator_version DESC LIMIT 1) h ON true
             WHERE coalesce(h.originator_version, 0) <> w.expected OR h.hash IS DISTINCT FROM w.previous) x;
    IF cardinality(a_save) > 0 THEN
        SELECT jsonb_agg(jsonb_build_object('save', a.save, 'why', 'answered', 'digest', s.digest,
                   'status', s.status, 'body', s.body, 'headers', s.headers, 'position', s.position))
          INTO more
          FROM unnest(a_save, a_scope, a_key) AS a(save, scope, key)
          JOIN answers s ON s.scope = a.scope AND s.key = a.key AND (s.expires_at IS NULL OR s.expires_at > moment);
        lost := CASE WHEN more IS NULL THEN lost ELSE coalesce(lost, '[]') || more END;
    END IF;
    IF cardinality(c_save) > 0 THEN
        SELECT jsonb_agg(jsonb_build_object('save', c.save, 'why', 'claimed', 'kind', s.kind, 'key', s.key,
                   'owner', s.owner))
          INTO more
          FROM unnest(c_save, c_kind, c_key, c_owner, c_take) AS c(save, kind, key, owner, take)
          JOIN claims s ON s.kind = c.kind AND s.key = c.key AND c.take AND s.owner <> c.owner;
        lost := CASE WHEN more IS NULL THEN lost ELSE coalesce(lost, '[]') || more END;
    END IF;
    losers := ARRAY(SELECT (l ->> 'save')::int FROM jsonb_array_elements(lost) l);
    IF overlapping THEN
        SELECT jsonb_agg(jsonb_build_object('save', o.save, 'why', 'again')) INTO more
          FROM (SELECT u.save, min(u.save) OVER (PARTITION BY u.what, u.kind, u.name) AS first
                  FROM (SELECT 'stream' AS what, '' AS kind, w.stream AS name, w.save
                          FROM unnest(w_save, w_stream) AS w(save, stream)
                        UNION ALL SELECT 'name', c.kind, c.key, c.save FROM unnest(c_save, c_kind, c_key) c(save, kind, key)
                        UNION ALL SELECT 'answer', a.scope, a.key, a.save
                          FROM unnest(a_save, a_scope, a_key) a(save, scope, key)) u
                 WHERE NOT u.save = ANY (losers)) o
         WHERE o.first <> o.save;
        IF more IS NOT NULL THEN
            lost := coalesce(lost, '[]') || more;
            losers := losers || ARRAY(SELECT (l ->> 'save')::int FROM jsonb_array_elements(more) l);
        END IF;
    END IF;

    IF cardinality(e_save) > 0 THEN
        WITH stored AS (
            INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, event_id,
                schema_version, record_key, occurred_at, recorded_at, business_date, zone, actor, agent, command_id,
                correlation_id, causation_id, traceparent, commit_id, commit_size, previous_hash, hash)
            SELECT e.stream, e.version, e.type, e.state, e.position, e.event, e.schema, e.key, e.occurred, moment,
                   e.day, e.zone, e.actor, e.agent, e.command, e.correlation, e.causation, e.trace,
                   e.position - e.index, e.size, e.previous, e.hash
              FROM (SELECT u.*, base + row_number() OVER (ORDER BY u.ordinality) AS position
                      FROM unnest(e_save, e_index, e_size, e_stream, e_version, e_type, e_state, e_event, e_schema,
                                  e_key, e_occurred, e_day, e_zone, e_actor, e_agent, e_command, e_correlation,
                                  e_causation, e_trace, e_previous, e_hash) WITH ORDINALITY
                        AS u(save, index, size, stream, version, type, state, event, schema, key, occurred, day, zone,
                             actor, agent, command, correlation, causation, trace, previous, hash, ordinality)
                     WHERE NOT u.save = ANY (losers)) e
            RETURNING notification_id, hash)
        SELECT max(notification_id), string_agg(coalesce(hash, ''), '' ORDER BY notification_id)
          INTO reached, hashes FROM stored;
        IF reached IS NOT NULL THEN
            INSERT INTO append_log (position, events, recorded_at, anchor)
            VALUES (reached, coalesce(last.events, 0) + reached - base, moment,
                    sha256(coalesce(last.anchor, '') || hashes));
            PERFORM pg_notify('stored_events', reached::text);
        END IF;
    END IF;
    IF cardinality(c_save) > 0 THEN
        DELETE FROM claims s USING unnest(c_save, c_kind, c_key, c_owner, c_take) AS c(save, kind, key, owner, take)
         WHERE s.kind = c.kind AND s.key = c.key AND s.owner = c.owner AND NOT c.take AND NOT c.save = ANY (losers);
        INSERT INTO claims (kind, key, owner)
        SELECT DISTINCT c.kind, c.key, c.owner
          FROM unnest(c_save, c_kind, c_key, c_owner, c_take) AS c(save, kind, key, owner, take)
         WHERE c.take AND NOT c.save = ANY (losers)
            ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(a_save) > 0 THEN
        INSERT INTO answers (scope, key, digest, status, body, headers, position, expires_at)
        SELECT a.scope, a.key, a.digest, a.status, a.body, a.headers,
               CASE WHEN a.save = ANY (e_save) THEN base + (SELECT count(*) FROM unnest(e_save) AS u(save)
                                                             WHERE u.save <= a.save AND NOT u.save = ANY (losers))
                    ELSE 0 END,
               moment + a.days * interval '1 day'
          FROM unnest(a_save, a_scope, a_key, a_digest, a_status, a_body, a_headers, a_days)
            AS a(save, scope, key, digest, status, body, headers, days)
         WHERE NOT a.save = ANY (losers)
            ON CONFLICT (scope, key) DO UPDATE SET digest = excluded.digest, status = excluded.status,
                body = excluded.body, headers = excluded.headers, position = excluded.position,
                expires_at = excluded.expires_at;
    END IF;
END $$;
