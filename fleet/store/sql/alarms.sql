-- name: lock_open
SELECT * FROM alarm WHERE subject_kind = $1 AND subject = $2 AND kind = $3 AND closed_at IS NULL FOR UPDATE

-- name: lock_one
SELECT * FROM alarm WHERE alarm_id = $1 FOR UPDATE

-- name: lock_subject
SELECT pg_advisory_xact_lock(hashtextextended('muster alarm ' || $1, 0))

-- name: add
INSERT INTO alarm (alarm_id, subject_kind, subject, kind, deployment_id, severity, summary, in_page, rule, lasts, pages,
    route_to, raised_at, last_at, paged_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13)

-- name: again
UPDATE alarm SET count = count + 1, last_at = greatest(last_at, $2), severity = $3, summary = $4, lasts = $5,
    pages = $6, cleared_at = NULL, paged_from = CASE WHEN cleared_at IS NULL THEN paged_from ELSE $2 END
WHERE alarm_id = $1

-- name: clear
UPDATE alarm SET cleared_at = $2, closed_at = CASE WHEN acknowledged_at IS NULL THEN NULL ELSE $2::timestamptz END
WHERE alarm_id = $1

-- name: acknowledge
UPDATE alarm SET acknowledged_by = $2, acknowledged_at = $3, acknowledged_how = $4,
    cleared_at = CASE WHEN $5 THEN coalesce(cleared_at, $3) ELSE cleared_at END,
    closed_at = CASE WHEN $5 OR cleared_at IS NOT NULL OR NOT lasts THEN $3::timestamptz END
WHERE alarm_id = $1

-- name: views
SELECT alarm_no, alarm.alarm_id AS alarm, subject_kind, subject, coalesce(unit.label, subject) AS label, kind,
    alarm.deployment_id AS deployment, severity, summary, rule, raised_at, last_at, count, cleared_at, acknowledged_by,
    acknowledged_at, acknowledged_how, closed_at, pages, level, lasts, in_page, route_to, paged_from,
    subject_kind = 'unit' AND EXISTS (
        SELECT FROM alarm_window there
        WHERE (there.unit_id = subject OR there.deployment_id = alarm.deployment_id)
          AND there.starts_at <= $1 AND there.ends_at > $1 AND there.ended_at IS NULL) AS in_maintenance
FROM alarm LEFT JOIN unit ON subject_kind = 'unit' AND unit.unit_id = subject
WHERE ($2::text = '' OR alarm.alarm_id = $2)
  AND (NOT $3 OR closed_at IS NULL)
  AND ($4::text = '' OR (subject_kind = 'unit' AND subject = $4))
  AND ($5::text = '' OR alarm.deployment_id = $5)
  AND ($6::text = '' OR alarm_no < (SELECT alarm_no FROM alarm older WHERE older.alarm_id = $6))
  AND (NOT $8 OR (pages AND acknowledged_at IS NULL AND cleared_at IS NULL AND closed_at IS NULL))
ORDER BY CASE WHEN $8 THEN (severity <> 'alarm', alarm_no) END, alarm_no DESC LIMIT $7

-- name: set_level
UPDATE alarm SET level = greatest(level, $2) WHERE alarm_id = $1

-- name: page_anew
UPDATE alarm SET paged_from = $2 WHERE alarm_id = ANY($1)

-- name: to_consider
SELECT event_id, unit_id, source, kind, summary, received_at, repeat_key FROM event
WHERE severity = 'alarm' AND alarm_id IS NULL AND acknowledged_at IS NULL
ORDER BY event_id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: open_kinds
SELECT subject, kind FROM alarm WHERE subject_kind = 'unit' AND subject = ANY($1) AND closed_at IS NULL

-- name: consider
UPDATE event SET alarm_id = $2 WHERE event_id = $1

-- name: acknowledge_events
WITH taken AS (
    UPDATE event SET acknowledged_by = $2, acknowledged_at = $3
    WHERE alarm_id = $1 AND acknowledged_at IS NULL RETURNING event_id, unit_id)
SELECT event_id, unit_id FROM taken ORDER BY event_id

-- name: alarm_of_event
SELECT alarm_id FROM event WHERE event_id = $1

-- name: events_open
SELECT count(*) FROM event WHERE alarm_id = $1 AND acknowledged_at IS NULL

-- name: events
SELECT event_id, event.unit_id, coalesce(unit.label, '') AS label, source, kind, severity, summary, at, received_at,
    count, acknowledged_by, acknowledged_at
FROM event LEFT JOIN unit USING (unit_id) WHERE alarm_id = $1 ORDER BY event_id DESC LIMIT 20

-- name: open_of_rules
SELECT * FROM alarm WHERE closed_at IS NULL AND cleared_at IS NULL AND lasts AND subject_kind = 'unit'
    AND rule = ANY($1) ORDER BY alarm_no LIMIT 1000 FOR UPDATE

-- name: rules
SELECT version, document, changed_by, changed_at FROM alarm_rules ORDER BY version DESC LIMIT 1

-- name: lock_rules
SELECT pg_advisory_xact_lock(hashtext('muster alarm rules'))

-- name: add_rules
INSERT INTO alarm_rules (version, document, changed_by, changed_at) VALUES ($1, $2, $3, $4)

-- name: units_to_judge
SELECT live.unit_id, label, live.health, live.last_sampled_at AS sampled_at, states FROM unit_live live
JOIN unit USING (unit_id) LEFT JOIN alarm_unit_state USING (unit_id)
WHERE unit.state = 'active' AND live.health IS NOT NULL
  AND live.last_sampled_at IS DISTINCT FROM alarm_unit_state.sampled_at
ORDER BY live.unit_id LIMIT $1

-- name: units_silent
SELECT live.unit_id, label, live.presence, states FROM unit_live live
JOIN unit USING (unit_id) LEFT JOIN alarm_unit_state USING (unit_id)
WHERE unit.state = 'active' AND (live.presence IN ('stale', 'quiet') OR states LIKE '%"p:%')
ORDER BY live.unit_id LIMIT $1

-- name: units_out
SELECT unit_id, states FROM alarm_unit_state JOIN unit USING (unit_id)
WHERE unit.state <> 'active' AND states <> '{}' ORDER BY unit_id LIMIT 1000

-- name: set_states
INSERT INTO alarm_unit_state (unit_id, sampled_at, states)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[])
ON CONFLICT (unit_id) DO UPDATE SET sampled_at = excluded.sampled_at, states = excluded.states

-- name: set_presence_states
INSERT INTO alarm_unit_state (unit_id, states) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (unit_id) DO UPDATE SET states = excluded.states
