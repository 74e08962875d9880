-- name: add
INSERT INTO certificate
    (serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem, predecessor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: get
SELECT serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem, predecessor, connected_at,
    revoked_at
FROM certificate WHERE serial = $1

-- name: of_unit
SELECT serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem, predecessor, connected_at,
    revoked_at
FROM certificate WHERE unit_id = $1 ORDER BY not_after DESC, predecessor IS NULL, serial

-- name: newest
SELECT serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem, predecessor, connected_at,
    revoked_at
FROM certificate WHERE unit_id = $1 ORDER BY not_after DESC, predecessor IS NULL, serial LIMIT 1

-- name: named
SELECT serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem, predecessor, connected_at,
    revoked_at
FROM certificate WHERE serial = ANY($1)

-- name: lineages
SELECT unit_id, serial, predecessor FROM certificate WHERE unit_id = ANY($1)
