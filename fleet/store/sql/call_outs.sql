-- name: call_out
SELECT * FROM call_out WHERE call_out_id = $1

-- name: call_outs
SELECT * FROM call_out
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND left_home_at < $3 AND coalesce(returned_at, 'infinity') > $2
  AND ($4 = '' OR rota_id = $4) AND (NOT $5 OR returned_at IS NULL AND withdrawn_at IS NULL)
  AND ($6 OR withdrawn_at IS NULL)
ORDER BY left_home_at DESC, call_out_id LIMIT $7

-- name: add_call_out
INSERT INTO call_out (call_out_id, rota_id, person_id, position, left_home_at, returned_at, break_min, reference, source,
    recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: end_call_out
UPDATE call_out SET returned_at = $2, break_min = $3
WHERE call_out_id = $1 AND returned_at IS NULL AND withdrawn_at IS NULL RETURNING call_out_id

-- name: withdraw_call_out
UPDATE call_out SET withdrawn_by = $2, withdrawn_at = $3 WHERE call_out_id = $1 AND withdrawn_at IS NULL
RETURNING call_out_id

-- name: work
SELECT * FROM work_done WHERE work_id = $1

-- name: works
SELECT * FROM work_done
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, work_id LIMIT $5

-- name: add_work
INSERT INTO work_done (work_id, person_id, starts_at, ends_at, break_min, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: withdraw_work
UPDATE work_done SET withdrawn_by = $2, withdrawn_at = $3 WHERE work_id = $1 AND withdrawn_at IS NULL
RETURNING work_id

-- name: rest
SELECT * FROM compensatory_rest WHERE rest_id = $1

-- name: rests
SELECT * FROM compensatory_rest
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, rest_id LIMIT $5

-- name: add_rest
INSERT INTO compensatory_rest (rest_id, person_id, starts_at, ends_at, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: withdraw_rest
UPDATE compensatory_rest SET withdrawn_by = $2, withdrawn_at = $3 WHERE rest_id = $1 AND withdrawn_at IS NULL
RETURNING rest_id
