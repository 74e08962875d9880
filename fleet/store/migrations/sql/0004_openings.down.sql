DROP TABLE watch_link, unit_position, readiness, opening_viewer, opening, mandate_signature, mandate, authority_review,
    authority;
DROP FUNCTION check_authority_step, keep_held_review, check_mandate_signer, check_mandate_step;

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
