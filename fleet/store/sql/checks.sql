-- name: add
INSERT INTO opening (opening, unit_id, mandate_id, modalities, person_id, controller, begun_at, state, reason, detail,
    entry_id, leased_until, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (opening) DO NOTHING RETURNING opening

-- name: lock_unit
SELECT state, session_up, session_nonce FROM unit JOIN unit_live USING (unit_id) WHERE unit_id = $1
FOR NO KEY UPDATE OF unit

-- name: unit_now
SELECT state, session_up, session_nonce FROM unit JOIN unit_live USING (unit_id) WHERE unit_id = $1

-- name: going_on
SELECT opening, leased_until AS until FROM opening
WHERE unit_id = $1 AND modalities && $2 AND state NOT IN ('closed', 'refused') AND opening <> $3 AND leased_until > $4
ORDER BY leased_until DESC

-- name: lease_until
UPDATE opening SET leased_until = greatest(leased_until, $2)
WHERE opening = $1 AND state NOT IN ('closed', 'refused') RETURNING opening

-- name: set_live
UPDATE opening SET state = 'live', live_at = $2 WHERE opening = $1 AND state NOT IN ('closed', 'refused', 'live')

-- name: close
UPDATE opening SET state = $2, reason = $3, detail = $4, closed_at = $5
WHERE opening = $1 AND state NOT IN ('closed', 'refused')

-- name: judge
UPDATE opening SET result = $2 WHERE opening = $1

-- name: was_open
UPDATE opening SET open_s = greatest(open_s, $2) WHERE opening = $1

-- name: recorded_end
UPDATE opening SET open_s = greatest(open_s, $5::integer),
    state = CASE WHEN state IN ('closed', 'refused') THEN state WHEN $3 THEN 'refused' ELSE 'closed' END,
    reason = CASE WHEN state IN ('closed', 'refused') THEN reason ELSE $4 END,
    closed_at = coalesce(closed_at, now())
WHERE unit_id = $1 AND opening = $2 AND (controller = 'carried' OR (state = 'closed' AND open_s IS NULL))

-- name: close_left
UPDATE opening SET state = 'closed', reason = 'expiry', closed_at = leased_until,
    detail = CASE controller
        WHEN 'carried' THEN 'a laptop carried its lease, which is over; the unit has not told yet what came of it'
        ELSE 'its controller is gone; the unit closed by itself at the end of its lease'
    END
WHERE state NOT IN ('closed', 'refused') AND leased_until < $1 AND NOT opening = ANY($2)
RETURNING opening, unit_id

-- name: views
SELECT opening.*, mandate.text AS line, leaf_index, readiness.measured_at, readiness.measures, readiness.passed,
    (SELECT coalesce(array_agg(DISTINCT viewer.person_id ORDER BY viewer.person_id), '{}')
     FROM opening_viewer AS viewer WHERE viewer.opening = opening.opening) AS viewers,
    CASE WHEN result <> 'unjudged' THEN coalesce(
        (SELECT max(log_text.text) FROM log_entry AS judged JOIN log_text USING (entry_id)
         WHERE judged.opening = opening.opening AND judged.leaf_index IS NOT NULL AND judged.kind = 'check.judged'),
        (SELECT max(log_text.text) FROM log_entry AS judged JOIN log_text USING (entry_id)
         WHERE judged.opening = opening.opening AND judged.leaf_index IS NULL AND judged.kind = 'check.judged')
    ) END AS note
FROM opening JOIN mandate USING (mandate_id) LEFT JOIN readiness USING (opening)
    LEFT JOIN log_entry USING (entry_id)
WHERE ($1::text IS NULL OR opening.opening = $1) AND ($2::text IS NULL OR opening.unit_id = $2)
ORDER BY begun_at DESC, opening.opening DESC LIMIT $3

-- name: lock_one
SELECT opening.unit_id, state, entry_id AS entry, result, passed, (
    SELECT reference FROM mandate JOIN authority USING (authority_id) WHERE mandate.mandate_id = opening.mandate_id
) AS authority
FROM opening LEFT JOIN readiness USING (opening) WHERE opening = $1 FOR UPDATE OF opening

-- name: used
SELECT modality, count(*) FILTER (WHERE began >= $2::timestamptz)::integer AS openings,
    coalesce(ceil(sum(greatest(0, extract(epoch FROM least(ended, $3::timestamptz) - greatest(began, $2::timestamptz))))), 0)::integer AS used_s
FROM (
    SELECT unnest(modalities) AS modality, coalesce(live_at, begun_at) AS began,
        coalesce(coalesce(live_at, begun_at) + make_interval(secs => open_s), closed_at, leased_until) AS ended
    FROM opening
    WHERE mandate_id = $1 AND entry_id IS NOT NULL AND (state <> 'refused' OR open_s > 0) AND begun_at >= $2::timestamptz - interval '6 hours'
) AS each
WHERE ended >= $2::timestamptz
GROUP BY modality

-- name: add_viewer
INSERT INTO opening_viewer (opening, viewer_id, person_id, way, joined_at) VALUES ($1, $2, $3, $4, $5)

-- name: viewer_left
UPDATE opening_viewer SET left_at = $3 WHERE opening = $1 AND viewer_id = $2 AND left_at IS NULL

-- name: viewers_left
UPDATE opening_viewer SET left_at = $2 WHERE opening = $1 AND left_at IS NULL

-- name: add_readiness
INSERT INTO readiness (opening, unit_id, measured_at, measures, passed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (opening) DO NOTHING

-- name: supply
SELECT supply_mv FROM health_report
WHERE unit_id = $1 AND sampled_at BETWEEN $2 AND $3 ORDER BY supply_mv IS NULL, sampled_at DESC LIMIT 1

-- name: add_link
INSERT INTO watch_link (token_mac, opening, person_id, expires_at) VALUES ($1, $2, $3, $4)

-- name: link
SELECT opening, person_id FROM watch_link WHERE token_mac = $1 AND used_at IS NULL AND expires_at > $2

-- name: use_link
UPDATE watch_link SET used_at = $2 WHERE token_mac = $1 AND used_at IS NULL AND expires_at > $2
RETURNING opening, person_id

-- name: drop_links
DELETE FROM watch_link WHERE expires_at < $1
