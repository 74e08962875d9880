-- name: add
INSERT INTO error_report (report_id, unit_id, cause, summary, evidence, repeat_key, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (repeat_key) DO NOTHING
RETURNING EXISTS (SELECT FROM unit WHERE unit.unit_id = $2) AS is_of_unit

-- `account` and `outcome` hold the id of the entry with the text, never the text: there is one copy, which is erased.
-- name: page_open
SELECT report_id, report.unit_id, coalesce(unit.label, '') AS label, cause, summary, evidence, found_at, report.state,
    CASE WHEN account = '' THEN '' ELSE coalesce(account_text.text, '(erased)') END AS account,
    accounted_by, accounted_at, submitted_by, submitted_at,
    CASE WHEN outcome = '' THEN '' ELSE coalesce(outcome_text.text, '(erased)') END AS outcome, closed_by, closed_at
FROM error_report report LEFT JOIN unit USING (unit_id)
LEFT JOIN log_text account_text ON account_text.entry_id = nullif(account, '')::bigint AND account_text.field = 'text'
LEFT JOIN log_text outcome_text ON outcome_text.entry_id = nullif(outcome, '')::bigint AND outcome_text.field = 'text'
WHERE report.state <> 'closed'
  AND ($2::text IS NULL
       OR (found_at, report_id) > (SELECT found_at, report_id FROM error_report WHERE report_id = $2))
ORDER BY found_at, report_id LIMIT $1

-- name: page_all
SELECT report_id, report.unit_id, coalesce(unit.label, '') AS label, cause, summary, evidence, found_at, report.state,
    CASE WHEN account = '' THEN '' ELSE coalesce(account_text.text, '(erased)') END AS account,
    accounted_by, accounted_at, submitted_by, submitted_at,
    CASE WHEN outcome = '' THEN '' ELSE coalesce(outcome_text.text, '(erased)') END AS outcome, closed_by, closed_at
FROM error_report report LEFT JOIN unit USING (unit_id)
LEFT JOIN log_text account_text ON account_text.entry_id = nullif(account, '')::bigint AND account_text.field = 'text'
LEFT JOIN log_text outcome_text ON outcome_text.entry_id = nullif(outcome, '')::bigint AND outcome_text.field = 'text'
WHERE $2::text IS NULL
   OR (found_at, report_id) < (SELECT found_at, report_id FROM error_report WHERE report_id = $2)
ORDER BY found_at DESC, report_id DESC LIMIT $1

-- name: one
SELECT report_id, report.unit_id, coalesce(unit.label, '') AS label, cause, summary, evidence, found_at, report.state,
    CASE WHEN account = '' THEN '' ELSE coalesce(account_text.text, '(erased)') END AS account,
    accounted_by, accounted_at, submitted_by, submitted_at,
    CASE WHEN outcome = '' THEN '' ELSE coalesce(outcome_text.text, '(erased)') END AS outcome, closed_by, closed_at
FROM error_report report LEFT JOIN unit USING (unit_id)
LEFT JOIN log_text account_text ON account_text.entry_id = nullif(account, '')::bigint AND account_text.field = 'text'
LEFT JOIN log_text outcome_text ON outcome_text.entry_id = nullif(outcome, '')::bigint AND outcome_text.field = 'text'
WHERE report_id = $1

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
WHERE regexp_replace(repeat_key, '[^:]*$', '') = ANY ($1::text[]) ORDER BY found_at, report_id

-- name: entries_of
SELECT kind, actor, authority, deployment, opening, position('"step":"returned"'::bytea IN body) > 0 AS returned
FROM log_entry
WHERE ((kind IN ('error-report.drafted', 'record.differs') AND at = $1) OR kind = 'error-report.advanced')
  AND position($2::bytea IN body) > 0 AND leaf_index IS NOT NULL
UNION ALL
SELECT kind, actor, authority, deployment, opening, position('"step":"returned"'::bytea IN body) > 0 AS returned
FROM log_entry
WHERE kind IN ('error-report.drafted', 'record.differs', 'error-report.advanced')
  AND position($2::bytea IN body) > 0 AND leaf_index IS NULL
