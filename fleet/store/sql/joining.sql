-- name: add_voucher
INSERT INTO voucher (voucher_id, secret_sha256, label, people_version, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: voucher_by_secret
SELECT voucher_id, label, people_version, created_by, expires_at, bound_fingerprint, withdrawn_at, used_at
FROM voucher WHERE secret_sha256 = $1 FOR UPDATE

-- name: bind
UPDATE voucher SET bound_fingerprint = $2 WHERE voucher_id = $1 AND bound_fingerprint IS NULL

-- name: mark_used
UPDATE voucher SET used_at = $2 FROM join_request
WHERE join_request.unit_id = ANY($1) AND voucher.voucher_id = join_request.voucher_id AND voucher.used_at IS NULL
RETURNING join_request.unit_id, voucher.voucher_id

-- name: withdraw
UPDATE voucher SET withdrawn_at = $2
WHERE voucher_id = $1 AND withdrawn_at IS NULL AND used_at IS NULL
RETURNING voucher_id

-- name: vouchers
SELECT voucher_id, label, created_by, created_at, expires_at,
    CASE
        WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'
        WHEN used_at IS NOT NULL THEN 'used'
        WHEN expires_at <= $1 THEN 'expired'
        WHEN bound_fingerprint IS NOT NULL THEN 'presented'
        ELSE 'open'
    END AS state
FROM voucher ORDER BY created_at DESC LIMIT 500

-- name: lock_door
SELECT pg_advisory_xact_lock(hashtext('muster joins'))

-- name: count_pending
SELECT count(*) FROM join_request WHERE state = 'pending'

-- name: request_of_voucher
SELECT join_request.*, voucher.label, voucher.created_by AS invited_by, voucher.people_version
FROM join_request JOIN voucher USING (voucher_id) WHERE voucher_id = $1

-- name: request_of_voucher_locked
SELECT join_request.*, voucher.label, voucher.created_by AS invited_by, voucher.people_version
FROM join_request JOIN voucher USING (voucher_id) WHERE voucher_id = $1 FOR UPDATE OF join_request

-- name: request
SELECT join_request.*, coalesce(voucher.label, unit.label) AS label, coalesce(voucher.created_by, '') AS invited_by,
    coalesce(voucher.people_version, 0) AS people_version
FROM join_request LEFT JOIN voucher USING (voucher_id) LEFT JOIN unit ON unit.unit_id = join_request.rejoins
WHERE join_id = $1 FOR UPDATE OF join_request

-- name: pending
SELECT join_request.*, coalesce(voucher.label, unit.label) AS label, coalesce(voucher.created_by, '') AS invited_by,
    coalesce(voucher.people_version, 0) AS people_version
FROM join_request LEFT JOIN voucher USING (voucher_id) LEFT JOIN unit ON unit.unit_id = join_request.rejoins
WHERE join_request.state = 'pending' ORDER BY first_seen_at

-- name: add_request
INSERT INTO join_request (join_id, voucher_id, rejoins, fingerprint, public_key_der, key_protection, model,
    agent_version, came_from, first_seen_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT DO NOTHING RETURNING join_id

-- name: seen_again
UPDATE join_request SET last_seen_at = $2 WHERE join_id = $1

-- name: decide
UPDATE join_request SET state = $2, unit_id = $3, decided_by = $4, decided_at = $5, reason = $6
WHERE join_id = $1 AND state = 'pending'
  AND ($2 <> 'accepted' OR NOT EXISTS (
      SELECT FROM voucher WHERE voucher.voucher_id = join_request.voucher_id AND withdrawn_at IS NOT NULL))
RETURNING join_id

-- name: fingerprint_known
SELECT CASE
    WHEN EXISTS (SELECT FROM unit WHERE fingerprint = $1) OR EXISTS (SELECT FROM certificate WHERE fingerprint = $1)
        THEN 'unit'
    WHEN EXISTS (SELECT FROM join_request WHERE fingerprint = $1 AND state = 'pending') THEN 'waiting'
END

-- name: newest_rejoin
SELECT join_request.*, unit.label, '' AS invited_by, 0 AS people_version
FROM join_request JOIN unit ON unit.unit_id = join_request.rejoins
WHERE rejoins = $1 ORDER BY first_seen_at DESC, join_id LIMIT 1 FOR UPDATE OF join_request
