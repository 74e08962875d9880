-- name: add
INSERT INTO access_record (unit_id, number, sha256, prior, body, what, opening, at, received_at)
SELECT unit_id, number, sha256, prior, body, what, opening, at, received_at
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
    $9::timestamptz[]) AS given (unit_id, number, sha256, prior, body, what, opening, at, received_at)
ON CONFLICT DO NOTHING
RETURNING unit_id, number, sha256

-- name: begin_chains
INSERT INTO access_chain (unit_id) SELECT unit_id FROM unnest($1::text[]) AS given (unit_id) ORDER BY unit_id
ON CONFLICT DO NOTHING

-- name: lock_chains
SELECT unit_id, records, head, claimed, claimed_head, claimed_at, proven, proven_head, proven_at, missing_since
FROM access_chain WHERE unit_id = ANY($1) ORDER BY unit_id FOR UPDATE

-- name: of_numbers
-- Whoever tells a thousand records of one number must not make each batch read them all.
SELECT number, sha256, prior FROM unnest($2::bigint[]) AS wanted (of_number), LATERAL (
    (SELECT number, sha256, prior, received_at FROM access_record WHERE unit_id = $1 AND number = of_number
     ORDER BY received_at, sha256 LIMIT $4)
    UNION
    SELECT number, sha256, prior, received_at FROM access_record
    WHERE unit_id = $1 AND number = of_number AND sha256 = ANY($3)
) AS found
ORDER BY number, received_at, sha256

-- name: allowances
SELECT unit_id, (
    SELECT count(*) FROM access_record WHERE access_record.unit_id = given.unit_id AND received_at > $2
) AS kept, (
    SELECT count(*) FROM command
    WHERE command.unit_id = given.unit_id AND created_at > $2 AND order_kind = 'send-records'
) AS asked
FROM unnest($1::text[]) AS given (unit_id)

-- name: report_open
SELECT bool_or(repeat_key = $3) FROM error_report
WHERE (unit_id = $1 AND cause = $2 AND state <> 'closed') OR repeat_key = $3

-- name: following
SELECT number, sha256, prior FROM access_record WHERE unit_id = $1 AND number > $2
ORDER BY number, received_at, sha256 LIMIT $3

-- name: set_prefix
UPDATE access_chain SET records = $2, head = $3, missing_since = NULL WHERE unit_id = $1

-- name: claim
INSERT INTO access_chain (unit_id, claimed, claimed_head, claimed_at)
SELECT unit_id, claimed, claimed_head, $4 FROM unnest($1::text[], $2::bigint[], $3::text[])
    AS given (unit_id, claimed, claimed_head)
ORDER BY unit_id
ON CONFLICT (unit_id) DO UPDATE SET
    claimed = excluded.claimed, claimed_head = excluded.claimed_head, claimed_at = excluded.claimed_at

-- name: prove
UPDATE access_chain SET proven = $2, proven_head = $3, proven_at = $4 WHERE unit_id = $1

-- name: told_before_challenge
SELECT coalesce(max(number), 0) FROM access_record JOIN unit_proof USING (unit_id)
WHERE unit_id = $1 AND number <= $2 AND received_at < challenged_at - $3::interval

-- name: people
SELECT person_id FROM person WHERE person_id = ANY($1)

-- name: authorities
-- In two parts, each with an index of its own: leaves, and entries that wait to become some.
SELECT authority FROM log_entry
WHERE leaf_index IS NOT NULL AND authority = ANY($1) AND kind = 'authority.recorded'
UNION
SELECT authority FROM log_entry
WHERE leaf_index IS NULL AND authority = ANY($1) AND kind = 'authority.recorded'

-- name: incomplete
SELECT chain.unit_id, records, head, claimed, claimed_head, claimed_at, proven, proven_head, proven_at, missing_since,
    coalesce(session_up, false) AS connected, asked.last_at AS asked_at, coalesce(asked.open, false) AS is_asked
FROM access_chain chain JOIN unit USING (unit_id) JOIN unit_live USING (unit_id), LATERAL (
    SELECT max(created_at) AS last_at, bool_or(command.state IN ('queued', 'sent', 'accepted')) AS open FROM command
    WHERE command.unit_id = chain.unit_id AND order_kind = 'send-records'
) asked
WHERE unit.state <> 'revoked' AND greatest(proven, claimed) > records AND chain.unit_id > $1
ORDER BY chain.unit_id LIMIT $2
FOR UPDATE OF chain SKIP LOCKED

-- name: set_missing_since
UPDATE access_chain SET missing_since = $2 WHERE unit_id = $1

-- name: is_told
SELECT EXISTS (SELECT FROM event
    WHERE unit_id = $1 AND repeat_key = $2 AND (acknowledged_at IS NULL OR acknowledged_at >= $3))

-- name: doubtful_claims
-- A report is made before the next record is: only one that came well after the last record and proof should know them.
SELECT chain.unit_id, records, head, claimed, claimed_head, claimed_at, proven, proven_head, proven_at, missing_since
FROM access_chain chain JOIN unit USING (unit_id) JOIN unit_live live USING (unit_id)
WHERE unit.state <> 'revoked' AND chain.unit_id > $1 AND (
    (claimed < greatest(records, proven) AND live.last_report_at > $2 + greatest(proven_at, claimed_at, (
        SELECT max(received_at) FROM access_record WHERE access_record.unit_id = chain.unit_id
    ))) OR (claimed > 0 AND claimed_head IS NOT NULL AND EXISTS (
        SELECT FROM access_record WHERE access_record.unit_id = chain.unit_id AND number = claimed
    ) AND NOT EXISTS (
        SELECT FROM access_record WHERE access_record.unit_id = chain.unit_id AND number = claimed
          AND sha256 = claimed_head
    ))
)
ORDER BY chain.unit_id LIMIT $3
