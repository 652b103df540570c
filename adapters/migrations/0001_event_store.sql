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
    kind               text COLLATE "C" NOT NULL,  -- of the stream
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
-- Finds the streams that ride under another one's key; that a stream is found under its own id needs no index.
CREATE INDEX stored_events_record_key ON stored_events (record_key, kind)
    WHERE originator_version = 1 AND right(originator_id, 36) <> record_key::text;
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

-- What the function below takes, numbered by save from 1. A write is a stream that a save follows and extends: the
-- version and hash that it expects (0 and null: a new stream), the version and hash that it would reach.
CREATE TYPE new_write AS (save int, stream text, expected bigint, previous bytea, last bigint, hash bytea);
-- Events in order of saves; `index` (from 0) and `size` place one within its save.
CREATE TYPE new_event AS (
    save int, index int, size int, stream text, kind text, version bigint, type text, state bytea, event uuid,
    schema int, key uuid, occurred timestamptz, day date, zone text, actor text, agent text, command uuid,
    correlation text, causation text, trace text, previous bytea, hash bytea
);
-- Unique names to take or to give back.
CREATE TYPE new_claim AS (save int, kind text, key text, owner uuid, take boolean);
-- Answers to keep for some days; null: for ever.
CREATE TYPE new_answer AS (
    save int, scope text, key text, digest text, status int, body text, headers text, days int
);

-- Appends a group of saves; each is stored as a whole or not at all, and a loser costs nobody else anything.
--
-- `all_hashes` are the hashes of all events in order, joined. `overlapping` says that two saves of the group share a
-- stream, a name or a key: the later one then is told 'again', because only the next group can know whether the
-- earlier one was stored.
--
-- `base` is the position before the group's first event. `lost` is null when all were stored, else a list of
-- {save, why, ...}: 'own' (stored by an earlier try, with its position), 'answered', 'claimed', 'conflict', 'again'.
--
-- The order lock is held from here to the end of the transaction, so positions become visible in their order; the
-- statements below see everything committed before because of READ COMMITTED, which is why no other level will do.
CREATE FUNCTION append_events(
    writes new_write[], events new_event[], names new_claim[], told new_answer[], all_hashes bytea,
    overlapping boolean, OUT base bigint, OUT lost jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    last    append_log;
    moment  timestamptz;
    losers  int[] := '{}';
    skipped int[] := '{}';  -- by save: how many events of losers come before it
    more    jsonb;
    stored  bigint;
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
              FROM unnest(writes) AS w
              LEFT JOIN LATERAL (SELECT s.originator_version, s.hash FROM stored_events s
                                  WHERE s.originator_id = w.stream ORDER BY s.originator_version DESC LIMIT 1) h ON true
             WHERE coalesce(h.originator_version, 0) <> w.expected OR h.hash IS DISTINCT FROM w.previous) x;
    IF cardinality(told) > 0 THEN
        SELECT jsonb_agg(jsonb_build_object('save', a.save, 'why', 'answered', 'digest', s.digest,
                   'status', s.status, 'body', s.body, 'headers', s.headers, 'position', s.position))
          INTO more
          FROM unnest(told) AS a
          JOIN answers s ON s.scope = a.scope AND s.key = a.key AND (s.expires_at IS NULL OR s.expires_at > moment);
        lost := CASE WHEN more IS NULL THEN lost ELSE coalesce(lost, '[]') || more END;
    END IF;
    IF cardinality(names) > 0 THEN
        SELECT jsonb_agg(jsonb_build_object('save', c.save, 'why', 'claimed', 'kind', s.kind, 'key', s.key,
                   'owner', s.owner))
          INTO more
          FROM unnest(names) AS c
          JOIN claims s ON s.kind = c.kind AND s.key = c.key AND c.take AND s.owner <> c.owner;
        lost := CASE WHEN more IS NULL THEN lost ELSE coalesce(lost, '[]') || more END;
    END IF;
    IF lost IS NOT NULL THEN
        losers := ARRAY(SELECT (l ->> 'save')::int FROM jsonb_array_elements(lost) l);
    END IF;
    IF overlapping THEN
        SELECT jsonb_agg(jsonb_build_object('save', o.save, 'why', 'again')) INTO more
          FROM (SELECT u.save, min(u.save) OVER (PARTITION BY u.what, u.kind, u.name) AS first
                  FROM (SELECT 'stream' AS what, '' AS kind, w.stream AS name, w.save FROM unnest(writes) AS w
                        UNION ALL SELECT 'name', c.kind, c.key, c.save FROM unnest(names) AS c
                        UNION ALL SELECT 'answer', a.scope, a.key, a.save FROM unnest(told) AS a) u
                 WHERE NOT u.save = ANY (losers)) o
         WHERE o.first <> o.save;
        IF more IS NOT NULL THEN
            lost := coalesce(lost, '[]') || more;
            losers := losers || ARRAY(SELECT (l ->> 'save')::int FROM jsonb_array_elements(more) l);
        END IF;
    END IF;
    IF lost IS NOT NULL THEN
        skipped := ARRAY(SELECT (SELECT count(*) FROM unnest(events) e WHERE e.save <= n AND e.save = ANY (losers))::int
                           FROM generate_series(1, (SELECT max(e.save) FROM unnest(events) e)) AS n ORDER BY n);
        all_hashes := (SELECT string_agg(e.hash, '' ORDER BY e.save, e.index) FROM unnest(events) e
                        WHERE NOT e.save = ANY (losers));
    END IF;

    IF cardinality(events) > 0 THEN
        INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, event_id,
            schema_version, kind, record_key, occurred_at, recorded_at, business_date, zone, actor, agent, command_id,
            correlation_id, causation_id, traceparent, commit_id, commit_size, previous_hash, hash)
        SELECT e.stream, e.version, e.type, e.state, base + e.place - coalesce(skipped[e.save], 0), e.event,
               e.schema, e.kind, e.key, e.occurred, moment, e.day, e.zone, e.actor, e.agent, e.command,
               e.correlation, e.causation, e.trace, base + e.place - coalesce(skipped[e.save], 0) - e.index,
               e.size, e.previous, e.hash
          FROM unnest(events) WITH ORDINALITY AS e(
               save, index, size, stream, kind, version, type, state, event, schema, key, occurred, day, zone, actor,
               agent, command, correlation, causation, trace, previous, hash, place)
         WHERE NOT e.save = ANY (losers);
        GET DIAGNOSTICS stored = ROW_COUNT;
        IF stored > 0 THEN
            INSERT INTO append_log (position, events, recorded_at, anchor)
            VALUES (base + stored, coalesce(last.events, 0) + stored, moment,
                    sha256(coalesce(last.anchor, '') || all_hashes));
            PERFORM pg_notify('stored_events', (base + stored)::text);
        END IF;
    END IF;
    IF cardinality(names) > 0 THEN
        DELETE FROM claims s USING unnest(names) AS c
         WHERE s.kind = c.kind AND s.key = c.key AND s.owner = c.owner AND NOT c.take AND NOT c.save = ANY (losers);
        INSERT INTO claims (kind, key, owner)
        SELECT DISTINCT c.kind, c.key, c.owner FROM unnest(names) AS c WHERE c.take AND NOT c.save = ANY (losers)
            ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(told) > 0 THEN
        INSERT INTO answers (scope, key, digest, status, body, headers, position, expires_at)
        SELECT a.scope, a.key, a.digest, a.status, a.body, a.headers,
               coalesce((SELECT base + max(e.place) - coalesce(skipped[a.save], 0)
                           FROM unnest(events) WITH ORDINALITY AS e(
                                save, index, size, stream, kind, version, type, state, event, schema, key, occurred,
                                day, zone, actor, agent, command, correlation, causation, trace, previous, hash, place)
                          WHERE e.save = a.save), 0),
               moment + a.days * interval '1 day'
          FROM unnest(told) AS a
         WHERE NOT a.save = ANY (losers)
            ON CONFLICT (scope, key) DO UPDATE SET digest = excluded.digest, status = excluded.status,
                body = excluded.body, headers = excluded.headers, position = excluded.position,
                expires_at = excluded.expires_at;
    END IF;
END $$;
