-- name: ensure_health_partitions
SELECT ensure_health_partitions($1, $2)

-- name: drop_health_partitions
SELECT drop_health_partitions($1)
