-- name: lock_person
SELECT pg_advisory_xact_lock(hashtext('muster rota'), hashtext($1))

-- name: newest_terms
SELECT DISTINCT ON (person_id) person_id, version, terms, changed_by, changed_at FROM rota_terms
WHERE person_id = ANY ($1::text[]) ORDER BY person_id, version DESC

-- name: add_terms
INSERT INTO rota_terms (person_id, version, terms, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)
