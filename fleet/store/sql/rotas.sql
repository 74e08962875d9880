-- name: one
SELECT rota.version, rota.ended_at, document, changed_by, changed_at
FROM rota JOIN rota_version USING (rota_id, version) WHERE rota_id = $1

-- name: every
SELECT rota.version, rota.ended_at, document, changed_by, changed_at
FROM rota JOIN rota_version USING (rota_id, version) ORDER BY rota_id

-- name: lock
SELECT rota_id FROM rota WHERE rota_id = $1 FOR UPDATE

-- name: lock_list
SELECT pg_advisory_xact_lock(hashtext('muster rotas'))

-- name: count
SELECT count(*) FROM rota

-- name: add
INSERT INTO rota (rota_id, version) VALUES ($1, 1)

-- name: set_version
UPDATE rota SET version = $2 WHERE rota_id = $1

-- name: add_version
INSERT INTO rota_version (rota_id, version, document, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)

-- name: end
UPDATE rota SET ended_at = $2, ended_by = $3 WHERE rota_id = $1

-- name: published_until
SELECT rota_id, max(ends_at) AS until FROM rota_plan WHERE state = 'published' GROUP BY rota_id

-- name: turns
SELECT layer, starts_at, person_id AS person, published_at, fixed FROM rota_turn
WHERE rota_id = $1 AND starts_at >= $2 AND starts_at < $3 ORDER BY starts_at, layer LIMIT $4

-- name: put_turns
INSERT INTO rota_turn (rota_id, layer, starts_at, person_id, fixed, published_at, plan_id)
SELECT $1, layer, starts_at, person_id, fixed, published_at, $2
FROM unnest($3::text[], $4::timestamptz[], $5::text[], $6::boolean[], $7::timestamptz[])
    AS given (layer, starts_at, person_id, fixed, published_at)
ON CONFLICT (rota_id, layer, starts_at) DO UPDATE SET person_id = excluded.person_id, fixed = excluded.fixed,
    published_at = excluded.published_at, plan_id = excluded.plan_id
