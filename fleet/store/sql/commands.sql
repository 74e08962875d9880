-- name: add
INSERT INTO command (command_id, unit_id, order_kind, body, state, created_by, created_at, changed_at, expires_at)
VALUES ($1, $2, $3, $4, 'queued', $5, $6, $6, $7)

-- name: waiting
SELECT command_id, command.unit_id, body, expires_at, session_nonce
FROM command JOIN unit_live USING (unit_id)
WHERE ($1::text[] IS NULL OR command.unit_id = ANY($1)) AND state = ANY($3) AND expires_at > $2
  AND session_up AND session_nonce IS NOT NULL
ORDER BY created_at
FOR UPDATE OF command SKIP LOCKED

-- name: mark_sent
UPDATE command SET state = 'sent', changed_at = $2 WHERE command_id = ANY($1) AND state IN ('queued', 'sent')

-- name: put_back
UPDATE command SET state = 'queued', changed_at = $2 WHERE command_id = ANY($1) AND state = 'sent'

-- name: lock_one
SELECT state FROM command WHERE command_id = $1 AND unit_id = $2 FOR UPDATE

-- name: set_state
UPDATE command SET state = $2, reason = $3, changed_at = $4 WHERE command_id = $1

-- name: expire
UPDATE command SET state = 'expired', changed_at = $1, reason = 'the unit did not answer in time'
WHERE state IN ('queued', 'sent', 'accepted') AND expires_at <= $1
RETURNING command_id, unit_id

-- name: of_unit
SELECT command_id, unit_id, order_kind AS "order", state, reason, created_by, created_at, changed_at, expires_at
FROM command WHERE unit_id = $1 ORDER BY created_at DESC LIMIT $2

-- name: out_of_step
SELECT unit.unit_id FROM unit JOIN unit_live USING (unit_id) JOIN unit_settings USING (unit_id)
WHERE unit.state <> 'revoked' AND session_up AND unit_settings.version > coalesce(settings_running, 0)
  AND unit.unit_id = ANY($1)
  AND NOT EXISTS (
    SELECT FROM command WHERE command.unit_id = unit.unit_id AND order_kind = 'apply-settings'
      AND command.state IN ('queued', 'sent', 'accepted'))
