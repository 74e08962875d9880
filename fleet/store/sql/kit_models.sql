-- name: every
WITH held AS (
    SELECT model, count(*) FILTER (WHERE service NOT IN ('lost', 'disposed')) AS total,
        count(*) FILTER (WHERE service = 'in-service' AND place IS NOT NULL) AS available
    FROM kit_item GROUP BY model
)
SELECT document AS model, version, CASE WHEN counted THEN stock ELSE coalesce(available, 0) END::integer AS available,
    CASE WHEN counted THEN stock ELSE coalesce(total, 0) END::integer AS total
FROM kit_model LEFT JOIN held USING (model) WHERE $1 = '' OR model = $1 ORDER BY model

-- name: lock
SELECT model FROM kit_model WHERE model = $1 FOR UPDATE

-- name: add
INSERT INTO kit_model (model, version, kind, counted, document, changed_by, changed_at) VALUES ($1, 1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING model

-- name: change
UPDATE kit_model SET version = $2, document = $3, changed_by = $4, changed_at = $5 WHERE model = $1

-- name: move_stock
UPDATE kit_model SET stock = stock + $2 WHERE model = $1 RETURNING stock

-- name: add_stock_move
INSERT INTO kit_stock_move (model, change, deployment_id, note, moved_by, moved_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: places
SELECT place, name, keeper,
    (SELECT count(*) FROM kit_item WHERE kit_item.place = kit_place.place)::integer AS items
FROM kit_place WHERE $1 = '' OR place = $1 ORDER BY place

-- name: lock_place
SELECT place FROM kit_place WHERE place = $1 FOR UPDATE

-- name: share_place
SELECT place FROM kit_place WHERE place = $1 FOR SHARE

-- name: set_place
INSERT INTO kit_place (place, name, keeper) VALUES ($1, $2, $3)
ON CONFLICT (place) DO UPDATE SET name = excluded.name, keeper = excluded.keeper

-- name: lying_in
SELECT item FROM kit_item WHERE place = $1 AND service NOT IN ('lost', 'disposed') AND custodian <> $2
ORDER BY item

-- name: told_low
SELECT subject FROM alarm WHERE subject_kind = 'controller' AND kind = 'stock-low' AND cleared_at IS NULL
    AND closed_at IS NULL
