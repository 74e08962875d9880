-- name: next_number
SELECT nextval('kit_item_number')

-- name: add
INSERT INTO kit_item (item, version, model, serial, unit_id, condition, service, custodian, place, added_at)
VALUES ($1, 1, $2, $3, $4, 'good', 'in-service', $5, $6, $7)

-- name: lock
SELECT item FROM kit_item WHERE item = ANY($1) ORDER BY item FOR UPDATE

-- name: every
SELECT item, kit_item.version, kit_item.model, kind, document, serial, unit_id, unit.label AS unit_label, condition, service,
    custodian, place, deployment_id, out_since, expected_back_at, added_at, total_s / 3600 AS running_h,
    unit_running.sampled_at AS running_at, (health::jsonb ->> 'emmc_worn_percent')::numeric::integer AS emmc_worn_percent,
    last_sampled_at
FROM kit_item JOIN kit_model ON kit_model.model = kit_item.model LEFT JOIN unit USING (unit_id) LEFT JOIN unit_running USING (unit_id)
    LEFT JOIN unit_live USING (unit_id)
WHERE ($1::text[] IS NULL OR item = ANY($1)) AND ($2 = '' OR kind = $2) AND ($3 = '' OR kit_item.model = $3)
  AND ($4 = '' OR custodian = $4) AND ($5 = '' OR deployment_id = $5)
  AND NOT EXISTS (
    SELECT FROM unnest($6::text[]) AS term
    WHERE NOT concat_ws(' ', item, kit_item.model, kind, document::json ->> 'name', serial, unit_id, unit.label, place,
        custodian, deployment_id, condition, service) ILIKE ANY (string_to_array(term, '|')))
ORDER BY length(item), item

-- name: of_units
SELECT unit_id, item FROM kit_item WHERE unit_id = ANY($1)

-- name: reserved
SELECT item, deployment_id, lower(during) AS starts_at, upper(during) AS ends_at FROM kit_reservation
WHERE item = ANY($1) AND released_at IS NULL AND upper(during) > $2 ORDER BY lower(during), item

-- name: change
UPDATE kit_item SET version = version + 1, serial = $2, unit_id = $3 WHERE item = $1

-- name: set_condition
UPDATE kit_item SET version = version + 1, condition = $2 WHERE item = $1

-- name: set_service
UPDATE kit_item SET version = version + 1, service = $2, service_reason = $3 WHERE item = $1

-- name: move
UPDATE kit_item SET version = version + 1, condition = $2, custodian = $3, place = $4, deployment_id = $5,
    out_since = $6, expected_back_at = $7
WHERE item = $1

-- name: set_expected_back
UPDATE kit_item SET version = version + 1, expected_back_at = $2 WHERE deployment_id = $1 AND out_since IS NOT NULL
RETURNING item

-- name: add_movement
INSERT INTO kit_movement (item, at, by, from_person, to_person, from_place, to_place, deployment_id, way, how, condition)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: movements
SELECT item, at, from_person, to_person, from_place, to_place, deployment_id AS deployment, way, how, condition
FROM kit_movement WHERE item = $1 ORDER BY movement_id DESC LIMIT $2

-- name: last_place
SELECT coalesce(to_place, from_place) FROM kit_movement
WHERE item = $1 AND coalesce(to_place, from_place) IS NOT NULL ORDER BY movement_id DESC LIMIT 1

-- name: out_for
SELECT item FROM kit_item WHERE deployment_id = $1 ORDER BY length(item), item

-- name: late
SELECT item, custodian, deployment_id, expected_back_at FROM kit_item
WHERE out_since IS NOT NULL AND expected_back_at <= $1 AND service NOT IN ('lost', 'disposed')
ORDER BY expected_back_at, item
