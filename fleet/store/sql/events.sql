-- name: add
INSERT INTO event (unit_id, source, kind, severity, summary, at, received_at, repeat_key, count)
VALUES ($1, 'controller', $2, $3, $4, $5, $5, $6, $7)
ON CONFLICT (repeat_key) WHERE repeat_key IS NOT NULL AND acknowledged_at IS NULL
DO UPDATE SET count = event.count + $7, received_at = excluded.received_at, summary = excluded.summary
RETURNING event_id, xmax = 0 AS fresh

-- name: page
SELECT event_id, event.unit_id, coalesce(unit.label, '') AS label, source, kind, severity, summary, at, received_at,
    count, acknowledged_by, acknowledged_at
FROM event LEFT JOIN unit USING (unit_id)
WHERE ($1::text IS NULL OR event.unit_id = $1)
  AND ($2::text[] IS NULL OR severity = ANY($2))
  AND (NOT $3 OR (acknowledged_at IS NULL AND severity <> 'info'))
  AND ($4::bigint IS NULL OR event_id < $4)
ORDER BY event_id DESC LIMIT $5

-- name: one
SELECT event_id, event.unit_id, coalesce(unit.label, '') AS label, source, kind, severity, summary, at, received_at,
    count, acknowledged_by, acknowledged_at
FROM event LEFT JOIN unit USING (unit_id) WHERE event_id = $1

-- name: acknowledge_repeated
UPDATE event SET acknowledged_by = $2, acknowledged_at = $3
WHERE repeat_key = $1 AND acknowledged_at IS NULL RETURNING event_id, kind

-- name: acknowledge
UPDATE event SET acknowledged_by = $2, acknowledged_at = $3
WHERE event_id = $1 AND acknowledged_at IS NULL RETURNING event_id
