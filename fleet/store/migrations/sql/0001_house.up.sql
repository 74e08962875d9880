-- People, sessions, units, joining, telemetry, events, commands and the deployment log's outbox.
-- Run by the owner of the database; the controller itself works in the role muster_controller.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_controller') THEN
        CREATE ROLE muster_controller NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- roles belong to the cluster: another database was being set up at the same moment
END
$$;

CREATE TABLE person (
    person_id       text PRIMARY KEY CHECK (person_id ~ '^[A-Z]{2}-[0-9]{2,6}$'),
    name            text NOT NULL,
    role            text NOT NULL
                    CHECK (role IN ('engineer', 'supervisor', 'approver', 'inspector', 'administrator')),
    public_key      text NOT NULL UNIQUE,
    key_fingerprint text NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_until     timestamptz NOT NULL CHECK (valid_until > valid_from),
    ended_at        timestamptz
);

CREATE TABLE people_list (
    version    integer PRIMARY KEY CHECK (version > 0),
    text       text NOT NULL,
    sha256     bytea NOT NULL CHECK (length(sha256) = 32),
    created_at timestamptz NOT NULL
);

-- Challenges are not kept: each proves by this secret, which all controllers share, that one of them made it. Only
-- those that a right signature has used up are remembered, for longer than a challenge lives.
CREATE TABLE challenge_secret (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    secret   bytea NOT NULL CHECK (length(secret) = 32)
);
INSERT INTO challenge_secret (secret)
SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 4);

CREATE TABLE used_challenge (
    nonce_sha256 bytea PRIMARY KEY,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX used_challenge_expiry ON used_challenge (expires_at);

CREATE TABLE api_session (
    token_sha256 bytea PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    came_from    text NOT NULL
);
CREATE INDEX api_session_person ON api_session (person_id);

CREATE TABLE unit (
    unit_id        text PRIMARY KEY CHECK (unit_id ~ '^[a-z0-9-]{8,40}$'),
    label          text NOT NULL,
    model          text NOT NULL,
    state          text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'quarantined', 'revoked')),
    fingerprint    text NOT NULL UNIQUE,
    key_protection text NOT NULL CHECK (key_protection IN ('soft', 'tpm', 'pkcs11')),
    joined_at      timestamptz NOT NULL,
    accepted_by    text NOT NULL REFERENCES person
);

CREATE TABLE certificate (
    serial     text PRIMARY KEY,
    unit_id    text NOT NULL REFERENCES unit,
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL,
    chain_pem  text NOT NULL
);
CREATE INDEX certificate_unit ON certificate (unit_id, not_after);

CREATE TABLE voucher (
    voucher_id        text PRIMARY KEY,
    secret_sha256     bytea NOT NULL UNIQUE,
    label             text NOT NULL,
    people_version    integer NOT NULL REFERENCES people_list,
    created_by        text NOT NULL REFERENCES person,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    bound_fingerprint text,
    withdrawn_at      timestamptz,
    used_at           timestamptz
);

CREATE TABLE join_request (
    join_id        text PRIMARY KEY,
    voucher_id     text NOT NULL UNIQUE REFERENCES voucher,
    fingerprint    text NOT NULL,
    public_key_der bytea NOT NULL,
    key_protection text NOT NULL,
    model          text NOT NULL,
    agent_version  text NOT NULL,
    came_from      text NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'refused')),
    unit_id        text UNIQUE REFERENCES unit,
    decided_by     text REFERENCES person,
    decided_at     timestamptz,
    reason         text NOT NULL DEFAULT '',
    CHECK ((state = 'accepted') = (unit_id IS NOT NULL)),
    CHECK ((state = 'pending') = (decided_by IS NULL))
);
CREATE INDEX join_request_pending ON join_request (first_seen_at) WHERE state = 'pending';
-- A key waits once, whichever vouchers it has.
CREATE UNIQUE INDEX join_request_waiting_key ON join_request (fingerprint) WHERE state = 'pending';

CREATE TABLE unit_settings (
    unit_id        text PRIMARY KEY REFERENCES unit,
    version        integer NOT NULL,
    report_every_s integer NOT NULL,
    spool_max_mb   integer NOT NULL,
    spool_max_days integer NOT NULL,
    changed_by     text REFERENCES person,
    changed_at     timestamptz NOT NULL
);

-- The latest state of each unit: one row, updated in place.
CREATE TABLE unit_live (
    unit_id              text PRIMARY KEY REFERENCES unit,
    session_up           boolean,
    session_changed_at   timestamptz,
    session_nonce        text,
    session_previous     text,
    session_connection   text,
    boot_id              text NOT NULL DEFAULT '',
    agent_version        text NOT NULL DEFAULT '',
    settings_running     integer,
    settings_seen_at     timestamptz,
    last_report_at       timestamptz,
    last_sampled_at      timestamptz,
    spool_id             bigint,
    last_seq             bigint,
    presence             text NOT NULL DEFAULT 'never' CHECK (presence IN ('never', 'online', 'stale', 'quiet')),
    presence_due_at      timestamptz,
    reports_stored       bigint NOT NULL DEFAULT 0,
    messages_rejected    bigint NOT NULL DEFAULT 0,
    supply_mv            integer,
    undervolted          boolean,
    soc_temp_c           real,
    storage_used_percent real,
    rsrp_dbm             real,
    clock_offset_ms      real,
    health               text NOT NULL DEFAULT '{}'
) WITH (fillfactor = 60);
CREATE INDEX unit_live_presence_due ON unit_live (presence_due_at) WHERE presence_due_at IS NOT NULL;

-- A report is identified by the unit, its spool file, its number there and the time fixed when it was written.
-- Figures that are searched or plotted often are columns; `more` is the JSON text of the others.
CREATE TABLE health_report (
    unit_id              text NOT NULL,
    spool_id             bigint NOT NULL,
    seq                  bigint NOT NULL,
    sampled_at           timestamptz NOT NULL,
    received_at          timestamptz NOT NULL,
    supply_mv            integer,
    undervolted          boolean,
    soc_temp_c           real,
    cpu_used_percent     real,
    memory_used_percent  real,
    storage_used_percent real,
    battery_percent      real,
    clock_offset_ms      real,
    wifi_signal_dbm      real,
    rsrp_dbm             real,
    more                 text NOT NULL,
    PRIMARY KEY (unit_id, sampled_at, spool_id, seq)
) PARTITION BY RANGE (sampled_at);
CREATE TABLE health_report_default PARTITION OF health_report DEFAULT;

CREATE TABLE event (
    event_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id         text REFERENCES unit,
    source          text NOT NULL CHECK (source IN ('unit', 'controller')),
    kind            text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'alarm')),
    summary         text NOT NULL,
    at              timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    count           bigint NOT NULL DEFAULT 1,
    spool_id        bigint,
    seq             bigint,
    repeat_key      text,
    acknowledged_by text REFERENCES person,
    acknowledged_at timestamptz,
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);
CREATE UNIQUE INDEX event_from_unit ON event (unit_id, spool_id, seq, at) WHERE spool_id IS NOT NULL;
-- The same thing happening again is counted on the open event instead of written again.
CREATE UNIQUE INDEX event_repeat ON event (repeat_key) WHERE repeat_key IS NOT NULL AND acknowledged_at IS NULL;
CREATE INDEX event_of_unit ON event (unit_id, event_id);
CREATE INDEX event_open_alarm ON event (unit_id) WHERE severity = 'alarm' AND acknowledged_at IS NULL;

CREATE TABLE command (
    command_id text PRIMARY KEY,
    unit_id    text NOT NULL REFERENCES unit,
    order_kind text NOT NULL,
    body       text NOT NULL,
    state      text NOT NULL
               CHECK (state IN ('queued', 'sent', 'accepted', 'done', 'refused', 'failed', 'expired')),
    reason     text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX command_of_unit ON command (unit_id, created_at);
CREATE INDEX command_open ON command (expires_at) WHERE state IN ('queued', 'sent', 'accepted');

-- One line of the fleet table.
CREATE VIEW unit_row AS
SELECT unit.unit_id, label, model, unit.state,
    CASE WHEN unit.state = 'active' THEN presence ELSE unit.state END AS presence,
    session_up, session_changed_at, last_report_at, last_sampled_at, unit_settings.version AS settings_wanted,
    settings_running, settings_seen_at, coalesce(open_alarms.alarms, 0) AS alarms,
    supply_mv, undervolted, soc_temp_c, storage_used_percent, rsrp_dbm, clock_offset_ms
FROM unit JOIN unit_live USING (unit_id) JOIN unit_settings USING (unit_id)
LEFT JOIN (
    SELECT unit_id, count(*) AS alarms FROM event
    WHERE severity = 'alarm' AND acknowledged_at IS NULL GROUP BY unit_id
) open_alarms USING (unit_id);

-- The deployment log and its outbox in one: a row is an entry as soon as its transaction commits, and a leaf of
-- the tree once a sequencer has given it a leaf_index. Rows are never taken by an entry_id high-water mark.
CREATE TABLE log_entry (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    leaf_index bigint UNIQUE,
    kind       text NOT NULL,
    unit_id    text,
    actor      text NOT NULL,
    at         timestamptz NOT NULL,
    body       bytea NOT NULL
);
CREATE INDEX log_entry_unsequenced ON log_entry (entry_id) WHERE leaf_index IS NULL;
CREATE INDEX log_entry_unit ON log_entry (unit_id, entry_id);

-- Free text of an entry: the entry holds only its salted hash, so the text can be erased and every proof still holds.
CREATE TABLE log_text (
    entry_id bigint NOT NULL REFERENCES log_entry,
    field    text NOT NULL,
    salt     bytea NOT NULL,
    text     text NOT NULL,
    PRIMARY KEY (entry_id, field)
);

-- Makes the day partitions from today to today + days_ahead. Reports that a wrong clock put into the default
-- partition are moved to the day they claim.
CREATE FUNCTION ensure_health_partitions(today date, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    day date;
    part text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('muster health partitions'));
    FOR i IN 0..days_ahead LOOP
        day := today + i;
        part := 'health_report_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.health_report INCLUDING ALL)', part);
        EXECUTE format(
            'WITH moved AS (DELETE FROM public.health_report_default WHERE sampled_at >= %L AND sampled_at < %L
             RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
            day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC', part);
        EXECUTE format(
            'ALTER TABLE public.health_report ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the day partitions that ended before oldest_kept, and such rows of the default partition as were received
-- before it: what a wrong clock put there may claim any day. Whoever asks, nothing of today or later is dropped.
-- Returns the name of each partition dropped with the planner's estimate of its rows (null: never analysed), and the
-- default partition with the rows deleted, when there were any.
CREATE FUNCTION drop_health_partitions(oldest_kept date) RETURNS TABLE (part text, row_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('muster health partitions'));
    oldest_kept := least(oldest_kept, (now() AT TIME ZONE 'UTC')::date);
    FOR part, row_count IN
        SELECT child.relname, CASE WHEN child.reltuples >= 0 THEN child.reltuples::bigint END FROM pg_inherits
        JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = 'public.health_report'::regclass AND child.relname ~ '^health_report_[0-9]{8}$'
          AND to_date(right(child.relname, 8), 'YYYYMMDD') < oldest_kept
        ORDER BY child.relname
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        RETURN NEXT;
    END LOOP;
    DELETE FROM public.health_report_default WHERE received_at < oldest_kept::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS row_count = ROW_COUNT;
    IF row_count > 0 THEN
        part := 'health_report_default';
        RETURN NEXT;
    END IF;
END
$$;

-- Erases up to at_most events, oldest numbers first, that came, and were acknowledged if they were, before oldest_kept.
-- Open warnings and alarms stay however old they are, and so does whatever came today.
CREATE FUNCTION erase_events(oldest_kept date, at_most integer)
RETURNS TABLE (row_count bigint, first_id bigint, last_id bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH past AS (
        SELECT event_id FROM public.event
        WHERE (severity = 'info' OR acknowledged_at IS NOT NULL)
          AND greatest(received_at, acknowledged_at)
              < least(oldest_kept, (now() AT TIME ZONE 'UTC')::date)::timestamp AT TIME ZONE 'UTC'
        ORDER BY event_id LIMIT at_most FOR UPDATE SKIP LOCKED
    ), erased AS (
        DELETE FROM public.event USING past WHERE event.event_id = past.event_id RETURNING event.event_id
    )
    SELECT count(*), min(event_id), max(event_id) FROM erased
$$;

REVOKE EXECUTE ON FUNCTION ensure_health_partitions, drop_health_partitions, erase_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_health_partitions, drop_health_partitions, erase_events TO muster_controller;
GRANT USAGE ON SCHEMA public TO muster_controller;
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO muster_controller', current_database());
END
$$;
GRANT SELECT ON unit_row TO muster_controller;
GRANT SELECT, INSERT, UPDATE ON
    person, unit, unit_settings, unit_live, voucher, join_request, event, command TO muster_controller;
GRANT SELECT, INSERT ON people_list, certificate, health_report, log_entry, log_text TO muster_controller;
GRANT SELECT ON challenge_secret TO muster_controller;
GRANT SELECT, INSERT, UPDATE, DELETE ON used_challenge, api_session TO muster_controller;
-- Alembic's own table: a controller refuses to start on a schema it was not built for.
GRANT SELECT ON alembic_version TO muster_controller;
