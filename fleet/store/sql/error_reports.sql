-- name: add
INSERT INTO error_report (report_id, unit_id, cause, summary, evidence, repeat_key, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (repeat_key) DO NOTHING
RETURNING EXISTS (SELECT FROM unit WHERE unit.unit_id = $2) AS is_of_unit

-- name: page
SELECT report_id, report.unit_id, coalesce(unit.label, '') AS label, cause, summary, evidence, found_at, report.state,
    account, accounted_by, accounted_at, submitted_by, submitted_at, outcome, closed_by, closed_at
FROM error_report report LEFT JOIN unit USING (unit_id)
WHERE NOT $1 OR report.state <> 'closed'
ORDER BY found_at DESC, report_id LIMIT $2

-- name: one
SELECT report_id, report.unit_id, coalesce(unit.label, '') AS label, cause, summary, evidence, found_at, report.state,
    account, accounted_by, accounted_at, submitted_by, submitted_at, outcome, closed_by, closed_at
FROM error_report report LEFT JOIN unit USING (unit_id) WHERE report_id = $1

-- name: lock_one
SELECT report_id FROM error_report WHERE report_id = $1 FOR UPDATE

-- name: account
UPDATE error_report SET state = 'accounted', account = $2, accounted_by = $3, accounted_at = $4 WHERE report_id = $1

-- name: submit
UPDATE error_report SET state = 'submitted', submitted_by = $2, submitted_at = $3 WHERE report_id = $1

-- name: give_back
UPDATE error_report SET state = 'draft', submitted_by = NULL, submitted_at = NULL, outcome = $2 WHERE report_id = $1

-- name: close
UPDATE error_report SET state = 'closed', outcome = $2, closed_by = $3, closed_at = $4 WHERE report_id = $1

-- name: lock_drafting
SELECT pg_advisory_xact_lock(hashtext('muster error reports of openings'))

-- name: that_begin
SELECT repeat_key, report_id FROM error_report
WHERE EXISTS (SELECT FROM unnest($1::text[]) beginning WHERE starts_with(repeat_key, beginning))
ORDER BY found_at, report_id
