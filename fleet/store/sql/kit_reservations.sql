-- name: lock_items
SELECT item FROM kit_item WHERE item = ANY ($1::text[]) ORDER BY item FOR UPDATE

-- name: lock_free
SELECT item FROM kit_item WHERE item = ANY ($1::text[]) ORDER BY item FOR UPDATE SKIP LOCKED

-- name: add
INSERT INTO kit_reservation (item, deployment_id, during, made_at)
SELECT item, $2, tstzrange($3, $4), $5 FROM unnest($1::text[]) AS item ORDER BY item

-- name: release
UPDATE kit_reservation SET released_at = $3
WHERE deployment_id = $1 AND ($2::text[] IS NULL OR item = ANY ($2)) AND released_at IS NULL RETURNING item

-- name: of
SELECT item, deployment_id, lower(during) AS starts_at, upper(during) AS ends_at FROM kit_reservation
WHERE deployment_id = ANY ($1::text[]) AND released_at IS NULL ORDER BY item

-- name: booked
SELECT item, deployment_id, lower(during) AS starts_at, upper(during) AS ends_at FROM kit_reservation
WHERE item = ANY ($1::text[]) AND during && tstzrange($2, $3) AND released_at IS NULL
ORDER BY lower(during), item LIMIT $4
