-- name: plan_for_these_values
SET LOCAL plan_cache_mode = force_custom_plan

-- name: newest_of_each
SELECT leaf_index, body FROM unnest($1::text[]) wanted, LATERAL (
    SELECT leaf_index, body FROM log_entry WHERE kind = wanted AND leaf_index < (SELECT size FROM log_tree)
    ORDER BY at DESC LIMIT $2
) newest ORDER BY leaf_index

-- name: first_since
SELECT min(leaf_index) FROM log_entry
WHERE kind = ANY ($1::text[]) AND at >= $2 AND leaf_index < (SELECT size FROM log_tree)

-- name: size
SELECT size FROM log_tree

-- name: find
WITH newest AS (
    SELECT opening, leaf_index FROM log_entry
    WHERE leaf_index < (SELECT size FROM log_tree) AND opening IS NOT NULL AND kind = ANY ($1::text[])
      AND ($2::text IS NULL OR unit_id = $2)
      AND ($3::text IS NULL OR actor = $3 OR person = $3)
      AND ($4::text IS NULL OR authority = $4)
      AND ($5::text IS NULL OR deployment = $5)
      AND ($6::timestamptz IS NULL OR at >= $6)
      AND ($7::timestamptz IS NULL OR at < $7)
    ORDER BY leaf_index DESC LIMIT $8
)
SELECT opening, (SELECT count(*) FROM newest) = $8 AS is_cut FROM newest
GROUP BY opening ORDER BY max(leaf_index) DESC LIMIT $9

-- name: of_units_between
SELECT DISTINCT opening
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS span (unit_id, since, until)
JOIN log_entry entry ON entry.unit_id = span.unit_id AND entry.at >= span.since AND entry.at < span.until
WHERE entry.kind = ANY ($1::text[]) AND entry.leaf_index < (SELECT size FROM log_tree) AND entry.opening IS NOT NULL

-- name: of_openings
SELECT leaf_index, body FROM log_entry
WHERE opening = ANY ($2::text[]) AND kind = ANY ($1::text[]) AND leaf_index < (SELECT size FROM log_tree)

-- name: of_units
SELECT leaf_index, body FROM log_entry
WHERE unit_id = ANY ($2::text[]) AND kind = ANY ($1::text[]) AND leaf_index < (SELECT size FROM log_tree)

-- name: of_authorities
SELECT leaf_index, body FROM log_entry
WHERE authority = ANY ($2::text[]) AND kind = ANY ($1::text[]) AND leaf_index < (SELECT size FROM log_tree)

-- name: holding
SELECT leaf_index, body FROM log_entry
WHERE kind = ANY ($1::text[]) AND leaf_index < (SELECT size FROM log_tree)
  AND EXISTS (SELECT FROM unnest($2::bytea[]) piece WHERE position(piece IN body) > 0)

-- name: told_until
SELECT unit_id, proven_at FROM access_chain chain
WHERE unit_id = ANY ($1::text[]) AND proven_at IS NOT NULL AND records >= proven AND NOT EXISTS (
    SELECT FROM log_entry waiting WHERE waiting.leaf_index IS NULL AND waiting.unit_id = chain.unit_id
)

-- name: waiting
SELECT DISTINCT unit_id FROM log_entry WHERE leaf_index IS NULL AND unit_id = ANY ($1::text[])

-- name: at
SELECT leaf_index, body FROM log_entry
WHERE leaf_index = ANY ($2::bigint[]) AND leaf_index < (SELECT size FROM log_tree) AND kind = ANY ($1::text[])

-- name: labels
SELECT unit_id, label FROM unit WHERE unit_id = ANY ($1::text[])
