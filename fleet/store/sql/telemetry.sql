-- name: known_units
SELECT unit_id, state, report_every_s FROM unit JOIN unit_settings USING (unit_id) WHERE unit_id = ANY($1)

-- name: make_staging
CREATE TEMPORARY TABLE IF NOT EXISTS health_staging (
    unit_id              text,
    spool_id             bigint,
    seq                  bigint,
    sampled_at_ms        bigint,
    received_at_ms       bigint,
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
    more                 text
) ON COMMIT DELETE ROWS

-- name: add_staged
WITH added AS (
    INSERT INTO health_report (unit_id, spool_id, seq, sampled_at, received_at, supply_mv, undervolted, soc_temp_c,
        cpu_used_percent, memory_used_percent, storage_used_percent, battery_percent, clock_offset_ms, wifi_signal_dbm,
        rsrp_dbm, more)
    SELECT unit_id, spool_id, seq, to_timestamp(sampled_at_ms::float8 / 1000),
        to_timestamp(received_at_ms::float8 / 1000), supply_mv, undervolted, soc_temp_c, cpu_used_percent,
        memory_used_percent, storage_used_percent, battery_percent, clock_offset_ms, wifi_signal_dbm, rsrp_dbm, more
    FROM health_staging
    ON CONFLICT DO NOTHING
    RETURNING unit_id, spool_id, seq
)
SELECT unit_id, spool_id, array_agg(seq) AS seqs FROM added GROUP BY unit_id, spool_id

-- name: add_events
WITH added AS (
    INSERT INTO event (unit_id, source, spool_id, seq, kind, severity, summary, at, received_at)
    SELECT unit_id, 'unit', spool_id, seq, kind, severity, summary, at, received_at
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
        $8::timestamptz[]) AS given (unit_id, spool_id, seq, kind, severity, summary, at, received_at)
    ON CONFLICT (unit_id, spool_id, seq, at) WHERE spool_id IS NOT NULL DO NOTHING
    RETURNING unit_id, spool_id, seq
)
SELECT unit_id, spool_id, array_agg(seq) AS seqs FROM added GROUP BY unit_id, spool_id

-- name: lock_live
SELECT unit_id, session_nonce, session_previous, session_connection, session_up, spool_id, last_seq FROM unit_live
WHERE unit_id = ANY($1) ORDER BY unit_id FOR UPDATE

-- name: set_heard
UPDATE unit_live AS live SET
    last_report_at = greatest(live.last_report_at, heard.received_at),
    reports_stored = live.reports_stored + heard.stored,
    presence = 'online',
    -- The sweeper looks again at this time and moves it on, so it may be early and is not rewritten with each report.
    presence_due_at = least(live.presence_due_at, heard.presence_due_at),
    last_sampled_at = CASE WHEN heard.newer THEN heard.sampled_at ELSE live.last_sampled_at END,
    spool_id = CASE WHEN heard.newer THEN heard.spool_id ELSE live.spool_id END,
    last_seq = CASE WHEN heard.newer THEN heard.seq ELSE live.last_seq END,
    settings_running = CASE WHEN heard.newer THEN heard.settings_version ELSE live.settings_running END,
    settings_seen_at = CASE WHEN heard.newer THEN heard.received_at ELSE live.settings_seen_at END,
    supply_mv = CASE WHEN heard.newer THEN heard.supply_mv ELSE live.supply_mv END,
    undervolted = CASE WHEN heard.newer THEN heard.undervolted ELSE live.undervolted END,
    soc_temp_c = CASE WHEN heard.newer THEN heard.soc_temp_c ELSE live.soc_temp_c END,
    storage_used_percent = CASE WHEN heard.newer THEN heard.storage_used_percent ELSE live.storage_used_percent END,
    rsrp_dbm = CASE WHEN heard.newer THEN heard.rsrp_dbm ELSE live.rsrp_dbm END,
    clock_offset_ms = CASE WHEN heard.newer THEN heard.clock_offset_ms ELSE live.clock_offset_ms END,
    health = CASE WHEN heard.newer THEN heard.health ELSE live.health END
FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::timestamptz[], $5::boolean[], $6::timestamptz[],
    $7::bigint[], $8::bigint[], $9::integer[], $10::integer[], $11::boolean[], $12::real[], $13::real[], $14::real[],
    $15::real[], $16::text[])
    AS heard (unit_id, received_at, stored, presence_due_at, newer, sampled_at, spool_id, seq, settings_version,
        supply_mv, undervolted, soc_temp_c, storage_used_percent, rsrp_dbm, clock_offset_ms, health)
WHERE live.unit_id = heard.unit_id

-- name: set_sessions
UPDATE unit_live AS live SET
    session_up = seen.up,
    session_changed_at = seen.at,
    session_previous = CASE WHEN live.session_nonce <> seen.nonce THEN live.session_nonce
        ELSE live.session_previous END,
    session_nonce = seen.nonce,
    session_connection = seen.connection,
    boot_id = coalesce(seen.boot_id, live.boot_id),
    agent_version = coalesce(seen.agent_version, live.agent_version),
    settings_running = coalesce(seen.settings_version, live.settings_running),
    settings_seen_at = CASE WHEN seen.settings_version IS NULL THEN live.settings_seen_at ELSE seen.at END
FROM unnest($1::text[], $2::boolean[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[])
    AS seen (unit_id, up, at, nonce, connection, boot_id, agent_version, settings_version)
WHERE live.unit_id = seen.unit_id

-- name: set_models
UPDATE unit SET model = seen.model FROM unnest($1::text[], $2::text[]) AS seen (unit_id, model)
WHERE unit.unit_id = seen.unit_id AND unit.model = ''
RETURNING unit.unit_id, unit.model

-- name: count_rejected
UPDATE unit_live AS live SET messages_rejected = live.messages_rejected + rejected.count
FROM unnest($1::text[], $2::bigint[]) AS rejected (unit_id, count) WHERE live.unit_id = rejected.unit_id

-- name: add_rejections
INSERT INTO event (unit_id, source, kind, severity, summary, at, received_at, count, repeat_key)
SELECT unit_id, 'controller', kind, severity, summary, $7, $7, count, repeat_key
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
    AS given (unit_id, kind, severity, summary, count, repeat_key)
ORDER BY repeat_key
ON CONFLICT (repeat_key) WHERE repeat_key IS NOT NULL AND acknowledged_at IS NULL
DO UPDATE SET count = event.count + excluded.count, received_at = excluded.received_at, summary = excluded.summary

-- name: take_due
SELECT unit_id, unit.label, unit.state, presence, last_report_at, report_every_s
FROM unit_live JOIN unit USING (unit_id) JOIN unit_settings USING (unit_id)
WHERE presence_due_at <= $1
ORDER BY presence_due_at LIMIT $2
FOR UPDATE OF unit_live SKIP LOCKED

-- name: set_presence
UPDATE unit_live AS live SET presence = due.presence, presence_due_at = due.presence_due_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS due (unit_id, presence, presence_due_at)
WHERE live.unit_id = due.unit_id
