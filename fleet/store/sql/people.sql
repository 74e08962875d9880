-- name: add
INSERT INTO person (person_id, name, role, public_key, key_fingerprint, valid_from, valid_until)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: get
SELECT person_id, name, role, public_key, key_fingerprint, valid_from, valid_until, ended_at
FROM person WHERE person_id = $1

-- name: every
SELECT person_id, name, role, public_key, key_fingerprint, valid_from, valid_until, ended_at
FROM person ORDER BY person_id

-- name: end_access
UPDATE person SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL RETURNING person_id

-- name: newest_list
SELECT version, text, sha256 FROM people_list ORDER BY version DESC LIMIT 1

-- name: list_of_version
SELECT version, text, sha256 FROM people_list WHERE version = $1

-- name: add_list
INSERT INTO people_list (version, text, sha256, created_at) VALUES ($1, $2, $3, $4)

-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster people'))
