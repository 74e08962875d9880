-- name: one
SELECT * FROM compensatory_rest WHERE rest_id = $1

-- name: within
SELECT * FROM compensatory_rest
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, rest_id LIMIT $5

-- name: add
INSERT INTO compensatory_rest (rest_id, person_id, starts_at, ends_at, recorded_by, recorded_at, withdrawn_by,
    withdrawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: withdraw
UPDATE compensatory_rest SET withdrawn_by = $2, withdrawn_at = $3 WHERE rest_id = $1 AND withdrawn_at IS NULL
RETURNING rest_id
