-- name: numbered
SELECT count(*) AS rows, count(DISTINCT seq) AS seqs FROM (
    SELECT seq FROM health_report WHERE unit_id = $1 AND spool_id = $2
    UNION ALL
    SELECT seq FROM event WHERE unit_id = $1 AND spool_id = $2
) AS stored

-- name: missing
SELECT count(*) FROM generate_series($3::bigint, $4::bigint) AS wanted (seq)
WHERE NOT EXISTS (SELECT FROM health_report r WHERE r.unit_id = $1 AND r.spool_id = $2 AND r.seq = wanted.seq)
  AND NOT EXISTS (SELECT FROM event e WHERE e.unit_id = $1 AND e.spool_id = $2 AND e.seq = wanted.seq)

-- name: reports
SELECT count(*) AS stored, min(received_at) AS first_at FROM health_report WHERE received_at >= $1
