-- name: one
SELECT mandate.*, unit.label AS unit_label, unit.state AS unit_state, authority.reference AS authority,
    ARRAY(SELECT ARRAY[person_id, signature] FROM mandate_signature signed
          WHERE signed.mandate_id = mandate.mandate_id ORDER BY signed_at, person_id) AS signatures,
    ARRAY(SELECT signed_at FROM mandate_signature signed
          WHERE signed.mandate_id = mandate.mandate_id ORDER BY signed_at, person_id) AS signed_at
FROM mandate JOIN unit USING (unit_id) LEFT JOIN authority USING (authority_id)
WHERE mandate_id = $1

-- name: lock_one
SELECT mandate_id FROM mandate WHERE mandate_id = $1 FOR UPDATE

-- name: share_one
SELECT mandate_id FROM mandate WHERE mandate_id = $1 FOR SHARE

-- name: page
WITH stood AS (
    SELECT *, CASE
        WHEN recorded_at IS NULL AND (discarded_at IS NOT NULL OR drafted_at <= $2 OR not_after <= $1)
            THEN 'discarded'
        WHEN recorded_at IS NULL THEN 'draft'
        WHEN cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN $1 < not_before THEN 'future'
        WHEN $1 < not_after THEN 'live'
        ELSE 'ended' END AS state
    FROM mandate
), found AS (
    SELECT * FROM stood
    WHERE ($3 = '' OR unit_id = $3) AND ($4 = '' OR state = $4) AND ($5 = '' OR state = 'draft'
        AND $5 IN (requester, approver) AND NOT EXISTS (
            SELECT FROM mandate_signature signed WHERE signed.mandate_id = stood.mandate_id AND signed.person_id = $5))
)
SELECT found.*, unit.label AS unit_label, unit.state AS unit_state, authority.reference AS authority,
    ARRAY(SELECT ARRAY[person_id, signature] FROM mandate_signature signed
          WHERE signed.mandate_id = found.mandate_id ORDER BY signed_at, person_id) AS signatures,
    ARRAY(SELECT signed_at FROM mandate_signature signed
          WHERE signed.mandate_id = found.mandate_id ORDER BY signed_at, person_id) AS signed_at,
    count(*) OVER () AS total
FROM found JOIN unit USING (unit_id) LEFT JOIN authority USING (authority_id)
ORDER BY drafted_at DESC, mandate_id OFFSET $6 LIMIT $7

-- name: add
INSERT INTO mandate (mandate_id, kind, unit_id, authority_id, text, sha256, not_before, not_after, requester, approver,
    drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: sign
INSERT INTO mandate_signature (mandate_id, person_id, signature, signed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING person_id

-- name: record
UPDATE mandate SET recorded_at = $2 WHERE mandate_id = $1

-- name: discard
UPDATE mandate SET discarded_at = $2 WHERE mandate_id = $1

-- name: discard_lapsed
UPDATE mandate SET discarded_at = $2
WHERE recorded_at IS NULL AND discarded_at IS NULL AND (drafted_at <= $1 OR not_after <= $2) RETURNING mandate_id

-- name: cancel
UPDATE mandate SET cancelled_by = $2, cancelled_at = $3 WHERE mandate_id = $1

-- name: recover
UPDATE mandate SET recovered_by = $2, recovered_at = $3 WHERE mandate_id = $1

-- name: of_unit
SELECT mandate_id FROM mandate
WHERE unit_id = $1 AND recorded_at IS NOT NULL AND cancelled_at IS NULL AND not_after > $2
ORDER BY not_before, mandate_id LIMIT $3

-- name: not_over_under
SELECT mandate_id FROM mandate
WHERE authority_id = $1 AND discarded_at IS NULL AND cancelled_at IS NULL AND not_after > $2
ORDER BY drafted_at, mandate_id FOR UPDATE

-- name: open_drafts
SELECT count(*) FROM mandate
WHERE requester = $1 AND recorded_at IS NULL AND discarded_at IS NULL AND drafted_at > $2 AND not_after > $3

-- name: waiting_for
SELECT mandate_id FROM mandate
WHERE recorded_at IS NULL AND discarded_at IS NULL AND drafted_at > $2 AND not_after > $3
  AND $1 IN (requester, approver)
  AND NOT EXISTS (SELECT FROM mandate_signature signed
                  WHERE signed.mandate_id = mandate.mandate_id AND signed.person_id = $1)
ORDER BY drafted_at LIMIT $4

-- name: not_recovered
SELECT mandate_id FROM mandate WHERE cancelled_at IS NOT NULL AND recovered_at IS NULL
ORDER BY cancelled_at LIMIT $1

-- name: cancelled_of
SELECT mandate_id FROM mandate WHERE mandate_id = ANY ($1::text[]) AND cancelled_at IS NOT NULL
