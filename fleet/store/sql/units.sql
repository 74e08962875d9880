-- name: schema_revision
SELECT version_num FROM alembic_version

-- name: add_unit
INSERT INTO unit (unit_id, label, model, fingerprint, key_protection, joined_at, accepted_by)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE NOT EXISTS (SELECT FROM certificate WHERE fingerprint = $4)
ON CONFLICT (fingerprint) DO NOTHING RETURNING unit_id

-- name: add_live
INSERT INTO unit_live (unit_id) VALUES ($1)

-- name: add_settings
INSERT INTO unit_settings (unit_id, version, report_every_s, spool_max_mb, spool_max_days, changed_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: settings
SELECT version, report_every_s, spool_max_mb, spool_max_days FROM unit_settings WHERE unit_id = $1

-- name: settings_for_update
SELECT version, report_every_s, spool_max_mb, spool_max_days FROM unit_settings WHERE unit_id = $1 FOR UPDATE

-- name: change_settings
UPDATE unit_settings SET version = $2, report_every_s = $3, spool_max_mb = $4, spool_max_days = $5,
    changed_by = $6, changed_at = $7
WHERE unit_id = $1

-- name: change_label
UPDATE unit SET label = $2 WHERE unit_id = $1 RETURNING unit_id

-- name: rows
SELECT * FROM unit_row WHERE unit_id = ANY($1) ORDER BY unit_id

-- name: page
WITH matching AS (
    SELECT *,
        CASE $2::text WHEN 'label' THEN lower(label) ELSE '' END AS word_key,
        CASE $2::text
            WHEN 'presence' THEN
                array_position(ARRAY['quarantined', 'quiet', 'stale', 'never', 'online', 'revoked'], presence)
            WHEN 'last_report' THEN extract(epoch FROM last_report_at)
            WHEN 'supply' THEN supply_mv
            WHEN 'temperature' THEN soc_temp_c
            WHEN 'storage' THEN storage_used_percent
            WHEN 'signal' THEN rsrp_dbm
            WHEN 'alarms' THEN alarms
        END AS number_key
    FROM unit_row
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[]) AS term
        WHERE NOT concat_ws(' ', unit_id, label, model, presence) ILIKE ANY (string_to_array(term, '|'))
    )
)
SELECT *, count(*) OVER () AS total FROM matching
ORDER BY
    CASE WHEN $3 THEN NULL ELSE word_key END, CASE WHEN $3 THEN word_key END DESC NULLS LAST,
    CASE WHEN $3 THEN NULL ELSE number_key END, CASE WHEN $3 THEN number_key END DESC NULLS LAST,
    CASE WHEN $3 AND $2 = 'unit_id' THEN unit_id END DESC NULLS LAST, unit_id
OFFSET $4 LIMIT $5

-- name: count_matching
SELECT count(*) FROM unit_row
WHERE NOT EXISTS (
    SELECT FROM unnest($1::text[]) AS term
    WHERE NOT concat_ws(' ', unit_id, label, model, presence) ILIKE ANY (string_to_array(term, '|'))
)

-- name: detail
SELECT fingerprint, key_protection, agent_version, boot_id, joined_at, accepted_by, health, reports_stored,
    messages_rejected, standing_cause AS cause, standing_changed_by AS changed_by, standing_changed_at AS changed_at,
    cut_off_at
FROM unit JOIN unit_live USING (unit_id) WHERE unit_id = $1

-- name: presence_counts
SELECT presence AS word, count(*) AS units, count(*) FILTER (WHERE session_up) AS sessions_up
FROM unit_row GROUP BY presence

-- name: other_counts
SELECT (SELECT count(*) FROM join_request WHERE state = 'pending') AS joins_pending,
    (SELECT count(*) FROM event WHERE severity = 'alarm' AND acknowledged_at IS NULL AND alarm_id IS NULL)
        + (SELECT count(*) FROM alarm WHERE severity = 'alarm' AND acknowledged_at IS NULL AND closed_at IS NULL)
        AS alarms,
    (SELECT count(DISTINCT unit_id) FROM opening WHERE state IN ('opening', 'live')) AS units_open
