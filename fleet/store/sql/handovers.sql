-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster handovers'), hashtext($1))

-- name: one
SELECT * FROM handover WHERE handover_id = $1

-- name: locked
SELECT * FROM handover WHERE handover_id = $1 FOR UPDATE

-- name: counting
SELECT * FROM handover WHERE rota_id = $1 AND change_at = $2 AND superseded_by IS NULL

-- name: newest
SELECT * FROM handover WHERE $1 = '' OR rota_id = $1 ORDER BY change_at DESC, made_at DESC, superseded_by IS NOT NULL, handover_id
LIMIT $2

-- name: acknowledged
SELECT handover_id, person_id, part, at FROM handover_ack WHERE handover_id = ANY ($1::text[]) ORDER BY at, part DESC

-- name: add
INSERT INTO handover (handover_id, rota_id, change_at, outgoing, incoming, sheet, sha256, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: supersede
UPDATE handover SET superseded_by = $2 WHERE handover_id = $1

-- name: acknowledge
INSERT INTO handover_ack (handover_id, person_id, part, sha256, at) VALUES ($1, $2, $3, $4, $5)

-- name: kit_out
SELECT item, model, custodian, deployment_id, expected_back_at FROM kit_item
WHERE out_since IS NOT NULL AND service NOT IN ('lost', 'disposed')
ORDER BY expected_back_at NULLS LAST, item LIMIT $1
