-- name: contact
SELECT * FROM contact WHERE contact_id = $1

-- name: lock_contact
SELECT * FROM contact WHERE contact_id = $1 FOR UPDATE

-- name: contacts
SELECT * FROM contact WHERE withdrawn_at IS NULL AND ($1::text[] IS NULL OR person_id = ANY($1))
ORDER BY person_id, added_at, contact_id LIMIT 2000

-- name: add_contact
INSERT INTO contact (contact_id, person_id, channel, address, added_at) VALUES ($1, $2, $3, $4, $5)

-- name: withdraw_contact
UPDATE contact SET withdrawn_at = $2, address = '' WHERE contact_id = $1

-- name: drop_of_contact
UPDATE page SET state = 'dropped', error = 'the contact was withdrawn' WHERE contact_id = $1 AND state = 'queued'

-- name: withdrawn_tried
SELECT max(tested_at) FROM contact WHERE person_id = $1 AND withdrawn_at IS NOT NULL

-- name: contact_tried
UPDATE contact SET tested_at = $2 WHERE contact_id = $1 AND withdrawn_at IS NULL

-- name: contact_worked
UPDATE contact SET tested_at = $2, works = $3 WHERE contact_id = $1 AND withdrawn_at IS NULL

-- name: windows
SELECT * FROM alarm_window
WHERE ends_at > $1 AND ended_at IS NULL AND ($2::text = '' OR unit_id = $2) AND ($3::text = '' OR deployment_id = $3)
ORDER BY starts_at, window_id LIMIT 500

-- name: lock_window
SELECT * FROM alarm_window WHERE window_id = $1 FOR UPDATE

-- name: add_window
INSERT INTO alarm_window (window_id, unit_id, deployment_id, starts_at, ends_at, reason, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: end_window
UPDATE alarm_window SET ended_by = $2, ended_at = $3 WHERE window_id = $1

-- name: units_held
SELECT unit_id FROM alarm_window WHERE starts_at <= $1 AND ends_at > $1 AND ended_at IS NULL AND unit_id IS NOT NULL
UNION
SELECT kit_item.unit_id FROM alarm_window JOIN kit_item USING (deployment_id)
WHERE starts_at <= $1 AND ends_at > $1 AND ended_at IS NULL AND kit_item.unit_id IS NOT NULL

-- name: routes_of_units
SELECT kit_item.unit_id, deployment_id, rota_id, supervisor_id, lead_id,
    state IN ('checked-out', 'fitted', 'commissioned', 'live', 'maintenance') AS under_way
FROM kit_item JOIN deployment USING (deployment_id) WHERE kit_item.unit_id = ANY($1)

-- name: routes_of_deployments
SELECT NULL::text AS unit_id, deployment_id, rota_id, supervisor_id, lead_id,
    state IN ('checked-out', 'fitted', 'commissioned', 'live', 'maintenance') AS under_way
FROM deployment WHERE deployment_id = ANY($1)
