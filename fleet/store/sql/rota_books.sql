-- name: changes
SELECT rota_id, change_id, kind, position, person_id, starts_at, ends_at, gives, back_position, back_starts_at,
    back_ends_at, decided_at, LEAST(undone_at, ended_at) AS undone_at
FROM rota_change JOIN rota USING (rota_id)
WHERE rota_id = ANY ($1::text[]) AND state IN ('approved', 'undone')
    AND (starts_at < $3 AND ends_at > $2 OR back_starts_at < $3 AND back_ends_at > $2)
ORDER BY decided_at, change_id LIMIT $4

-- name: people
SELECT person_id, role, valid_from, LEAST(valid_until, ended_at) AS valid_until
FROM person WHERE person_id = ANY ($1::text[]) ORDER BY person_id

-- name: terms
SELECT DISTINCT ON (person_id) person_id, terms FROM rota_terms WHERE person_id = ANY ($1::text[])
ORDER BY person_id, version DESC

-- name: absences
SELECT person_id, absence_id AS absence, kind, starts_at, ends_at, zone, reference FROM absence
WHERE person_id = ANY ($1::text[]) AND withdrawn_at IS NULL AND starts_at < $3 AND ends_at > $2
ORDER BY starts_at, absence_id LIMIT $4

-- name: wishes
SELECT person_id, wish_id AS wish, wants, starts_at, ends_at FROM wish
WHERE person_id = ANY ($1::text[]) AND withdrawn_at IS NULL AND starts_at < $3 AND ends_at > $2
ORDER BY starts_at, wish_id LIMIT $4

-- name: call_outs
SELECT call_out_id AS call_out, person_id AS person, left_home_at, returned_at, break_min FROM call_out
WHERE person_id = ANY ($1::text[]) AND withdrawn_at IS NULL AND left_home_at < $3
    AND (returned_at IS NULL OR returned_at > $2)
ORDER BY left_home_at, call_out_id LIMIT $4

-- name: called_out
SELECT DISTINCT person_id FROM call_out
WHERE rota_id = $1 AND withdrawn_at IS NULL AND left_home_at < $3 AND (returned_at IS NULL OR returned_at > $2)
ORDER BY person_id

-- name: work_done
SELECT work_id AS work, person_id AS person, starts_at, ends_at, break_min FROM work_done
WHERE person_id = ANY ($1::text[]) AND withdrawn_at IS NULL AND starts_at < $3 AND ends_at > $2
ORDER BY starts_at, work_id LIMIT $4

-- name: rests
SELECT rest_id AS rest, person_id AS person, starts_at, ends_at FROM compensatory_rest
WHERE person_id = ANY ($1::text[]) AND withdrawn_at IS NULL AND starts_at < $3 AND ends_at > $2
ORDER BY starts_at, rest_id LIMIT $4
