-- name: size
SELECT size FROM log_tree

-- name: waiting
SELECT count(*) FROM (SELECT FROM log_entry WHERE leaf_index IS NULL LIMIT $1) AS found

-- name: still_waiting
SELECT coalesce(
    (SELECT entry_id FROM log_entry WHERE entry_id = $1 AND leaf_index IS NULL),
    (SELECT min(entry_id) FROM log_entry WHERE leaf_index IS NULL)
)

-- name: tiles
SELECT level, tile_index, hashes
FROM log_tile JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, tile_index) USING (level, tile_index)

-- name: leaves
SELECT leaf_index, prior_index, body FROM log_entry
WHERE leaf_index >= $1 AND leaf_index < $2 AND leaf_index < (SELECT size FROM log_tree) ORDER BY leaf_index

-- name: leaf_of
SELECT leaf_index, prior_index, body FROM log_entry
WHERE entry_id = $1 AND leaf_index < (SELECT size FROM log_tree)

-- name: newest_checkpoint
SELECT size, note, made_at, cosigned FROM log_checkpoint ORDER BY size DESC LIMIT 1

-- name: newest_cosigned
SELECT size, note, made_at, cosigned FROM log_checkpoint WHERE cosigned AND size > $1 ORDER BY size DESC LIMIT 1

-- name: checkpoint
SELECT size, note, made_at, cosigned FROM log_checkpoint WHERE size = $1

-- name: put_checkpoint
INSERT INTO log_checkpoint AS old (size, note, made_at, cosigned) VALUES ($1, $2, $3, $4)
ON CONFLICT (size) DO UPDATE SET note = excluded.note, made_at = excluded.made_at, cosigned = excluded.cosigned
WHERE excluded.cosigned OR NOT old.cosigned

-- name: put_timestamp
UPDATE log_checkpoint SET timestamped_note = $2, timestamp_token = $3, timestamped_at = $4 WHERE size = $1

-- name: newest_timestamped
SELECT size, timestamped_note, timestamped_at, cosigned, timestamp_token FROM log_checkpoint
WHERE timestamp_token IS NOT NULL ORDER BY size DESC LIMIT 1

-- name: held
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) + objid::bigint = hashtextextended('muster log sequencer', 0)
)
