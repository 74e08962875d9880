-- name: add
INSERT INTO visit (visit_id, deployment_id, kind, starts_at, ends_at, works, away, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_people
INSERT INTO visit_person (visit_id, person_id, role, during, absence_id)
SELECT $1, person_id, role, tstzrange($2, $3), absence_id
FROM unnest($4::text[], $5::text[], $6::text[]) AS going (person_id, role, absence_id) ORDER BY person_id

-- name: of
SELECT visit_id, deployment_id, kind, starts_at, ends_at, works, away, made_at,
    ARRAY(SELECT ARRAY[person_id, role, coalesce(absence_id, '')] FROM visit_person going
          WHERE going.visit_id = visit.visit_id AND going.dropped_at IS NULL ORDER BY person_id) AS people
FROM visit WHERE deployment_id = ANY ($1::text[]) AND dropped_at IS NULL ORDER BY starts_at, visit_id

-- name: drop
UPDATE visit SET dropped_at = $2 WHERE visit_id = ANY ($1::text[]) AND dropped_at IS NULL

-- name: drop_people
UPDATE visit_person SET dropped_at = $2 WHERE visit_id = ANY ($1::text[]) AND dropped_at IS NULL

-- name: booked
SELECT person_id, deployment_id, lower(during) AS starts_at, upper(during) AS ends_at
FROM visit_person JOIN visit USING (visit_id)
WHERE person_id = ANY ($1::text[]) AND during && tstzrange($2, $3) AND visit_person.dropped_at IS NULL
ORDER BY lower(during), person_id LIMIT $4
