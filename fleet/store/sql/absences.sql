-- name: one
SELECT * FROM absence WHERE absence_id = $1

-- name: within
SELECT * FROM absence
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, absence_id LIMIT $5

-- name: add
INSERT INTO absence (absence_id, person_id, kind, starts_at, ends_at, zone, reference, recorded_by, recorded_at,
    withdrawn_by, withdrawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: withdraw
UPDATE absence SET withdrawn_by = $2, withdrawn_at = $3 WHERE absence_id = $1 AND withdrawn_at IS NULL
RETURNING absence_id
