-- name: one
SELECT authority.*,
    (SELECT min(due_at) FROM authority_review review
     WHERE review.authority_id = authority.authority_id AND reviewed_at IS NULL) AS next_review_at,
    (SELECT min(authority_id) FROM authority later
     WHERE later.renews = authority.authority_id AND later.cancelled_at IS NULL) AS renewed_by
FROM authority WHERE authority_id = $1

-- name: lock_one
SELECT authority_id FROM authority WHERE authority_id = $1 FOR UPDATE

-- name: share_one
SELECT authority_id FROM authority WHERE authority_id = $1 FOR SHARE

-- name: live_mandates
SELECT authority_id, count(*) AS live FROM mandate
WHERE authority_id = ANY ($1::text[]) AND recorded_at IS NOT NULL AND cancelled_at IS NULL
  AND not_before <= $2 AND not_after > $2
GROUP BY authority_id

-- name: page
WITH due AS (
    SELECT authority.*,
        (SELECT min(due_at) FROM authority_review review
         WHERE review.authority_id = authority.authority_id AND reviewed_at IS NULL) AS next_review_at,
        (SELECT min(authority_id) FROM authority later
         WHERE later.renews = authority.authority_id AND later.cancelled_at IS NULL) AS renewed_by
    FROM authority
    WHERE position(lower($2) IN lower(reference)) > 0 OR position(lower($2) IN lower(authority_id)) > 0
), stood AS (
    SELECT *, CASE
        WHEN cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN $1 < starts_at THEN 'future'
        WHEN $1 >= ends_at THEN 'ended'
        WHEN next_review_at <= $1 THEN 'review-overdue'
        ELSE 'in-force' END AS state
    FROM due
)
SELECT *, count(*) OVER () AS total FROM stood WHERE $3 = '' OR state = $3
ORDER BY recorded_at DESC, authority_id OFFSET $4 LIMIT $5

-- name: of_reference
SELECT authority_id FROM authority WHERE reference = $1 AND cancelled_at IS NULL ORDER BY recorded_at

-- name: oral_of_reference
SELECT authority_id FROM authority WHERE lower(reference) = lower($1) AND urgent_oral

-- name: lock_recording
SELECT pg_advisory_xact_lock(hashtext('muster authorities'))

-- name: add
INSERT INTO authority (authority_id, reference, kinds, modalities, authorised_by_rank, starts_at, ends_at, urgent_oral,
    document_sha256, document_salt, note, renews, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: add_review
INSERT INTO authority_review (authority_id, due_at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: reviews_due
SELECT due_at FROM authority_review WHERE authority_id = $1 AND reviewed_at IS NULL ORDER BY due_at

-- name: set_reviewed
UPDATE authority_review SET reviewed_at = $3, reviewed_by = $4
WHERE authority_id = $1 AND due_at = ANY ($2::timestamptz[])

-- name: drop_reviews_to_come
DELETE FROM authority_review WHERE authority_id = $1 AND reviewed_at IS NULL AND due_at > now()

-- name: state_statement
UPDATE authority SET statement_at = $2, document_sha256 = $3, document_salt = $4 WHERE authority_id = $1

-- name: cancel
UPDATE authority SET cancelled_by = $2, cancelled_at = $3 WHERE authority_id = $1

-- name: needing_somebody
SELECT authority.*,
    (SELECT min(due_at) FROM authority_review review
     WHERE review.authority_id = authority.authority_id AND reviewed_at IS NULL) AS next_review_at,
    (SELECT min(authority_id) FROM authority later
     WHERE later.renews = authority.authority_id AND later.cancelled_at IS NULL) AS renewed_by
FROM authority
WHERE cancelled_at IS NULL AND (
    (urgent_oral AND statement_at IS NULL)
    OR (ends_at > $1 AND ends_at <= $2)
    OR (ends_at > $1 AND EXISTS (SELECT FROM authority_review review WHERE review.authority_id = authority.authority_id
                                 AND reviewed_at IS NULL AND due_at <= $2)))
ORDER BY ends_at, authority_id LIMIT $3
