-- name: add
INSERT INTO rota_plan (plan_id, rota_id, starts_at, ends_at, based_on, state, made_by, made_at, assigned, solving, counts,
    quality, beat_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: one
SELECT plan_id, rota_id, starts_at, ends_at, based_on, state, made_by, made_at, assigned, solving, counts, quality,
    published_by, published_at
FROM rota_plan WHERE plan_id = $1

-- name: lock
SELECT plan_id FROM rota_plan WHERE plan_id = $1 FOR UPDATE

-- name: newest
SELECT plan_id, rota_id, starts_at, ends_at, based_on, state, made_by, made_at, assigned, solving, counts, quality,
    published_by, published_at
FROM rota_plan WHERE rota_id = $1 ORDER BY made_at DESC, plan_id LIMIT $2

-- name: count_open
SELECT count(*) FROM rota_plan WHERE rota_id = $1 AND state IN ('solving', 'draft')

-- name: overtaken_by
SELECT plan_id FROM rota_plan
WHERE rota_id = $1 AND state = 'published' AND published_at > $2 AND starts_at < $4 AND ends_at > $3
ORDER BY published_at DESC LIMIT 1

-- name: beat
UPDATE rota_plan SET beat_at = $2, solving = $3, assigned = COALESCE($4, assigned)
WHERE plan_id = $1 AND state = 'solving' RETURNING stop_asked

-- name: ask_to_stop
UPDATE rota_plan SET stop_asked = true WHERE plan_id = $1 AND state = 'solving' AND NOT stop_asked RETURNING plan_id

-- name: solved
UPDATE rota_plan SET state = 'draft', assigned = $2, solving = $3, counts = $4, quality = $5
WHERE plan_id = $1 AND state = 'solving' RETURNING plan_id

-- name: fail
UPDATE rota_plan SET state = 'failed', solving = $2 WHERE plan_id = $1 AND state = 'solving' RETURNING plan_id

-- name: silent
SELECT plan_id FROM rota_plan WHERE state = 'solving' AND beat_at < $1 ORDER BY beat_at LIMIT 20
FOR UPDATE SKIP LOCKED

-- name: discard
UPDATE rota_plan SET state = 'discarded' WHERE plan_id = $1

-- name: publish
UPDATE rota_plan SET state = 'published', assigned = $2, counts = $3, quality = $4, published_by = $5, published_at = $6
WHERE plan_id = $1
