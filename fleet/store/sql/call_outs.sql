-- name: one
SELECT * FROM call_out WHERE call_out_id = $1

-- name: within
SELECT * FROM call_out
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND left_home_at < $3 AND coalesce(returned_at, 'infinity') > $2
  AND ($4 OR withdrawn_at IS NULL) AND ($6 = '' OR rota_id = $6)
  AND (NOT $7 OR returned_at IS NULL AND withdrawn_at IS NULL)
ORDER BY left_home_at DESC, call_out_id LIMIT $5

-- name: add
INSERT INTO call_out (call_out_id, rota_id, person_id, position, left_home_at, returned_at, break_min, reference, source,
    recorded_by, recorded_at, withdrawn_by, withdrawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: end
UPDATE call_out SET returned_at = $2, break_min = $3
WHERE call_out_id = $1 AND returned_at IS NULL AND withdrawn_at IS NULL RETURNING call_out_id

-- name: withdraw
UPDATE call_out SET withdrawn_by = $2, withdrawn_at = $3 WHERE call_out_id = $1 AND withdrawn_at IS NULL
RETURNING call_out_id
