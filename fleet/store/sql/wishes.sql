-- name: one
SELECT * FROM wish WHERE wish_id = $1

-- name: within
SELECT * FROM wish
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, wish_id LIMIT $5

-- name: count_open
SELECT count(*) FROM wish WHERE person_id = $1 AND withdrawn_at IS NULL AND ends_at > $2

-- name: add
INSERT INTO wish (wish_id, person_id, wants, starts_at, ends_at, made_at, withdrawn_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: withdraw
UPDATE wish SET withdrawn_at = $3 WHERE wish_id = $1 AND person_id = $2 AND withdrawn_at IS NULL RETURNING wish_id
