-- name: append
INSERT INTO log_entry (kind, unit_id, actor, at, body, authority, deployment, person, opening)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING entry_id

-- name: newest
SELECT body FROM log_entry WHERE kind = $1 ORDER BY at DESC, entry_id DESC LIMIT 1

-- name: append_text
INSERT INTO log_text (entry_id, field, salt, text) VALUES ($1, $2, $3, $4)

-- name: deployment_of_unit
SELECT kit_movement.deployment_id FROM kit_movement JOIN kit_item USING (item)
WHERE unit_id = $1 AND at <= $2 ORDER BY movement_id DESC LIMIT 1
