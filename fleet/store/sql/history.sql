-- name: buckets
WITH sample AS (
    SELECT sampled_at, coalesce(to_jsonb(report) ->> $2, report.more::jsonb ->> $2) AS value
    FROM health_report report
    WHERE unit_id = $1 AND sampled_at > $3 AND sampled_at <= $4
), figure AS (
    SELECT sampled_at, CASE value WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE value::float8 END AS value
    FROM sample WHERE value ~ '^(true|false|-?[0-9.]+([eE][-+]?[0-9]+)?)$'
)
SELECT date_bin(make_interval(secs => $5), sampled_at, $3) AS at, min(value) AS low, avg(value) AS mean,
    max(value) AS high
FROM figure GROUP BY 1 ORDER BY 1
