-- name: lock_person
SELECT pg_advisory_xact_lock(hashtext('muster rota'), hashtext($1))

-- name: newest_terms
SELECT DISTINCT ON (person_id) person_id, version, terms, changed_by, changed_at FROM rota_terms
WHERE person_id = ANY ($1::text[]) ORDER BY person_id, version DESC

-- name: add_terms
INSERT INTO rota_terms (person_id, version, terms, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)

-- name: absence
SELECT * FROM absence WHERE absence_id = $1

-- name: absences
SELECT * FROM absence
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, absence_id LIMIT $5

-- name: add_absence
INSERT INTO absence (absence_id, person_id, kind, starts_at, ends_at, zone, reference, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: withdraw_absence
UPDATE absence SET withdrawn_by = $2, withdrawn_at = $3 WHERE absence_id = $1 AND withdrawn_at IS NULL
RETURNING absence_id

-- name: wish
SELECT * FROM wish WHERE wish_id = $1

-- name: wishes
SELECT * FROM wish
WHERE ($1::text[] IS NULL OR person_id = ANY ($1)) AND starts_at < $3 AND ends_at > $2 AND ($4 OR withdrawn_at IS NULL)
ORDER BY starts_at, wish_id LIMIT $5

-- name: open_wishes
SELECT count(*) FROM wish WHERE person_id = $1 AND withdrawn_at IS NULL AND ends_at > $2

-- name: add_wish
INSERT INTO wish (wish_id, person_id, wants, starts_at, ends_at, made_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: withdraw_wish
UPDATE wish SET withdrawn_at = $2 WHERE wish_id = $1 AND withdrawn_at IS NULL RETURNING wish_id
