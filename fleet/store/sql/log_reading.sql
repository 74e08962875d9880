-- name: plan_for_these_values
SET LOCAL plan_cache_mode = force_custom_plan

-- name: kinds
WITH RECURSIVE found AS (
    (SELECT kind FROM log_entry WHERE leaf_index < (SELECT size FROM log_tree) ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (
        SELECT kind FROM log_entry WHERE leaf_index < (SELECT size FROM log_tree) AND kind > found.kind
        ORDER BY kind LIMIT 1
    )
    FROM found WHERE found.kind IS NOT NULL
)
SELECT kind FROM found WHERE starts_with(kind, $1)

-- name: page
SELECT entry_id, leaf_index, prior_index, at, actor, kind, entry.unit_id, coalesce(unit.label, '') AS label, authority,
    body
FROM log_entry entry LEFT JOIN unit USING (unit_id)
WHERE leaf_index < $8 AND leaf_index < (SELECT size FROM log_tree)
  AND ($1::text IS NULL OR entry.unit_id = $1)
  AND ($2::text IS NULL OR actor = $2 OR person = $2)
  AND ($3::text IS NULL OR authority = $3)
  AND ($4::text IS NULL OR deployment = $4)
  AND ($5::text[] IS NULL OR kind = ANY ($5))
  AND ($6::timestamptz IS NULL OR at >= $6)
  AND ($7::timestamptz IS NULL OR at < $7)
ORDER BY leaf_index DESC LIMIT $9

-- name: indexes
SELECT leaf_index FROM log_entry
WHERE leaf_index < $8 AND leaf_index < (SELECT size FROM log_tree)
  AND ($1::text IS NULL OR unit_id = $1)
  AND ($2::text IS NULL OR actor = $2 OR person = $2)
  AND ($3::text IS NULL OR authority = $3)
  AND ($4::text IS NULL OR deployment = $4)
  AND ($5::text[] IS NULL OR kind = ANY ($5))
  AND ($6::timestamptz IS NULL OR at >= $6)
  AND ($7::timestamptz IS NULL OR at < $7)
ORDER BY leaf_index LIMIT $9

-- name: one
SELECT entry_id, leaf_index, prior_index, at, actor, kind, entry.unit_id, coalesce(unit.label, '') AS label, authority,
    body
FROM log_entry entry LEFT JOIN unit USING (unit_id)
WHERE leaf_index = $1 AND leaf_index < (SELECT size FROM log_tree)

-- name: exported_texts
WITH chosen AS (
    SELECT leaf_index, entry_id FROM log_entry
    WHERE leaf_index > $1 AND leaf_index < $2 AND leaf_index < (SELECT size FROM log_tree)
      AND ($3::bigint[] IS NULL OR leaf_index = ANY ($3))
      AND EXISTS (SELECT FROM log_text WHERE log_text.entry_id = log_entry.entry_id)
    ORDER BY leaf_index LIMIT $4
)
SELECT leaf_index, field, salt, text FROM chosen JOIN log_text USING (entry_id) ORDER BY leaf_index, field COLLATE "C"

-- name: add_export
INSERT INTO log_export (export_id, person_id, made_at, ends_at, entry_id, size, note, cosigned, indexes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: export
SELECT export_id, person_id, made_at, ends_at, entry_id, size, note, cosigned, indexes
FROM log_export WHERE export_id = $1
