-- name: add
INSERT INTO rota_change (change_id, rota_id, kind, state, position, person_id, starts_at, ends_at, gives, back_position,
    back_starts_at, back_ends_at, reason, brings, asked_by, asked_at, agreed_by, agreed_at, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)

-- name: one
SELECT * FROM rota_change WHERE change_id = $1

-- name: newest
SELECT * FROM rota_change
WHERE rota_id = $1 AND ($2::text IS NULL OR state = $2)
    AND (starts_at < $4 AND ends_at > $3 OR back_starts_at < $4 AND back_ends_at > $3)
ORDER BY asked_at DESC, change_id DESC LIMIT $5

-- name: waiting
SELECT * FROM rota_change WHERE state IN ('asked', 'agreed') ORDER BY starts_at, change_id LIMIT $1

-- name: count_waiting
SELECT count(*) FROM rota_change WHERE rota_id = $1 AND asked_by = $2 AND state IN ('asked', 'agreed')

-- name: agree
UPDATE rota_change SET state = 'agreed', agreed_by = $2, agreed_at = $3 WHERE change_id = $1

-- name: approve
UPDATE rota_change SET state = 'approved', decided_by = $2, decided_at = $3, brings = $4 WHERE change_id = $1

-- name: refuse
UPDATE rota_change SET state = 'refused', decided_by = $2, decided_at = $3 WHERE change_id = $1

-- name: undo
UPDATE rota_change SET state = 'undone', undone_by = $2, undone_at = $3 WHERE change_id = $1

-- name: lapse
UPDATE rota_change SET state = 'lapsed'
WHERE rota_id = $1 AND state IN ('asked', 'agreed') AND LEAST(starts_at, back_starts_at) <= $2 RETURNING *

-- name: lock_watch
SELECT pg_advisory_xact_lock(hashtext('muster rota watch'), hashtext($1))

-- name: alarms_told
SELECT DISTINCT ON (repeat_key) repeat_key, acknowledged_by FROM event WHERE repeat_key = ANY ($1::text[])
ORDER BY repeat_key, event_id DESC

-- name: alarms_open
SELECT repeat_key FROM event WHERE acknowledged_at IS NULL AND repeat_key IS NOT NULL AND starts_with(repeat_key, $1)
ORDER BY repeat_key
