-- name: get
SELECT person_id, name, role, public_key, key_fingerprint, valid_from, valid_until, ended_at
FROM person WHERE person_id = $1

-- name: every
SELECT person_id, name, role, public_key, key_fingerprint, valid_from, valid_until, ended_at
FROM person ORDER BY person_id

-- name: end_access
UPDATE person SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL RETURNING person_id

-- name: put
INSERT INTO person (person_id, name, role, public_key, key_fingerprint, valid_from, valid_until)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (person_id) DO UPDATE SET role = excluded.role, public_key = excluded.public_key,
    key_fingerprint = excluded.key_fingerprint, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
    ended_at = NULL

-- name: newest_list
SELECT version, text, sha256 FROM people_list ORDER BY version DESC LIMIT 1

-- name: newest_anchor
SELECT version, text, sha256 FROM people_list WHERE anchor ORDER BY version DESC LIMIT 1

-- name: list_of_version
SELECT version, text, sha256 FROM people_list WHERE version = $1

-- name: lists_after
SELECT version, text FROM people_list WHERE version > $1 ORDER BY version LIMIT $2

-- name: signatures_of
SELECT version, person_id, signature FROM people_list_signature WHERE version = ANY($1) ORDER BY version, person_id

-- name: add_list
INSERT INTO people_list (version, text, sha256, created_at, anchor) VALUES ($1, $2, $3, $4, $5)

-- name: copy_signatures
INSERT INTO people_list_signature (version, person_id, signature, signed_at)
SELECT $1, person_id, signature, signed_at FROM people_draft_signature WHERE draft_id = $2

-- name: lock
SELECT pg_advisory_xact_lock(hashtext('muster people'))

-- name: add_draft
INSERT INTO people_draft (draft_id, version, text, names, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: draft
SELECT draft_id, version, text, names, made_by, made_at, state FROM people_draft WHERE draft_id = $1

-- name: drafts
SELECT draft_id, version, text, names, made_by, made_at, state FROM people_draft
WHERE state = 'open' OR draft_id IN (
    SELECT draft_id FROM people_draft WHERE state <> 'open' ORDER BY made_at DESC LIMIT $1)
ORDER BY state = 'open' DESC, made_at DESC

-- name: open_drafts
SELECT count(*) FROM people_draft WHERE state = 'open'

-- name: close_draft
UPDATE people_draft SET state = $2 WHERE draft_id = $1 AND state = 'open' RETURNING draft_id

-- name: outdate_drafts
UPDATE people_draft SET state = 'outdated' WHERE state = 'open' AND made_at < $1

-- name: outdate_all_drafts
UPDATE people_draft SET state = 'outdated' WHERE state = 'open'

-- name: sign_draft
INSERT INTO people_draft_signature (draft_id, person_id, signature, signed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING person_id

-- name: draft_signatures
SELECT person_id, signature FROM people_draft_signature WHERE draft_id = $1 ORDER BY signed_at, person_id

-- name: void_vouchers
UPDATE voucher SET withdrawn_at = $1 WHERE withdrawn_at IS NULL AND used_at IS NULL RETURNING voucher_id

-- name: was_told
SELECT EXISTS (SELECT FROM event WHERE repeat_key = $1)
