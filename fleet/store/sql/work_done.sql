-- name: one
SELECT * FROM work_done WHERE work_id = $1

-- name: within
SELECT * FROM work_done
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, work_id LIMIT $5

-- name: add
INSERT INTO work_done (work_id, person_id, starts_at, ends_at, break_min, recorded_by, recorded_at, withdrawn_by,
    withdrawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: withdraw
UPDATE work_done SET withdrawn_by = $2, withdrawn_at = $3 WHERE work_id = $1 AND withdrawn_at IS NULL
RETURNING work_id
