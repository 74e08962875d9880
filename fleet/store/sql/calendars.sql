-- name: add
INSERT INTO calendar_feed (calendar_id, token_sha256, scope, rota_id, person_id, made_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: one
SELECT calendar_id, scope, rota_id, person_id, made_at, last_asked_at, withdrawn_at FROM calendar_feed
WHERE calendar_id = $1

-- name: of_token
SELECT calendar_id, scope, rota_id, person_id, made_at, last_asked_at, withdrawn_at FROM calendar_feed
WHERE token_sha256 = $1 AND withdrawn_at IS NULL

-- name: of_person
SELECT calendar_id, scope, rota_id, person_id, made_at, last_asked_at, withdrawn_at FROM calendar_feed
WHERE person_id = $1 ORDER BY made_at DESC, calendar_id LIMIT $2

-- name: live_of
SELECT count(*) FROM calendar_feed WHERE person_id = $1 AND withdrawn_at IS NULL

-- name: asked
UPDATE calendar_feed SET last_asked_at = $2
WHERE calendar_id = $1 AND withdrawn_at IS NULL AND (last_asked_at IS NULL OR last_asked_at <= $3)

-- name: withdraw
UPDATE calendar_feed SET withdrawn_at = $2 WHERE calendar_id = $1 AND withdrawn_at IS NULL RETURNING calendar_id

-- name: changed_at
SELECT greatest(
    (SELECT max(changed_at) FROM rota_version WHERE rota_id = $1),
    (SELECT ended_at FROM rota WHERE rota_id = $1),
    (SELECT max(published_at) FROM rota_plan WHERE rota_id = $1),
    (SELECT max(greatest(decided_at, undone_at)) FROM rota_change WHERE rota_id = $1))
