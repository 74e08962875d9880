-- name: entries_about
WITH held AS (
    SELECT item, unit_id, since, until
    FROM (
        SELECT item, deployment_id, at AS since,
            coalesce(lead(at) OVER (PARTITION BY item ORDER BY movement_id), 'infinity') AS until
        FROM kit_movement WHERE item IN (SELECT item FROM kit_movement WHERE deployment_id = $1)
    ) AS moved JOIN kit_item USING (item)
    WHERE moved.deployment_id = $1
), waiting AS (
    SELECT entry_id, kind, unit_id, authority, deployment, at, body FROM log_entry WHERE leaf_index IS NULL
), about AS (
    SELECT entry_id FROM log_entry WHERE leaf_index IS NOT NULL AND deployment = $1
    UNION SELECT entry_id FROM waiting WHERE deployment = $1
    UNION SELECT entry_id FROM held JOIN log_entry ON log_entry.unit_id = held.unit_id AND at BETWEEN since AND until
        WHERE leaf_index IS NOT NULL AND deployment IS NULL
    UNION SELECT entry_id FROM held JOIN waiting ON waiting.unit_id = held.unit_id AND at BETWEEN since AND until
        WHERE deployment IS NULL
    UNION SELECT entry_id FROM log_entry JOIN held ON at BETWEEN since AND until
        WHERE leaf_index IS NOT NULL AND deployment IS NULL AND kind = ANY ($2::text[])
          AND convert_from(body, 'UTF8')::json ->> 'item' = held.item
    UNION SELECT entry_id FROM waiting JOIN held ON at BETWEEN since AND until
        WHERE deployment IS NULL AND kind = ANY ($2::text[]) AND convert_from(body, 'UTF8')::json ->> 'item' = held.item
    UNION SELECT entry_id FROM log_entry
        WHERE leaf_index IS NOT NULL AND deployment IS NULL AND authority = ANY ($3::text[]) AND at BETWEEN $4 AND $5
          AND (unit_id IS NULL OR unit_id IN (SELECT unit_id FROM held))
    UNION SELECT entry_id FROM waiting
        WHERE deployment IS NULL AND authority = ANY ($3::text[]) AND at BETWEEN $4 AND $5
          AND (unit_id IS NULL OR unit_id IN (SELECT unit_id FROM held))
)
SELECT entry_id, leaf_index, body, count(*) OVER () AS total
FROM about JOIN log_entry USING (entry_id) ORDER BY entry_id DESC LIMIT $6

-- name: items
SELECT item, model FROM kit_item WHERE added_at < $1 ORDER BY length(item), item LIMIT $2

-- name: moves
SELECT item, at, to_place IS NULL AS is_out, condition, way <> 'new' AND at >= $1 AS counts
FROM (
    SELECT item, movement_id, at, to_place, condition, way,
        lead(at) OVER (PARTITION BY item ORDER BY movement_id) AS until
    FROM kit_movement WHERE at < $2
) AS moved
WHERE at >= $1 OR until IS NULL OR until >= $1
ORDER BY item, movement_id LIMIT $3

-- name: said_of_kit
SELECT kind, at, body FROM log_entry
WHERE leaf_index IS NOT NULL AND kind IN ('kit.service-changed', 'kit.condition-seen') AND at < $1
UNION ALL
SELECT kind, at, body FROM log_entry
WHERE leaf_index IS NULL AND kind IN ('kit.service-changed', 'kit.condition-seen') AND at < $1
ORDER BY at LIMIT $2

-- name: ways
SELECT deployment_id, kind, requested_at,
    (SELECT min(at) FROM deployment_step step
     WHERE step.deployment_id = deployment.deployment_id AND to_state = 'commissioned') AS commissioned_at,
    (SELECT min(at) FROM deployment_step step
     WHERE step.deployment_id = deployment.deployment_id AND to_state = 'fitted') AS fitted_at,
    (SELECT min(at) FROM deployment_step step
     WHERE step.deployment_id = deployment.deployment_id AND to_state = 'recovered') AS recovered_at,
    (SELECT min(at) FROM deployment_step step
     WHERE step.deployment_id = deployment.deployment_id AND to_state = 'cancelled') AS cancelled_at,
    (SELECT max(ends_at) FROM visit
     WHERE visit.deployment_id = deployment.deployment_id AND visit.kind = 'recover' AND dropped_at IS NULL)
        AS planned_at,
    expected_back_at
FROM deployment
WHERE requested_at < $2 AND NOT EXISTS (
    SELECT FROM deployment_step step
    WHERE step.deployment_id = deployment.deployment_id AND to_state IN ('recovered', 'cancelled') AND at < $1)
ORDER BY requested_at, deployment_id LIMIT $3

-- name: alarms
SELECT kind, raised_at, acknowledged_at, level FROM alarm
WHERE raised_at >= $1 AND raised_at < $2 ORDER BY raised_at LIMIT $3
