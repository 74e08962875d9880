-- name: database_today
SELECT (now() AT TIME ZONE 'UTC')::date

-- name: ensure_health_partitions
SELECT ensure_health_partitions($1, $2)

-- name: drop_health_partitions
SELECT part, row_count FROM drop_health_partitions($1)

-- name: erase_events
SELECT row_count, first_id, last_id FROM erase_events($1, $2)
