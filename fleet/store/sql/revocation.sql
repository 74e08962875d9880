-- name: lock_unit
SELECT state, standing_changed_by AS changed_by FROM unit WHERE unit_id = $1 FOR NO KEY UPDATE

-- name: set_standing
UPDATE unit SET state = $2, standing_cause = $3, standing_changed_by = $4, standing_changed_at = $5
WHERE unit_id = $1

-- name: standing
SELECT standing_cause AS cause, standing_changed_by AS changed_by, standing_changed_at AS changed_at, cut_off_at
FROM unit WHERE unit_id = $1

-- name: revoke_certificates
UPDATE certificate SET revoked_at = $2
WHERE unit_id = $1 AND revoked_at IS NULL AND not_after > $3
RETURNING serial

-- name: end_commands
UPDATE command SET state = $2, reason = $3, changed_at = $4
WHERE unit_id = $1 AND state IN ('queued', 'sent', 'accepted')
RETURNING command_id

-- name: withdraw_vouchers
UPDATE voucher SET withdrawn_at = $2 FROM join_request
WHERE join_request.unit_id = $1 AND voucher.voucher_id = join_request.voucher_id
  AND voucher.used_at IS NULL AND voucher.withdrawn_at IS NULL
RETURNING voucher.voucher_id

-- name: turn_away_rejoins
UPDATE join_request SET state = 'refused', decided_by = $2, decided_at = $3, reason = $4
WHERE rejoins = $1 AND state = 'pending'
RETURNING join_id, fingerprint

-- name: certificates
SELECT serial, fingerprint, not_before, not_after, predecessor, connected_at, revoked_at
FROM certificate WHERE unit_id = $1 ORDER BY not_before DESC, serial LIMIT 100

-- name: lock_list
SELECT pg_advisory_xact_lock(hashtext('muster revocation list'))

-- name: revoked
SELECT serial, coalesce(revoked_at, standing_changed_at, joined_at) AS revoked_at
FROM certificate JOIN unit USING (unit_id)
WHERE (revoked_at IS NOT NULL OR state = 'revoked') AND not_after > $1
UNION ALL
SELECT serial, revoked_at FROM other_revocation WHERE not_after > $1

-- name: to_cut_off
SELECT unit_id FROM unit WHERE state = 'revoked' AND cut_off_at IS NULL ORDER BY standing_changed_at, unit_id LIMIT $1

-- name: take_to_cut_off
SELECT unit_id FROM unit WHERE unit_id = $1 AND state = 'revoked' AND cut_off_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED

-- name: set_cut_off
WITH closed AS (
    UPDATE unit_live SET session_up = false, session_changed_at = $2 WHERE unit_id = $1 AND session_up
)
UPDATE unit SET cut_off_at = $2 WHERE unit_id = $1

-- name: cut_off_again
UPDATE unit SET cut_off_at = NULL WHERE unit_id = ANY($1) AND state = 'revoked' AND cut_off_at < $2 RETURNING unit_id

-- name: next_number
SELECT nextval('crl_number')

-- name: add_other
INSERT INTO other_revocation (serial, holder, revoked_at, not_after) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: erase_canaries
DELETE FROM other_revocation WHERE holder = $1 AND not_after <= $2
