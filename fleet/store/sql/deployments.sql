-- name: new_number
SELECT nextval('deployment_number')

-- name: of
SELECT * FROM deployment WHERE deployment_id = ANY ($1::text[]) ORDER BY deployment_id

-- name: lock_one
SELECT deployment_id FROM deployment WHERE deployment_id = $1 FOR UPDATE

-- name: add
INSERT INTO deployment (deployment_id, version, kind, state, title, site, starts_at, expected_back_at, wants, works,
    modalities, lead_id, rota_id, supervisor_id, note, urgent, requested_by, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)

-- name: put
UPDATE deployment SET version = $2, state = $3, title = $4, site = $5, starts_at = $6, expected_back_at = $7, wants = $8,
    works = $9, modalities = $10, lead_id = $11, rota_id = $12, supervisor_id = $13, note = $14
WHERE deployment_id = $1

-- name: add_step
INSERT INTO deployment_step (deployment_id, step, from_state, to_state, at, by, skipped, owed_until, owner_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: make_up
UPDATE deployment_step SET made_up_by = $2, made_up_at = $3 WHERE step_id = $1

-- name: steps
SELECT * FROM deployment_step WHERE deployment_id = ANY ($1::text[]) ORDER BY step_id

-- name: authorities
SELECT deployment_id, authority_id FROM deployment_authority
WHERE deployment_id = ANY ($1::text[]) AND dropped_at IS NULL ORDER BY named_at, authority_id

-- name: name_authority
INSERT INTO deployment_authority (deployment_id, authority_id, named_by, named_at) VALUES ($1, $2, $3, $4)

-- name: drop_authority
UPDATE deployment_authority SET dropped_at = $3
WHERE deployment_id = $1 AND authority_id = $2 AND dropped_at IS NULL

-- name: find
SELECT * FROM deployment
WHERE ($1 = '' OR position(lower($1) IN lower(deployment_id || ' ' || title || ' ' || coalesce(site, ''))) > 0)
  AND ($2 = '' OR kind = $2)
  AND (NOT $3 OR state NOT IN ('closed', 'cancelled'))
  AND ($4 = '' OR $4 IN (lead_id, supervisor_id, requested_by) OR EXISTS (
        SELECT FROM visit JOIN visit_person USING (visit_id)
        WHERE visit.deployment_id = deployment.deployment_id AND visit.dropped_at IS NULL
          AND visit_person.dropped_at IS NULL AND person_id = $4))
ORDER BY state IN ('closed', 'cancelled'), CASE WHEN state NOT IN ('closed', 'cancelled') THEN expected_back_at END,
    expected_back_at DESC, deployment_id LIMIT $5

-- name: open_after
SELECT * FROM deployment WHERE state NOT IN ('closed', 'cancelled') AND deployment_id > $1
ORDER BY deployment_id LIMIT $2

-- name: open_of_unit
SELECT deployment_id, state FROM kit_item JOIN deployment USING (deployment_id) WHERE unit_id = $1

-- name: certificates
SELECT certificate_id, deployment_id, item, unit_id, issued_at, issued_by, valid_until, passed, document
FROM readiness_certificate WHERE deployment_id = ANY ($1::text[]) ORDER BY issued_at DESC, certificate_id
