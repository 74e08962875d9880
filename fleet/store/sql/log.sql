-- name: append
INSERT INTO log_entry (kind, unit_id, actor, at, body) VALUES ($1, $2, $3, $4, $5) RETURNING entry_id

-- name: append_text
INSERT INTO log_text (entry_id, field, salt, text) VALUES ($1, $2, $3, $4)
