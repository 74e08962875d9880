-- name: items
WITH found AS (
    SELECT deployment_id, item, true AS is_kept, false AS is_out, false AS was_out FROM kit_reservation
    WHERE deployment_id = ANY ($1::text[]) AND released_at IS NULL
    UNION ALL SELECT deployment_id, item, false, true, false FROM kit_item WHERE deployment_id = ANY ($1::text[])
    UNION ALL SELECT deployment_id, item, false, false, true FROM kit_movement WHERE deployment_id = ANY ($1::text[])
)
SELECT found.deployment_id, item, kind, model, unit_id, coalesce(document::json ->> 'training', '') AS training,
    bool_or(is_kept) AS is_kept, bool_or(is_out) AS is_out, bool_or(was_out) AS was_out
FROM found JOIN kit_item USING (item) JOIN kit_model USING (model)
GROUP BY found.deployment_id, item, kind, model, unit_id, document ORDER BY length(item), item

-- name: wanted
SELECT owned, free
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
    AS asked (deployment_id, kind, model, starts_at, ends_at, number),
LATERAL (
    SELECT count(*)::integer AS owned, count(*) FILTER (
        WHERE coalesce(kit_item.deployment_id, asked.deployment_id) = asked.deployment_id AND NOT EXISTS (
            SELECT FROM kit_reservation kept
            WHERE kept.item = kit_item.item AND kept.released_at IS NULL AND kept.deployment_id <> asked.deployment_id
              AND kept.during && tstzrange(asked.starts_at, asked.ends_at)))::integer AS free
    FROM kit_item JOIN kit_model USING (model)
    WHERE kit_model.kind = asked.kind AND asked.model IN ('', kit_model.model)
      AND kit_item.service NOT IN ('lost', 'disposed')
) AS counted
ORDER BY number

-- name: mandates
SELECT mandate_id, kind, unit_id, text, not_before, not_after FROM mandate
WHERE unit_id = ANY ($1::text[]) AND recorded_at IS NOT NULL AND cancelled_at IS NULL AND not_after > $2
ORDER BY not_before, mandate_id LIMIT $3

-- name: authorities
SELECT authority.*,
    (SELECT min(due_at) FROM authority_review review
     WHERE review.authority_id = authority.authority_id AND reviewed_at IS NULL) AS next_review_at,
    (SELECT min(authority_id) FROM authority later
     WHERE later.renews = authority.authority_id AND later.cancelled_at IS NULL) AS renewed_by
FROM authority WHERE authority_id = ANY ($1::text[])

-- name: surveys
SELECT DISTINCT ON (site) site, surveyed_at, supply, signals FROM site_survey
WHERE site = ANY ($1::text[]) ORDER BY site, surveyed_at DESC

-- name: alarms
SELECT asked.deployment_id, count(alarm.alarm_id)::integer AS open,
    count(alarm.alarm_id) FILTER (WHERE alarm.acknowledged_at IS NULL)::integer AS untaken
FROM unnest($1::text[]) AS asked (deployment_id)
JOIN alarm ON alarm.closed_at IS NULL AND alarm.rule <> 'deadline' AND (alarm.deployment_id = asked.deployment_id
    OR alarm.subject_kind = 'deployment' AND alarm.subject = asked.deployment_id
    OR alarm.subject_kind = 'unit' AND alarm.subject IN (
        SELECT unit_id FROM kit_item WHERE kit_item.deployment_id = asked.deployment_id AND unit_id IS NOT NULL))
GROUP BY asked.deployment_id

-- name: visits_of_people
SELECT person_id, visit_id, deployment_id, lower(during) AS starts_at, upper(during) AS ends_at
FROM visit_person JOIN visit USING (visit_id)
WHERE person_id = ANY ($1::text[]) AND visit_person.dropped_at IS NULL AND upper(during) > $2
ORDER BY lower(during) LIMIT $3

-- name: charge
SELECT unit_id, unit_row.presence, (health::jsonb ->> 'battery_percent')::double precision AS battery_percent FROM unit_row
JOIN unit_live USING (unit_id) WHERE unit_id = ANY ($1::text[])
