-- name: lock_runner
SELECT pg_try_advisory_xact_lock(hashtext('muster rollouts'))

-- name: add
INSERT INTO rollout (rollout_id, title, manifest, sha256, content, plan, permits, state, reason, made_by, made_at,
    changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: add_rings
INSERT INTO rollout_ring (rollout_id, ring, name) SELECT $1, ring - 1, name
FROM unnest($2::text[]) WITH ORDINALITY AS rings (name, ring)

-- name: add_units
INSERT INTO rollout_unit (rollout_id, unit_id, ring, turn, update_id, state, reason, changed_by, changed_at)
SELECT $1, unit_id, ring, turn, update_id, state, reason, CASE WHEN state = 'left-out' THEN 'controller' END,
    CASE WHEN state = 'left-out' THEN $8::timestamptz END
FROM unnest($2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[])
    AS new (unit_id, ring, turn, update_id, state, reason)
ON CONFLICT DO NOTHING RETURNING unit_id

-- name: busy
SELECT unit_id, rollout_id FROM rollout_unit
WHERE unit_id = ANY($1::text[]) AND state IN ('waiting', 'told', 'working') ORDER BY unit_id

-- name: candidates
SELECT unit_id, model, state FROM unit WHERE $1::text[] IS NULL OR unit_id = ANY($1) ORDER BY unit_id

-- name: one
SELECT * FROM rollout WHERE rollout_id = $1

-- name: locked
SELECT * FROM rollout WHERE rollout_id = $1 FOR NO KEY UPDATE

-- name: to_look_at
SELECT rollout_id FROM rollout WHERE state IN ('running', 'paused', 'stopped')
UNION SELECT rollout_id FROM rollout_unit WHERE state IN ('waiting', 'told', 'working')
ORDER BY rollout_id

-- name: set_state
UPDATE rollout SET state = $2, reason = $3, changed_by = $4, changed_at = $5 WHERE rollout_id = $1

-- name: rings
SELECT begun_at, reached_at, ended_at, forgiven FROM rollout_ring WHERE rollout_id = $1 ORDER BY ring

-- name: set_rings
UPDATE rollout_ring SET begun_at = new.begun_at, reached_at = new.reached_at, ended_at = new.ended_at,
    forgiven = new.forgiven
FROM unnest($2::integer[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::integer[])
    AS new (ring, begun_at, reached_at, ended_at, forgiven)
WHERE rollout_id = $1 AND rollout_ring.ring = new.ring

-- name: units_now
SELECT rollout_unit.unit_id, ring, turn, rollout_unit.state, unit.state AS standing, tellings, told_at,
    command.state AS order_state, coalesce(command.reason, '') AS order_reason,
    EXISTS (SELECT FROM opening WHERE opening.unit_id = rollout_unit.unit_id
        AND opening.state NOT IN ('closed', 'refused') AND leased_until > $2) AS checked,
    EXISTS (SELECT FROM kit_item WHERE kit_item.unit_id = rollout_unit.unit_id AND deployment_id IS NOT NULL) AS deployed,
    coalesce(session_up, false) AS connected, put_off, again_at
FROM rollout_unit JOIN unit USING (unit_id) JOIN unit_live USING (unit_id) LEFT JOIN command USING (command_id)
WHERE rollout_id = $1 ORDER BY ring, turn

-- name: put_off
SELECT ring, reason, count(*) AS units, min(again_at) AS again_at FROM rollout_unit
WHERE rollout_id = $1 AND state = 'waiting' AND again_at > $2
GROUP BY ring, reason ORDER BY ring, units DESC, reason

-- name: parts_under_way
SELECT ring, part, count(*) AS units,
    floor(avg(100.0 * least(done_bytes, total_bytes) / total_bytes))::integer AS percent
FROM rollout_unit WHERE rollout_id = $1 AND state = 'working' AND part IS NOT NULL AND total_bytes > 0
GROUP BY ring, part ORDER BY ring, part

-- name: lock_units
SELECT FROM rollout_unit WHERE rollout_id = $1 AND unit_id = ANY($2::text[]) ORDER BY update_id FOR NO KEY UPDATE

-- name: move
UPDATE rollout_unit SET state = new.state, reason = new.reason, changed_by = 'controller', changed_at = $6
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS new (unit_id, before, state, reason)
WHERE rollout_id = $1 AND rollout_unit.unit_id = new.unit_id AND rollout_unit.state = new.before
    AND (new.state <> 'left-out'
        OR EXISTS (SELECT FROM unit WHERE unit.unit_id = new.unit_id AND unit.state <> 'active')
        OR EXISTS (SELECT FROM rollout WHERE rollout.rollout_id = $1 AND rollout.state = 'cancelled'))
RETURNING rollout_unit.unit_id, update_id

-- name: leave_out
WITH waiting AS (
    SELECT unit_id FROM rollout_unit WHERE rollout_id = $1 AND state = 'waiting' ORDER BY update_id FOR NO KEY UPDATE
)
UPDATE rollout_unit SET state = 'left-out', reason = $2, changed_by = 'controller', changed_at = $3
FROM waiting WHERE rollout_id = $1 AND rollout_unit.unit_id = waiting.unit_id RETURNING rollout_unit.unit_id

-- name: waiting
SELECT unit_id, update_id, tellings FROM rollout_unit
WHERE rollout_id = $1 AND unit_id = ANY($2::text[]) AND state = 'waiting' ORDER BY ring, turn

-- name: tell
UPDATE rollout_unit SET state = 'told', tellings = tellings + 1, told_at = $4, command_id = new.command_id,
    again_at = NULL, reason = '', changed_by = 'controller', changed_at = $4
FROM unnest($2::text[], $3::text[]) AS new (unit_id, command_id)
WHERE rollout_id = $1 AND rollout_unit.unit_id = new.unit_id

-- name: has_orders
SELECT EXISTS (SELECT FROM rollout_unit WHERE command_id = ANY($1::text[]))

-- name: lock_updates
SELECT update_id, rollout_id, unit_id, state, tellings, spool_id, seq, put_off FROM rollout_unit
WHERE update_id = ANY($1::text[]) ORDER BY update_id FOR NO KEY UPDATE

-- name: report
UPDATE rollout_unit SET state = $2, spool_id = $3, seq = $4, part = $5, done_bytes = $6, total_bytes = $7, reason = $8,
    versions = $9, changed_by = $10, changed_at = $11, put_off = $12, again_at = $13
WHERE update_id = $1

-- name: rows
SELECT rollout.rollout_id AS rollout, title, manifest, rollout.state, rollout.reason,
    coalesce((SELECT name FROM rollout_ring WHERE rollout_ring.rollout_id = rollout.rollout_id AND begun_at IS NOT NULL
        ORDER BY ring DESC LIMIT 1), '') AS ring,
    units, done, bad, under_way, made_by, made_at, rollout.changed_at
FROM rollout CROSS JOIN LATERAL (
    SELECT count(*) AS units, count(*) FILTER (WHERE state = 'done') AS done,
        count(*) FILTER (WHERE state IN ('failed', 'rolled-back', 'refused')) AS bad,
        count(*) FILTER (WHERE state IN ('told', 'working')) AS under_way
    FROM rollout_unit WHERE rollout_unit.rollout_id = rollout.rollout_id
) AS counted
WHERE $1::text IS NULL OR rollout.rollout_id = $1
ORDER BY made_at DESC, rollout.rollout_id LIMIT $2

-- name: unit_rows
SELECT rollout_unit.rollout_id AS rollout, unit_id AS unit, label, name AS ring, rollout_unit.state, part, done_bytes,
    total_bytes, rollout_unit.reason, versions, told_at, rollout_unit.changed_at, again_at
FROM rollout_unit JOIN unit USING (unit_id) JOIN rollout_ring USING (rollout_id, ring)
WHERE rollout_id = $1 AND ($2 = '' OR name = $2) AND ($3 = '' OR rollout_unit.state = $3)
ORDER BY ring, turn OFFSET $4 LIMIT $5

-- name: count_units
SELECT count(*) FROM rollout_unit JOIN rollout_ring USING (rollout_id, ring)
WHERE rollout_id = $1 AND ($2 = '' OR name = $2) AND ($3 = '' OR state = $3)

-- name: of_unit
SELECT rollout_unit.rollout_id AS rollout, unit_id AS unit, label, name AS ring, rollout_unit.state, part, done_bytes,
    total_bytes, rollout_unit.reason, versions, told_at, rollout_unit.changed_at, again_at
FROM rollout_unit JOIN unit USING (unit_id) JOIN rollout_ring USING (rollout_id, ring) JOIN rollout USING (rollout_id)
WHERE unit_id = $1 ORDER BY made_at DESC, rollout_id LIMIT $2
