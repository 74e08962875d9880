-- name: append
INSERT INTO log_entry (kind, unit_id, actor, at, body, authority, deployment, person, opening)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING entry_id

-- name: newest
SELECT body FROM log_entry WHERE kind = $1 ORDER BY at DESC, entry_id DESC LIMIT 1

-- name: append_text
INSERT INTO log_text (entry_id, field, salt, text) VALUES ($1, $2, $3, $4)
