-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster legal holds'))

-- name: add
INSERT INTO legal_hold
    (hold_id, unit_id, person_id, authority, deployment, kind, since, until, reason, placed_by, placed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: every
SELECT hold_id, unit_id, person_id, authority, deployment, kind, since, until, reason, placed_by, placed_at,
    released_by, released_at
FROM legal_hold ORDER BY released_at IS NOT NULL, placed_at DESC, hold_id LIMIT $1

-- name: one
SELECT hold_id, unit_id, person_id, authority, deployment, kind, since, until, reason, placed_by, placed_at,
    released_by, released_at
FROM legal_hold WHERE hold_id = $1

-- name: count_standing
SELECT count(*) FROM legal_hold WHERE released_at IS NULL

-- name: release
UPDATE legal_hold SET released_by = $2, released_at = $3
WHERE hold_id = $1 AND released_at IS NULL RETURNING hold_id

-- name: erase_texts
SELECT texts, held, first_index, last_index, erased_kinds FROM erase_log_texts($1, $2, $3, $4)

-- name: newest_erasure
SELECT coalesce(max(erasure_id), 0) FROM log_erasure

-- name: erasures
SELECT erasure_id, erased_at, kept_from, kinds, texts, held, first_index, last_index
FROM log_erasure WHERE erasure_id <= $1 ORDER BY erasure_id

-- name: erasures_told
SELECT body FROM log_entry WHERE kind = 'text.erased' AND leaf_index < (SELECT size FROM log_tree)
UNION ALL
SELECT body FROM log_entry WHERE kind = 'text.erased' AND leaf_index IS NULL
