-- name: hold
SELECT pg_try_advisory_lock(hashtextextended('muster log sequencer', 0))

-- name: waiting
SELECT entry_id, unit_id, body FROM log_entry WHERE leaf_index IS NULL ORDER BY entry_id LIMIT $1

-- name: heads
SELECT unit_id, leaf_index FROM log_unit_head WHERE unit_id = ANY ($1)

-- name: sequence
SELECT sequence_log_entries($1, $2, $3)

-- name: put_tiles
SELECT put_log_tile(level, tile_index, hashes)
FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS given (level, tile_index, hashes)
