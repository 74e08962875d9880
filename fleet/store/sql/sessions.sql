-- name: challenge_secret
SELECT secret FROM challenge_secret

-- name: use_challenge
INSERT INTO used_challenge (nonce_sha256, expires_at) VALUES ($1, $2)
ON CONFLICT (nonce_sha256) DO NOTHING RETURNING expires_at

-- name: forget_expired
DELETE FROM used_challenge WHERE expires_at <= $1

-- name: open_session
INSERT INTO api_session (token_sha256, person_id, created_at, last_used_at, came_from) VALUES ($1, $2, $3, $3, $4)

-- name: use_session
UPDATE api_session SET last_used_at = $2 WHERE token_sha256 = $1 AND last_used_at > $3 RETURNING person_id

-- name: close_session
DELETE FROM api_session WHERE token_sha256 = $1 RETURNING person_id

-- name: close_sessions_of
DELETE FROM api_session WHERE person_id = $1

-- name: close_idle
DELETE FROM api_session WHERE last_used_at <= $1

-- name: alive
SELECT person_id FROM api_session WHERE token_sha256 = $1 AND last_used_at > $2
