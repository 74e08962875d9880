-- name: open
SELECT deployment_id, subject, kind FROM alarm
WHERE rule = $1 AND subject_kind = 'deployment' AND closed_at IS NULL AND ($2::text IS NULL OR deployment_id = $2)
ORDER BY alarm_no

-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster deadlines'), hashtext($1))

-- name: resting_on
SELECT authority_id, deployment_id FROM deployment_authority JOIN deployment USING (deployment_id)
WHERE authority_id = ANY ($1::text[]) AND dropped_at IS NULL AND state NOT IN ('closed', 'cancelled')
ORDER BY authority_id, named_at, deployment_id
