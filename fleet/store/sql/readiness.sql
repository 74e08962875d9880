-- name: add
INSERT INTO readiness_certificate (certificate_id, deployment_id, item, unit_id, issued_at, issued_by, valid_until, passed,
    document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: units
SELECT unit.unit_id, label, unit.state, unit.key_protection, presence, last_report_at, last_sampled_at, health,
    (SELECT (report.more::jsonb ->> 'spool_dropped')::bigint FROM health_report report
     WHERE report.unit_id = unit.unit_id AND report.spool_id = live.spool_id AND report.seq < live.last_seq
       AND report.sampled_at >= live.last_sampled_at - interval '1 hour' AND report.sampled_at < live.last_sampled_at
     ORDER BY report.sampled_at LIMIT 1) AS dropped_before,
    (SELECT max(not_after) FROM certificate
     WHERE certificate.unit_id = unit.unit_id AND revoked_at IS NULL) AS certificate_ends_at,
    (SELECT claimed < records OR claimed = records AND (claimed = 0 OR claimed_head = head) FROM access_chain
     WHERE access_chain.unit_id = unit.unit_id) AS access_in_step,
    checked.closed_at AS checked_at, checked.passed AS check_passed,
    (SELECT array_agg(text) FROM mandate
     WHERE mandate.unit_id = unit.unit_id AND recorded_at IS NOT NULL AND not_before <= $2
       AND least(not_after, cancelled_at) > $2 - interval '24 hours') AS mandates
FROM unit JOIN unit_live live USING (unit_id) LEFT JOIN LATERAL (
    SELECT closed_at, result = 'passed' OR result = 'unjudged' AND readiness.passed AS passed
    FROM opening JOIN readiness USING (opening)
    WHERE opening.unit_id = unit.unit_id AND opening.state = 'closed' AND modalities && ARRAY['video', 'audio']
      AND (result <> 'unjudged' OR readiness.passed IS NOT NULL)
    ORDER BY closed_at DESC LIMIT 1
) checked ON true
WHERE unit.unit_id = ANY ($1::text[]) ORDER BY unit.unit_id

-- name: count
SELECT count(*) FROM readiness_certificate WHERE deployment_id = $1
