-- name: one
SELECT * FROM welfare WHERE welfare_id = $1

-- name: locked
SELECT * FROM welfare WHERE welfare_id = $1 FOR UPDATE

-- name: running_of
SELECT * FROM welfare WHERE person_id = $1 AND ended_at IS NULL FOR UPDATE

-- name: of_call_out
SELECT * FROM welfare WHERE call_out_id = $1 AND ended_at IS NULL FOR UPDATE

-- name: newest
SELECT * FROM welfare
WHERE ($1::text IS NULL OR person_id = $1) AND (ended_at IS NULL OR ended_at >= $2)
ORDER BY ended_at DESC NULLS FIRST, due_at, welfare_id LIMIT $3

-- name: due
SELECT * FROM welfare WHERE ended_at IS NULL AND due_at <= $1 ORDER BY due_at, welfare_id LIMIT $2

-- name: add
INSERT INTO welfare (welfare_id, person_id, call_out_id, visit_id, deployment_id, every_min, grace_min, started_by,
    started_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: add_answer
INSERT INTO welfare_answer (welfare_id, number, due_at, answered_at, how) VALUES ($1, $2, $3, $4, $5)

-- name: answer
UPDATE welfare SET answers = $2, answered_at = $3, due_at = $4, due_told_at = NULL, missed_told_at = NULL
WHERE welfare_id = $1

-- name: tell_due
UPDATE welfare SET due_told_at = $2 WHERE welfare_id = $1

-- name: tell_missed
UPDATE welfare SET due_told_at = coalesce(due_told_at, $2), missed_told_at = $2 WHERE welfare_id = $1

-- name: end
UPDATE welfare SET ended_by = $2, ended_at = $3, ended_how = $4 WHERE welfare_id = $1

-- name: deployment_named
SELECT deployment_id FROM deployment WHERE deployment_id = $1

-- name: deployment_of_visit
SELECT visit.deployment_id FROM visit JOIN visit_person USING (visit_id)
WHERE visit_id = $1 AND person_id = $2 AND visit.dropped_at IS NULL AND visit_person.dropped_at IS NULL

-- name: page_taken
SELECT EXISTS (
    SELECT FROM alarm WHERE subject_kind = 'person' AND subject = $1 AND kind = ANY ($2::text[])
        AND acknowledged_by = $1 AND acknowledged_at >= $3)
