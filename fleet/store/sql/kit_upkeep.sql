-- name: readings
SELECT DISTINCT ON (item, counter) item, counter, value, read_at, read_by FROM kit_reading
WHERE item = ANY($1) ORDER BY item, counter, reading_id DESC

-- name: done
WITH latest AS (
    SELECT DISTINCT ON (item, rule) item, rule, done_at, counter_value FROM kit_maintained
    WHERE item = ANY($1) ORDER BY item, rule, done_at DESC, maintained_id DESC
)
SELECT latest.item, rule, done_at, counter_value, counter, min(value) AS lowest_since
FROM latest LEFT JOIN kit_reading ON kit_reading.item = latest.item AND read_at >= done_at
GROUP BY latest.item, rule, done_at, counter_value, counter

-- name: add_reading
INSERT INTO kit_reading (item, counter, value, read_at, read_by) VALUES ($1, $2, $3, $4, $5)

-- name: add_maintained
INSERT INTO kit_maintained (item, rule, done_at, done_by, counter_value, note) VALUES ($1, $2, $3, $4, $5, $6)

-- name: maintained
SELECT rule, done_at, done_by, counter_value, note FROM kit_maintained WHERE item = $1
ORDER BY done_at DESC, maintained_id DESC LIMIT $2

-- name: untold_uptimes
SELECT unit_id, last_sampled_at, (health::jsonb ->> 'uptime_s')::numeric::bigint AS told_uptime_s, uptime_s, sampled_at,
    total_s
FROM unit_live LEFT JOIN unit_running USING (unit_id)
WHERE last_sampled_at IS NOT NULL AND last_sampled_at IS DISTINCT FROM sampled_at
  AND health::jsonb ->> 'uptime_s' IS NOT NULL
ORDER BY unit_id

-- name: set_running
INSERT INTO unit_running (unit_id, uptime_s, sampled_at, total_s) VALUES ($1, $2, $3, $4)
ON CONFLICT (unit_id) DO UPDATE SET uptime_s = excluded.uptime_s, sampled_at = excluded.sampled_at,
    total_s = excluded.total_s

-- name: lock_watch
SELECT pg_try_advisory_xact_lock(hashtext('muster kit watch'))
