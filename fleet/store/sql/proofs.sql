-- name: states
SELECT unit_proof.unit_id, session, challenge, answered, challenge_spool, challenge_seq, sessions, proven_at, certificate,
    boot_id, left_boots, proven_spool, proven_seq, standing_changed_at
FROM unit_proof JOIN unit USING (unit_id) WHERE unit_id = ANY($1)

-- name: challenge
INSERT INTO unit_proof (unit_id, session, challenge, challenged_at, challenge_spool, challenge_seq, sessions)
SELECT given.unit_id, given.session, given.challenge, $5, given.spool_id,
    greatest(
        0,
        (SELECT last_seq FROM unit_live WHERE unit_live.unit_id = given.unit_id AND spool_id = given.spool_id),
        (SELECT max(seq) FROM event WHERE event.unit_id = given.unit_id AND spool_id = given.spool_id)
    ),
    ARRAY[given.session]
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS given (unit_id, session, challenge, spool_id)
ON CONFLICT (unit_id) DO UPDATE SET
    session = excluded.session,
    challenge = excluded.challenge,
    challenged_at = excluded.challenged_at,
    challenge_spool = excluded.challenge_spool,
    challenge_seq = excluded.challenge_seq,
    -- The last 16: greatest, because a slice that begins below 1 would count from there.
    sessions = unit_proof.sessions[greatest(1, cardinality(unit_proof.sessions) - 14):] || excluded.sessions

-- name: accept
UPDATE unit_proof SET challenge = NULL, answered = challenge, proven_at = $2, certificate = $3, boot_id = $4, left_boots = $5,
    proven_spool = $6, proven_seq = $7
WHERE unit_id = $1

-- name: connected
UPDATE certificate SET connected_at = $2 WHERE serial = $1 AND connected_at IS NULL RETURNING serial

-- name: key_in_use
UPDATE unit SET fingerprint = used.fingerprint, key_protection = used.key_protection
FROM certificate AS used
WHERE used.serial = $1 AND unit.unit_id = used.unit_id
  AND (unit.fingerprint, unit.key_protection) IS DISTINCT FROM (used.fingerprint, used.key_protection)
  AND NOT EXISTS (
      SELECT FROM unit AS other WHERE other.fingerprint = used.fingerprint AND other.unit_id <> used.unit_id)
RETURNING unit.unit_id

-- name: people_version
SELECT coalesce(max(version), 1) FROM people_list

-- name: unproven
SELECT unit_id, proven_at FROM unit JOIN unit_live USING (unit_id) LEFT JOIN unit_proof USING (unit_id)
WHERE unit.state <> 'revoked' AND last_report_at > $2 AND coalesce(proven_at, joined_at) < $1
ORDER BY unit_id LIMIT $3
