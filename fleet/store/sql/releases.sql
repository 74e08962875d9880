-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster releases'))

-- name: file
SELECT sha256, length_bytes, kept_at IS NOT NULL AS complete,
    (SELECT coalesce(sum(octet_length(content)), 0) FROM release_piece AS piece
     WHERE piece.sha256 = release_file.sha256)::bigint AS have_bytes
FROM release_file WHERE sha256 = $1

-- name: lock_file
SELECT FROM release_file WHERE sha256 = $1 FOR UPDATE

-- name: drop_pieces
DELETE FROM release_piece WHERE sha256 = $1

-- name: forget_file
DELETE FROM release_file WHERE sha256 = $1

-- name: stale_files
SELECT sha256 FROM release_file WHERE kept_at IS NULL AND begun_at < $1 ORDER BY sha256 FOR UPDATE SKIP LOCKED

-- name: unnamed_files
SELECT sha256, length_bytes FROM release_file
WHERE kept_at < $1
    AND NOT EXISTS (SELECT FROM release_metadata
        WHERE role = 'targets' AND position(convert_to(release_file.sha256, 'UTF8') IN content) > 0 AND version >= (
            SELECT coalesce(max(version), 0) FROM release_metadata WHERE role = 'targets' AND made_at < $1))
    AND NOT EXISTS (SELECT FROM release_draft
        WHERE role = 'targets' AND ended IS NULL AND position(release_file.sha256 IN text) > 0)
ORDER BY kept_at, sha256

-- name: total_bytes
SELECT coalesce(sum(length_bytes), 0)::bigint FROM release_file

-- name: waiting
SELECT count(*) FROM release_file WHERE kept_at IS NULL

-- name: complete
SELECT sha256, length_bytes FROM release_file WHERE sha256 = ANY($1::text[]) AND kept_at IS NOT NULL

-- name: begin_file
INSERT INTO release_file (sha256, length_bytes, begun_by, begun_at) VALUES ($1, $2, $3, $4)

-- name: add_piece
INSERT INTO release_piece (sha256, number, content) VALUES ($1, $2, $3)

-- name: keep_file
UPDATE release_file SET kept_by = $2, kept_at = $3 WHERE sha256 = $1

-- name: piece
SELECT content FROM release_piece WHERE sha256 = $1 AND number = $2

-- name: part
SELECT substring(content FROM $3 FOR $4) FROM release_piece JOIN release_file USING (sha256)
WHERE sha256 = $1 AND number = $2 AND kept_at IS NOT NULL

-- name: newest
SELECT version, content, expires_at, made_at FROM release_metadata
WHERE role = $1 ORDER BY version DESC LIMIT 1

-- name: metadata
SELECT content FROM release_metadata WHERE role = $1 AND version = $2

-- name: add_metadata
INSERT INTO release_metadata (role, version, content, expires_at, made_at, draft_id) VALUES ($1, $2, $3, $4, $5, $6)

-- name: draft
SELECT draft_id, role, version, text, sha256, made_by, made_at FROM release_draft WHERE role = $1 AND ended IS NULL

-- name: add_draft
INSERT INTO release_draft (draft_id, role, version, text, sha256, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: end_draft
UPDATE release_draft SET ended = $2, ended_by = $3, ended_at = $4 WHERE draft_id = $1

-- name: sign
INSERT INTO release_signature (draft_id, key_id, person_id, signature, signed_at) VALUES ($1, $2, $3, $4, $5)

-- name: signatures
SELECT key_id, person_id, signature FROM release_signature WHERE draft_id = $1 ORDER BY signed_at, person_id
