-- name: page
WITH latest AS (
    SELECT DISTINCT ON (site) site, surveyed_at, supply, signals FROM site_survey ORDER BY site, surveyed_at DESC
), busy AS (
    SELECT site, count(*) AS deployments FROM deployment WHERE state NOT IN ('closed', 'cancelled') GROUP BY site
)
SELECT site.site, site.version, surveyed_at, supply, coalesce(signals, '[]') AS signals, erased_at,
    coalesce(busy.deployments, 0)::integer AS deployments, (count(*) OVER ())::integer AS total
FROM site LEFT JOIN latest ON latest.site = site.site LEFT JOIN busy ON busy.site = site.site
WHERE ($1 = '' OR site.site = $1) AND NOT EXISTS (
    SELECT FROM unnest($2::text[]) AS term
    WHERE NOT concat_ws(' ', site.site, supply) ILIKE ANY (string_to_array(term, '|')))
ORDER BY site.site OFFSET $3 LIMIT $4

-- name: lock
SELECT address, access FROM site WHERE site = $1 FOR UPDATE

-- name: texts
SELECT address, access FROM site WHERE site = $1

-- name: add
INSERT INTO site (site, version, address, access) VALUES ($1, 1, $2, $3) ON CONFLICT DO NOTHING RETURNING site

-- name: change
UPDATE site SET version = $2, address = $3, access = $4 WHERE site = $1

-- name: erase
UPDATE site SET version = $2, address = '', access = '', erased_by = $3, erased_at = $4 WHERE site = $1

-- name: add_survey
INSERT INTO site_survey (site, surveyed_at, surveyed_by, supply, supply_mv, signals, note)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING site

-- name: surveys
SELECT surveyed_at, surveyed_by, supply, supply_mv, signals, note FROM site_survey WHERE site = $1
ORDER BY surveyed_at DESC LIMIT $2
