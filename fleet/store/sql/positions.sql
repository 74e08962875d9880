-- name: put
INSERT INTO unit_position (unit_id, opening, mandate_id, sealed, hdop, satellites, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (unit_id) DO UPDATE SET opening = $2, mandate_id = $3, sealed = $4, hdop = $5, satellites = $6,
    found_at = $7

-- name: get
SELECT unit_id, opening, mandate_id, sealed, hdop, satellites, found_at
FROM unit_position WHERE unit_id = $1

-- In two parts, since there is an index for each: entries that have their place in the tree, and those that wait for it.
-- name: looks
SELECT (
    SELECT count(*) FROM log_entry WHERE kind = 'position.read' AND at >= $2 AND leaf_index IS NOT NULL
        AND unit_id = $1 AND position($3::bytea IN body) > 0
) + (
    SELECT count(*) FROM log_entry WHERE leaf_index IS NULL AND kind = 'position.read' AND at >= $2
        AND unit_id = $1 AND position($3::bytea IN body) > 0
)

-- name: delete_over
DELETE FROM unit_position WHERE NOT EXISTS (
    SELECT FROM mandate WHERE mandate.mandate_id = unit_position.mandate_id
    AND not_after > $1 AND cancelled_at IS NULL)
