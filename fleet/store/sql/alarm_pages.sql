-- name: try_lock
SELECT pg_try_advisory_xact_lock(hashtext('muster alarming'))

-- name: of_alarms
SELECT page.alarm_id, round, page.level, person_id, state FROM page JOIN alarm USING (alarm_id, paged_from)
WHERE alarm_id = ANY($1) ORDER BY page_id

-- name: add
INSERT INTO page (alarm_id, paged_from, round, level, person_id, contact_id, state, queued_at, try_at, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
ON CONFLICT DO NOTHING

-- name: views
SELECT page_id AS page, page.person_id AS person, level, channel, state, tries, queued_at, sent_at, error
FROM page LEFT JOIN contact USING (contact_id) WHERE alarm_id = $1 ORDER BY page_id LIMIT 500

-- name: drop_of
UPDATE page SET state = 'dropped', error = $2 WHERE alarm_id = $1 AND state = 'queued' AND claimed_until IS NULL

-- name: drop_moot
UPDATE page SET state = 'dropped', error = 'not needed any more' FROM alarm
WHERE page.alarm_id = alarm.alarm_id AND page.state = 'queued' AND coalesce(claimed_until, $1) <= $1
  AND (alarm.acknowledged_at IS NOT NULL OR alarm.cleared_at IS NOT NULL)

-- name: lock_claims
SELECT pg_advisory_xact_lock(hashtext('muster pages'))

-- name: claim
WITH one AS (
    SELECT contact_id FROM page JOIN contact USING (contact_id)
    WHERE channel = $4 AND state = 'queued' AND try_at <= $1 AND coalesce(claimed_until, $1) <= $1
    ORDER BY try_at, page_id LIMIT 1 FOR UPDATE OF page SKIP LOCKED
), due AS (
    SELECT page_id FROM page JOIN one USING (contact_id)
    WHERE state = 'queued' AND try_at <= $1 AND coalesce(claimed_until, $1) <= $1
    ORDER BY page_id LIMIT $3 FOR UPDATE OF page SKIP LOCKED
)
UPDATE page SET claimed_until = $2, tries = tries + 1 FROM due, contact
WHERE page.page_id = due.page_id AND contact.contact_id = page.contact_id
RETURNING page.page_id, page.alarm_id, page.person_id, page.level, page.round, page.tries, page.contact_id,
    contact.channel, contact.address

-- name: sent
UPDATE page SET state = 'sent', sent_at = $2, claimed_until = NULL, error = ''
WHERE page_id = ANY($1) AND state = 'queued' RETURNING page_id

-- name: again
UPDATE page SET try_at = $2, claimed_until = NULL, error = $3 WHERE page_id = $1 AND state = 'queued'

-- name: failed
UPDATE page SET state = 'failed', claimed_until = NULL, error = $2
WHERE page_id = $1 AND state = 'queued' RETURNING page_id

-- name: add_link
INSERT INTO ack_link (token_sha256, alarm_id, person_id, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)

-- name: lock_link
SELECT token_sha256, alarm_id, person_id, expires_at, used_at FROM ack_link WHERE token_sha256 = $1 FOR UPDATE

-- name: use_link
UPDATE ack_link SET used_at = $2 WHERE token_sha256 = $1

-- name: forget_links
DELETE FROM ack_link WHERE expires_at < $1

-- name: beat
INSERT INTO alarming_heartbeat (at, round_s, last_error) VALUES ($1, $2, $3)
ON CONFLICT (only_row) DO UPDATE SET at = excluded.at, round_s = excluded.round_s, last_error = excluded.last_error,
    told_at = NULL

-- name: standing
SELECT (SELECT nullif(at, 'epoch') FROM alarming_heartbeat) AS at,
    (SELECT round_s FROM alarming_heartbeat) AS round_s,
    coalesce((SELECT last_error FROM alarming_heartbeat), '') AS last_error,
    (SELECT count(*) FROM page WHERE state = 'queued') AS pages_waiting,
    (SELECT min(greatest(try_at, claimed_until)) FROM page WHERE state = 'queued') AS oldest_due_at,
    (SELECT max(sent_at) FROM page WHERE state = 'sent') AS last_sent_at,
    coalesce((SELECT every(state = 'failed') AND count(*) = 5 FROM (
        SELECT state FROM page WHERE state IN ('sent', 'failed') AND contact_id IS NOT NULL
        ORDER BY page_id DESC LIMIT 5) AS last), false) AS contacts_failing

-- name: tell_dead
INSERT INTO alarming_heartbeat (at, round_s, last_error, told_at) VALUES ('epoch', 0, 'no round has ever ended', $1)
ON CONFLICT (only_row) DO UPDATE SET told_at = excluded.told_at
WHERE alarming_heartbeat.told_at IS NULL OR alarming_heartbeat.told_at < $2
RETURNING only_row

-- name: tell_dead_again
UPDATE alarming_heartbeat SET told_at = $1
