-- name: examined
SELECT entry_id, wanted AS leaf_index, prior_index, body,
    substring(hashes FROM (wanted & 255)::integer * 32 + 1 FOR 32) AS hash,
    kind, unit_id, actor, at, authority, deployment, person, opening
FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (wanted, place)
LEFT JOIN log_entry ON leaf_index = wanted
LEFT JOIN log_tile ON level = 0 AND tile_index = wanted >> 8
ORDER BY place

-- name: salted_texts
SELECT leaf_index, field, salt, text FROM log_entry JOIN log_text USING (entry_id)
WHERE leaf_index = ANY ($1::bigint[]) ORDER BY leaf_index, field COLLATE "C"

-- name: beyond
SELECT min(leaf_index) FROM log_entry WHERE leaf_index >= (SELECT size FROM log_tree)
