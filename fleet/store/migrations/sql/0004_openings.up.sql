-- Authorities, mandates, openings and what they found; the one last position of a unit.

CREATE TABLE authority (
    authority_id       text PRIMARY KEY,
    reference          text NOT NULL,
    kinds              text[] NOT NULL CHECK (cardinality(kinds) BETWEEN 1 AND 3),
    modalities         text[] NOT NULL CHECK (modalities <@ ARRAY['video', 'audio', 'position']),
    authorised_by_rank text NOT NULL,
    starts_at          timestamptz NOT NULL,
    ends_at            timestamptz NOT NULL,
    urgent_oral        boolean NOT NULL,
    statement_at       timestamptz,
    document_sha256    text,
    document_salt      text,
    note               text NOT NULL DEFAULT '',
    renews             text REFERENCES authority,
    recorded_by        text NOT NULL REFERENCES person,
    recorded_at        timestamptz NOT NULL,
    cancelled_by       text REFERENCES person,
    cancelled_at       timestamptz,
    CHECK (starts_at < ends_at),
    CHECK (NOT urgent_oral OR ends_at <= starts_at + interval '72 hours'),
    CHECK ((cancelled_by IS NULL) = (cancelled_at IS NULL)),
    CHECK (urgent_oral OR document_sha256 IS NOT NULL)
);
CREATE INDEX authority_reference ON authority (reference);
CREATE INDEX authority_recorded ON authority (recorded_at);
CREATE UNIQUE INDEX authority_renewed_once ON authority (renews) WHERE renews IS NOT NULL AND cancelled_at IS NULL;
-- Cancelled or not: or 72 hours of word of mouth would begin again with each cancellation.
CREATE UNIQUE INDEX authority_oral_once ON authority (lower(reference)) WHERE urgent_oral;

CREATE FUNCTION check_oral_authority() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.urgent_oral AND EXISTS (
        SELECT FROM public.authority WHERE authority_id = NEW.renews AND urgent_oral) THEN
        RAISE EXCEPTION 'word of mouth does not renew word of mouth' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER oral BEFORE INSERT ON authority FOR EACH ROW EXECUTE FUNCTION check_oral_authority();

-- The document changes with the statement alone. Its salt goes with the rank, as the erasure of free text does it: the
-- controllers' role can not write the rank.
CREATE FUNCTION check_authority_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.cancelled_at IS NOT NULL AND (NEW.cancelled_at, NEW.cancelled_by)
            IS DISTINCT FROM (OLD.cancelled_at, OLD.cancelled_by))
        OR (OLD.statement_at IS NOT NULL AND NEW.statement_at IS DISTINCT FROM OLD.statement_at)
        OR (NEW.statement_at IS NOT NULL AND (NOT NEW.urgent_oral OR NEW.document_sha256 IS NULL))
        OR (NEW.document_sha256 IS DISTINCT FROM OLD.document_sha256
            AND (OLD.statement_at IS NOT NULL OR NEW.statement_at IS NULL))
        OR (NEW.document_salt IS DISTINCT FROM OLD.document_salt AND NEW.document_salt IS NOT NULL
            AND (OLD.statement_at IS NOT NULL OR NEW.statement_at IS NULL))
        OR (OLD.document_salt IS NOT NULL AND NEW.document_salt IS NULL AND NEW.authorised_by_rank <> '') THEN
        RAISE EXCEPTION 'an authority goes each step once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON authority FOR EACH ROW EXECUTE FUNCTION check_authority_step();

CREATE TABLE authority_review (
    authority_id text NOT NULL REFERENCES authority,
    due_at       timestamptz NOT NULL,
    reviewed_at  timestamptz,
    reviewed_by  text REFERENCES person,
    PRIMARY KEY (authority_id, due_at),
    CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL))
);
CREATE INDEX authority_review_due ON authority_review (due_at) WHERE reviewed_at IS NULL;

CREATE FUNCTION keep_held_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.reviewed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a review that was held stays' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' AND OLD.due_at <= now() THEN
        RAISE EXCEPTION 'a review that is due stays until it is held' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER held_once BEFORE UPDATE OR DELETE ON authority_review
    FOR EACH ROW EXECUTE FUNCTION keep_held_review();

-- Held with its entry, or not at all. Looked for as the transaction commits, when its entry can not be a leaf yet. One
-- entry stands for all reviews that were due, or for the next one.
CREATE FUNCTION check_review_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reviewed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.log_entry
        WHERE leaf_index IS NULL AND kind = 'authority.reviewed' AND actor = NEW.reviewed_by AND at = NEW.reviewed_at
          AND position('"kind":"authority.reviewed"'::bytea IN body) > 0
          AND position(convert_to(format('"authority_id":"%s"', NEW.authority_id), 'UTF8') IN body) > 0) THEN
        RAISE EXCEPTION 'a review is held with its entry in the log' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.due_at > NEW.reviewed_at AND EXISTS (
        SELECT FROM public.authority_review other WHERE other.authority_id = NEW.authority_id
          AND other.reviewed_at = NEW.reviewed_at AND other.due_at < NEW.due_at) THEN
        RAISE EXCEPTION 'a review to come is held alone' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON authority_review DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_review_logged();

-- A draft until `recorded_at`, when both have signed. `text` is the exact line: it is erased with the free text of its
-- entry, and at once when a draft is discarded; `sha256` stays.
CREATE TABLE mandate (
    mandate_id   text PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('field', 'bench', 'retrieval')),
    unit_id      text NOT NULL REFERENCES unit,
    authority_id text REFERENCES authority,
    text         text NOT NULL,
    sha256       text NOT NULL,
    not_before   timestamptz NOT NULL,
    not_after    timestamptz NOT NULL,
    requester    text NOT NULL REFERENCES person,
    approver     text NOT NULL REFERENCES person,
    drafted_at   timestamptz NOT NULL,
    recorded_at  timestamptz,
    discarded_at timestamptz,
    cancelled_by text REFERENCES person,
    cancelled_at timestamptz,
    recovered_by text REFERENCES person,
    recovered_at timestamptz,
    CHECK (requester <> approver),
    CHECK (not_before < not_after),
    CHECK ((kind = 'bench') = (authority_id IS NULL)),
    CHECK (discarded_at IS NULL OR recorded_at IS NULL),
    CHECK ((cancelled_by IS NULL) = (cancelled_at IS NULL)),
    CHECK ((recovered_by IS NULL) = (recovered_at IS NULL)),
    CHECK (recovered_at IS NULL OR cancelled_at IS NOT NULL)
);
CREATE INDEX mandate_unit ON mandate (unit_id, not_after);
CREATE INDEX mandate_drafted ON mandate (drafted_at);
CREATE INDEX mandate_authority ON mandate (authority_id) WHERE authority_id IS NOT NULL;
CREATE INDEX mandate_unrecovered ON mandate (cancelled_at) WHERE cancelled_at IS NOT NULL AND recovered_at IS NULL;

CREATE TABLE mandate_signature (
    mandate_id text NOT NULL REFERENCES mandate,
    person_id  text NOT NULL REFERENCES person,
    signature  text NOT NULL,
    signed_at  timestamptz NOT NULL,
    PRIMARY KEY (mandate_id, person_id)
);

-- Only requester and approver sign, and a mandate is in force only when both have: whatever a program does.
CREATE FUNCTION check_mandate_signer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.mandate WHERE mandate_id = NEW.mandate_id
                   AND NEW.person_id IN (requester, approver) AND recorded_at IS NULL AND discarded_at IS NULL) THEN
        RAISE EXCEPTION 'only the requester and the approver sign a mandate, while it is a draft'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER signer BEFORE INSERT ON mandate_signature FOR EACH ROW EXECUTE FUNCTION check_mandate_signer();

CREATE FUNCTION check_mandate_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.recorded_at IS NOT NULL AND OLD.recorded_at IS NULL AND (
        SELECT count(*) FROM public.mandate_signature WHERE mandate_id = NEW.mandate_id
        AND person_id IN (NEW.requester, NEW.approver)) < 2 THEN
        RAISE EXCEPTION 'a mandate needs the signatures of two people' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.recorded_at IS NOT NULL AND NEW.recorded_at IS DISTINCT FROM OLD.recorded_at)
        OR (OLD.cancelled_at IS NOT NULL AND (NEW.cancelled_at, NEW.cancelled_by)
            IS DISTINCT FROM (OLD.cancelled_at, OLD.cancelled_by))
        OR (OLD.recovered_at IS NOT NULL AND (NEW.recovered_at, NEW.recovered_by)
            IS DISTINCT FROM (OLD.recovered_at, OLD.recovered_by))
        OR (OLD.discarded_at IS NOT NULL AND NEW.discarded_at IS DISTINCT FROM OLD.discarded_at)
        OR (NEW.cancelled_at IS NOT NULL AND NEW.recorded_at IS NULL)
        OR (NEW.text <> OLD.text AND NEW.text <> '') THEN
        RAISE EXCEPTION 'a mandate goes each step once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.discarded_at IS NOT NULL THEN
        NEW.text := '';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON mandate FOR EACH ROW EXECUTE FUNCTION check_mandate_step();

-- One picture or sound check, or one look at a position. `entry_id` is the entry of its first lease, or of its refusal.
CREATE TABLE opening (
    opening     text PRIMARY KEY,
    unit_id     text NOT NULL REFERENCES unit,
    mandate_id  text NOT NULL REFERENCES mandate,
    modalities  text[] NOT NULL CHECK (modalities <@ ARRAY['video', 'audio', 'position'] AND modalities <> '{}'),
    person_id   text NOT NULL REFERENCES person,
    controller  text NOT NULL,
    begun_at    timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('asking', 'granting', 'opening', 'live', 'closed', 'refused')),
    reason      text NOT NULL DEFAULT '',
    detail      text NOT NULL DEFAULT '',
    entry_id    bigint NOT NULL REFERENCES log_entry,
    leased_until timestamptz,
    live_at     timestamptz,
    closed_at   timestamptz,
    open_s      integer CHECK (open_s >= 0),
    result      text NOT NULL DEFAULT 'unjudged' CHECK (result IN ('passed', 'failed', 'unjudged')),
    CHECK ((state IN ('closed', 'refused')) = (closed_at IS NOT NULL)),
    CHECK (leased_until IS NOT NULL OR state = 'refused')
);
COMMENT ON COLUMN opening.controller IS 'the running controller that has the media: a random name, new at each start';
CREATE INDEX opening_unit ON opening (unit_id, begun_at DESC);
CREATE INDEX opening_mandate ON opening (mandate_id, begun_at);
CREATE INDEX opening_going_on ON opening (unit_id) WHERE state NOT IN ('closed', 'refused');

-- A carried lease may be handed in again where the unit refused it: only that one may have opened after all.
CREATE FUNCTION check_opening_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.closed_at IS NOT NULL AND NOT (OLD.controller = 'carried' AND OLD.state = 'refused')
            AND (NEW.state, NEW.reason, NEW.detail, NEW.closed_at, NEW.leased_until, NEW.live_at)
            IS DISTINCT FROM (OLD.state, OLD.reason, OLD.detail, OLD.closed_at, OLD.leased_until, OLD.live_at))
        OR NEW.leased_until < OLD.leased_until
        OR (OLD.leased_until IS NOT NULL AND NEW.leased_until IS NULL)
        OR (OLD.state = 'live' AND NEW.state = 'refused')
        OR (OLD.live_at IS NOT NULL AND NEW.live_at IS DISTINCT FROM OLD.live_at)
        OR (OLD.open_s IS NOT NULL AND (NEW.open_s < OLD.open_s OR NEW.open_s IS NULL))
        OR (OLD.result <> 'unjudged' AND NEW.result <> OLD.result) THEN
        RAISE EXCEPTION 'an opening ends once, and is judged once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON opening FOR EACH ROW EXECUTE FUNCTION check_opening_step();
REVOKE EXECUTE ON FUNCTION check_oral_authority, check_authority_step, keep_held_review, check_review_logged,
    check_mandate_signer, check_mandate_step, check_opening_step FROM PUBLIC;

CREATE TABLE opening_viewer (
    opening   text NOT NULL REFERENCES opening,
    viewer_id text NOT NULL,
    person_id text NOT NULL REFERENCES person,
    way       text NOT NULL CHECK (way IN ('terminal', 'browser', 'still')),
    joined_at timestamptz NOT NULL,
    left_at   timestamptz,
    PRIMARY KEY (opening, viewer_id)
);

CREATE FUNCTION keep_viewer_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.left_at IS NOT NULL AND NEW.left_at IS DISTINCT FROM OLD.left_at THEN
        RAISE EXCEPTION 'a viewer leaves once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER left_once BEFORE UPDATE ON opening_viewer FOR EACH ROW EXECUTE FUNCTION keep_viewer_left();
REVOKE EXECUTE ON FUNCTION keep_viewer_left FROM PUBLIC;

-- What a check found, in numbers. `measures` is JSON, see protocols.api.checks.Measure.
CREATE TABLE readiness (
    opening     text PRIMARY KEY REFERENCES opening,
    unit_id     text NOT NULL REFERENCES unit,
    measured_at timestamptz NOT NULL,
    measures    text NOT NULL,
    passed      boolean
);
CREATE INDEX readiness_unit ON readiness (unit_id, measured_at DESC);

-- The one last position of a unit. The next look overwrites it, the end of its mandate deletes it. `sealed` holds the
-- coordinates under a key that controllers alone have (`fleet.positions.sealing`), since row versions that are gone stay
-- in the table's pages for a while, and since a dump holds this table too unless it is told not to. UNLOGGED: not in the
-- write-ahead log, so in no backup made from it; empty after a crash.
CREATE UNLOGGED TABLE unit_position (
    unit_id    text PRIMARY KEY REFERENCES unit,
    opening    text NOT NULL,
    mandate_id text NOT NULL,
    sealed     bytea NOT NULL CHECK (octet_length(sealed) = 44),
    hdop       double precision NOT NULL,
    satellites integer,
    found_at   timestamptz NOT NULL
);

-- A one-time link for a browser: HMAC-SHA256 of its token, under a key that only the controller of the check has.
CREATE TABLE watch_link (
    token_mac bytea PRIMARY KEY,
    opening      text NOT NULL REFERENCES opening,
    person_id    text NOT NULL REFERENCES person,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);

-- As before, and with the texts of an authority's or a mandate's entry go the same texts beside it: the line of the
-- mandate; note, rank and document salt of the authority.
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
        RETURNING chosen.leaf_index, chosen.kind, chosen.entry_id
    ), papers AS (
        SELECT entry.kind, substring(encode(body, 'escape') FROM '"mandate":"(M-[0-9a-f]{12})"') AS mandate,
            substring(encode(body, 'escape') FROM '"authority_id":"(A-[0-9a-f]{12})"') AS authority
        FROM public.log_entry entry JOIN erased USING (entry_id)
        WHERE entry.kind IN ('mandate.recorded', 'authority.recorded')
    ), lines AS (
        UPDATE public.mandate SET text = '' FROM papers
        WHERE papers.kind = 'mandate.recorded' AND mandate_id = papers.mandate
    ), notes AS (
        UPDATE public.authority SET note = '', authorised_by_rank = '', document_salt = NULL FROM papers
        WHERE papers.kind = 'authority.recorded' AND authority_id = papers.authority
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

DROP VIEW unit_row;
CREATE VIEW unit_row AS
SELECT unit.unit_id, label, model, unit.state, key_protection,
    CASE WHEN unit.state = 'active' THEN presence ELSE unit.state END AS presence,
    session_up, session_changed_at, last_report_at, last_sampled_at, unit_settings.version AS settings_wanted,
    settings_running, settings_seen_at, coalesce(open_alarms.alarms, 0) AS alarms,
    supply_mv, undervolted, soc_temp_c, storage_used_percent, rsrp_dbm, clock_offset_ms,
    coalesce(now_open.open, '{}') AS open
FROM unit JOIN unit_live USING (unit_id) JOIN unit_settings USING (unit_id)
LEFT JOIN (
    SELECT unit_id, count(*) AS alarms FROM event
    WHERE severity = 'alarm' AND acknowledged_at IS NULL GROUP BY unit_id
) open_alarms USING (unit_id)
LEFT JOIN (
    SELECT unit_id, array_agg(DISTINCT modality ORDER BY modality) AS open
    FROM opening, unnest(modalities) AS modality WHERE opening.state IN ('opening', 'live') GROUP BY unit_id
) now_open USING (unit_id);
GRANT SELECT ON unit_row TO muster_controller;

GRANT SELECT ON authority, authority_review, mandate, mandate_signature, opening, opening_viewer, readiness,
    unit_position, watch_link TO muster_controller;
GRANT INSERT ON mandate_signature, opening, opening_viewer, readiness, unit_position, watch_link TO muster_controller;
GRANT INSERT (authority_id, reference, kinds, modalities, authorised_by_rank, starts_at, ends_at, urgent_oral,
    document_sha256, document_salt, note, renews, recorded_by, recorded_at) ON authority TO muster_controller;
GRANT INSERT (authority_id, due_at) ON authority_review TO muster_controller;
GRANT INSERT (mandate_id, kind, unit_id, authority_id, text, sha256, not_before, not_after, requester, approver,
    drafted_at) ON mandate TO muster_controller;
GRANT UPDATE (statement_at, document_sha256, document_salt, cancelled_by, cancelled_at) ON authority
    TO muster_controller;
GRANT UPDATE (reviewed_at, reviewed_by) ON authority_review TO muster_controller;
GRANT DELETE ON authority_review TO muster_controller;
GRANT UPDATE (recorded_at, discarded_at, cancelled_by, cancelled_at, recovered_by, recovered_at) ON mandate
    TO muster_controller;
GRANT UPDATE (state, reason, detail, leased_until, live_at, closed_at, open_s, result) ON opening
    TO muster_controller;
GRANT UPDATE (left_at) ON opening_viewer TO muster_controller;
GRANT UPDATE (used_at) ON watch_link TO muster_controller;
GRANT DELETE ON watch_link TO muster_controller;
GRANT UPDATE, DELETE ON unit_position TO muster_controller;
