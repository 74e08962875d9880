-- name: states
SELECT unit_proof.unit_id, session, challenge, challenge_spool, challenge_seq, sessions, proven_at, certificate,
    unit_proof.boot_id, left_boots, proven_spool, proven_seq, standing_changed_at
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
    sessions = unit_proof.sessions[greatest(1, cardinality(unit_proof.sessions) - 14):] || excluded.sessions

-- name: people_version
SELECT coalesce(max(version), 1) FROM people_list
