-- name: page
WITH busy AS (
    SELECT harness_id, count(*) AS deployments FROM deployment_harness JOIN deployment USING (deployment_id)
    WHERE withdrawn_at IS NULL AND state NOT IN ('closed', 'cancelled') GROUP BY harness_id
)
SELECT harness_id AS harness, name, title, revision, kept_at, kept_by, system_v, loads, conductors, failed, unjudged,
    may_be_fitted, coalesce(deployments, 0)::integer AS deployments, (count(*) OVER ())::integer AS total
FROM harness JOIN harness_revision USING (harness_id, revision) LEFT JOIN busy USING (harness_id)
WHERE ($1 = '' OR harness_id = $1) AND NOT EXISTS (
    SELECT FROM unnest($2::text[]) AS term
    WHERE concat_ws(' ', harness_id, name, title) NOT ILIKE term)
ORDER BY lower(name), harness_id OFFSET $3 LIMIT $4

-- name: lock_all
SELECT pg_advisory_xact_lock(hashtext('muster harnesses'))

-- name: count
SELECT count(*) FROM harness

-- name: locked
SELECT revision FROM harness WHERE harness_id = $1 FOR UPDATE

-- name: revisions
SELECT revision, kept_at, kept_by, sha256 FROM harness_revision WHERE harness_id = $1 ORDER BY revision DESC

-- name: revision
SELECT harness_id, revision, name, title, text, sha256, system_v, loads, conductors, failed, unjudged, may_be_fitted,
    kept_by, kept_at
FROM harness_revision WHERE harness_id = $1 AND revision = $2

-- name: newest
SELECT revision FROM harness WHERE harness_id = $1

-- name: add_harness
INSERT INTO harness (harness_id, revision) VALUES ($1, 1)

-- name: set_newest
UPDATE harness SET revision = $2 WHERE harness_id = $1

-- name: add_revision
INSERT INTO harness_revision (harness_id, revision, name, title, text, sha256, system_v, loads, conductors, failed,
    unjudged, may_be_fitted, kept_by, kept_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: given
SELECT given_id, given.deployment_id, given.harness_id, name, title, revision, sha256, given.item, unit_id,
    given.failed, given_at, given_by, withdrawn_at
FROM deployment_harness given JOIN harness_revision USING (harness_id, revision)
    LEFT JOIN kit_item ON kit_item.item = given.item
WHERE given.deployment_id = $1 ORDER BY given_id

-- name: give
INSERT INTO deployment_harness (deployment_id, harness_id, revision, item, failed, given_by, given_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: withdraw
UPDATE deployment_harness SET withdrawn_by = $2, withdrawn_at = $3 WHERE given_id = $1

-- name: fittings
SELECT fitting_id, given_id, measured, compared, sha256, passed, note, made_by, made_at FROM harness_fitting
WHERE given_id = ANY ($1::bigint[]) ORDER BY number DESC

-- name: count_fittings
SELECT count(*) FROM harness_fitting JOIN deployment_harness USING (given_id) WHERE deployment_id = $1

-- name: add_fitting
INSERT INTO harness_fitting (fitting_id, given_id, measured, compared, sha256, passed, note, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
