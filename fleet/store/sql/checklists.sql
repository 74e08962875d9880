-- name: templates
SELECT DISTINCT ON (kind, step) kind, step, version, items, changed_by, changed_at
FROM checklist_template ORDER BY kind, step, version DESC

-- name: template
SELECT kind, step, version, items, changed_by, changed_at
FROM checklist_template WHERE kind = $1 AND step = $2 ORDER BY version DESC LIMIT 1

-- name: add_template
INSERT INTO checklist_template (kind, step, version, items, changed_by, changed_at)
SELECT $1, $2, $3, $4, $5, $6
WHERE $3 = 1 + coalesce((SELECT max(version) FROM checklist_template WHERE kind = $1 AND step = $2), 0)
ON CONFLICT DO NOTHING
RETURNING version

-- name: begun
SELECT deployment_id, checklist.step, checklist.version, items
FROM checklist JOIN deployment USING (deployment_id)
LEFT JOIN checklist_template AS template
    ON template.kind = deployment.kind AND template.step = checklist.step AND template.version = checklist.version
WHERE deployment_id = ANY ($1::text[])

-- name: begin
INSERT INTO checklist (deployment_id, step, version, begun_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: latest
SELECT DISTINCT ON (deployment_id, step, key) deployment_id, step, key, ticked, text, number, met, by, at
FROM checklist_evidence WHERE deployment_id = ANY ($1::text[]) ORDER BY deployment_id, step, key, evidence_id DESC

-- name: count_evidence
SELECT count(*) FROM checklist_evidence WHERE deployment_id = $1

-- name: add_evidence
INSERT INTO checklist_evidence (deployment_id, step, key, ticked, text, number, met, by, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
