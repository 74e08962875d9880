DROP VIEW unit_row;
CREATE VIEW unit_row AS
SELECT unit.unit_id, label, model, unit.state, key_protection,
    CASE WHEN unit.state = 'active' THEN presence ELSE unit.state END AS presence,
    session_up, session_changed_at, last_report_at, last_sampled_at, unit_settings.version AS settings_wanted,
    settings_running, settings_seen_at, coalesce(open_alarms.alarms, 0) AS alarms,
    supply_mv, undervolted, soc_temp_c, storage_used_percent, rsrp_dbm, clock_offset_ms
FROM unit JOIN unit_live USING (unit_id) JOIN unit_settings USING (unit_id)
LEFT JOIN (
    SELECT unit_id, count(*) AS alarms FROM event
    WHERE severity = 'alarm' AND acknowledged_at IS NULL GROUP BY unit_id
) open_alarms USING (unit_id);
GRANT SELECT ON unit_row TO muster_controller;
DROP TABLE watch_link, unit_position, readiness, opening_viewer, opening, mandate_signature, mandate, authority_review,
    authority;
DROP FUNCTION check_oral_authority, check_authority_step, keep_held_review, check_review_logged, check_mandate_signer,
    check_mandate_step, check_opening_step, keep_viewer_left;

-- As the deployment log made it.
CREATE OR REPLACE FUNCTION erase_log_texts(kinds text[], but_kinds text[], kept_from timestamptz, at_most integer,
    OUT texts bigint, OUT held bigint, OUT first_index bigint, OUT last_index bigint, OUT erased_kinds text[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT pg_advisory_xact_lock(hashtext('muster legal holds'));
    WITH past AS (
        SELECT entry.entry_id, log_text.field, entry.leaf_index, entry.kind,
            EXISTS (
                SELECT FROM public.legal_hold hold WHERE hold.released_at IS NULL
                AND (hold.unit_id IS NULL OR hold.unit_id = entry.unit_id)
                AND (hold.person_id IS NULL OR hold.person_id IN (entry.actor, entry.person))
                AND (hold.authority IS NULL OR hold.authority = entry.authority)
                AND (hold.deployment IS NULL OR hold.deployment = entry.deployment)
                AND (hold.kind IS NULL OR starts_with(entry.kind, hold.kind))
                AND (hold.since IS NULL OR entry.at >= hold.since) AND (hold.until IS NULL OR entry.at < hold.until)
            ) AS is_held
        FROM public.log_text JOIN public.log_entry entry USING (entry_id)
        WHERE entry.at < least(kept_from, now() - interval '1 year') AND entry.leaf_index IS NOT NULL
          AND EXISTS (SELECT FROM unnest(kinds) wanted WHERE starts_with(entry.kind, wanted))
          AND NOT EXISTS (SELECT FROM unnest(but_kinds) other WHERE starts_with(entry.kind, other))
    ), chosen AS (
        SELECT * FROM past WHERE NOT is_held ORDER BY leaf_index, field LIMIT at_most
    ), erased AS (
        DELETE FROM public.log_text USING chosen
        WHERE log_text.entry_id = chosen.entry_id AND log_text.field = chosen.field
        RETURNING chosen.leaf_index, chosen.kind
    ), found AS (
        SELECT count(*) AS lost, (SELECT count(*) FROM past WHERE is_held) AS kept, min(leaf_index) AS lowest,
            max(leaf_index) AS highest, coalesce(array_agg(DISTINCT kind ORDER BY kind), '{}') AS of_kinds
        FROM erased
    ), told AS (
        INSERT INTO public.log_erasure (kept_from, kinds, texts, held, first_index, last_index)
        SELECT $3, of_kinds, lost, kept, lowest, highest FROM found WHERE lost > 0
    )
    SELECT lost, kept, lowest, highest, of_kinds FROM found
$$;
