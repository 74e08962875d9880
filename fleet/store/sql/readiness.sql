-- name: add
INSERT INTO readiness_certificate (certificate_id, deployment_id, item, unit_id, issued_at, issued_by, valid_until, passed,
    document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
