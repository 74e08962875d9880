-- On-call rotas: what they are, who was given which turn, what was changed; what is known of people for their sake;
-- call-outs and the rest given for them. Documents are JSON of `protocols.rota`; every version of one stays.

CREATE TABLE rota (
    rota_id  text PRIMARY KEY CHECK (rota_id ~ '^[a-z][a-z0-9-]{1,39}$'),
    version  integer NOT NULL CHECK (version > 0),
    ended_at timestamptz,
    ended_by text REFERENCES person,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

CREATE TABLE rota_version (
    rota_id    text NOT NULL REFERENCES rota DEFERRABLE INITIALLY DEFERRED,
    version    integer NOT NULL CHECK (version > 0),
    document   text NOT NULL,
    changed_by text NOT NULL REFERENCES person,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (rota_id, version)
);

ALTER TABLE rota ADD FOREIGN KEY (rota_id, version) REFERENCES rota_version DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE rota_plan (
    plan_id      text PRIMARY KEY,
    rota_id      text NOT NULL REFERENCES rota,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    based_on     integer NOT NULL,
    state        text NOT NULL CHECK (state IN ('solving', 'draft', 'failed', 'published', 'discarded')),
    made_by      text NOT NULL REFERENCES person,
    made_at      timestamptz NOT NULL,
    assigned     text NOT NULL,
    solving      text,
    counts       text,
    quality      text,
    beat_at      timestamptz,
    stop_asked   boolean NOT NULL DEFAULT false,
    published_by text REFERENCES person,
    published_at timestamptz,
    CHECK (starts_at < ends_at),
    CHECK ((published_by IS NULL) = (published_at IS NULL)),
    CHECK ((state = 'published') = (published_at IS NOT NULL)),
    FOREIGN KEY (rota_id, based_on) REFERENCES rota_version
);
CREATE INDEX rota_plan_made ON rota_plan (rota_id, made_at);
CREATE INDEX rota_plan_solving ON rota_plan (beat_at) WHERE state = 'solving';

-- The turns as they are published. `published_at` is since when the same person has been named for it.
CREATE TABLE rota_turn (
    rota_id      text NOT NULL REFERENCES rota,
    layer        text NOT NULL,
    starts_at    timestamptz NOT NULL,
    person_id    text REFERENCES person,
    fixed        boolean NOT NULL,
    published_at timestamptz NOT NULL,
    plan_id      text NOT NULL REFERENCES rota_plan,
    PRIMARY KEY (rota_id, layer, starts_at)
);
CREATE INDEX rota_turn_starts ON rota_turn (rota_id, starts_at);

CREATE TABLE rota_change (
    change_id      text PRIMARY KEY,
    rota_id        text NOT NULL REFERENCES rota,
    kind           text NOT NULL CHECK (kind IN ('override', 'swap', 'take-over')),
    state          text NOT NULL CHECK (state IN ('asked', 'agreed', 'approved', 'refused', 'undone', 'lapsed')),
    position       text NOT NULL,
    person_id      text NOT NULL REFERENCES person,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    gives          text REFERENCES person,
    back_position  text,
    back_starts_at timestamptz,
    back_ends_at   timestamptz,
    reason         text NOT NULL DEFAULT '',
    brings         text NOT NULL DEFAULT '[]',
    asked_by       text NOT NULL REFERENCES person,
    asked_at       timestamptz NOT NULL,
    agreed_by      text REFERENCES person,
    agreed_at      timestamptz,
    decided_by     text REFERENCES person,
    decided_at     timestamptz,
    undone_by      text REFERENCES person,
    undone_at      timestamptz,
    CHECK (starts_at < ends_at),
    CHECK (back_starts_at < back_ends_at),
    CHECK ((kind = 'swap') = (back_starts_at IS NOT NULL)),
    CHECK (num_nonnulls(back_position, back_starts_at, back_ends_at) IN (0, 3)),
    CHECK (kind <> 'swap' OR gives IS NOT NULL),
    CHECK (gives <> person_id),
    CHECK ((agreed_by IS NULL) = (agreed_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((undone_by IS NULL) = (undone_at IS NULL)),
    CHECK (state NOT IN ('approved', 'undone') OR decided_at IS NOT NULL),
    CHECK ((state = 'undone') = (undone_at IS NOT NULL))
);
CREATE INDEX rota_change_asked ON rota_change (rota_id, asked_at);
CREATE INDEX rota_change_waits ON rota_change (starts_at) WHERE state IN ('asked', 'agreed');
CREATE INDEX rota_change_holds ON rota_change (rota_id, ends_at) WHERE state IN ('approved', 'undone');

CREATE TABLE rota_terms (
    person_id  text NOT NULL REFERENCES person,
    version    integer NOT NULL CHECK (version > 0),
    terms      text NOT NULL,
    changed_by text NOT NULL REFERENCES person,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, version)
);

CREATE TABLE absence (
    absence_id   text PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    kind         text NOT NULL CHECK (kind IN ('annual', 'sick', 'family', 'other', 'away')),
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    zone         text NOT NULL,
    reference    text NOT NULL,
    recorded_by  text NOT NULL REFERENCES person,
    recorded_at  timestamptz NOT NULL,
    withdrawn_by text REFERENCES person,
    withdrawn_at timestamptz,
    CHECK (starts_at < ends_at),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX absence_person ON absence (person_id, ends_at);

CREATE TABLE wish (
    wish_id      text PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    wants        text NOT NULL CHECK (wants IN ('on', 'off')),
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    made_at      timestamptz NOT NULL,
    withdrawn_at timestamptz,
    CHECK (starts_at < ends_at)
);
CREATE INDEX wish_person ON wish (person_id, ends_at);

CREATE TABLE call_out (
    call_out_id  text PRIMARY KEY,
    rota_id      text NOT NULL REFERENCES rota,
    person_id    text NOT NULL REFERENCES person,
    position     text,
    left_home_at timestamptz NOT NULL,
    returned_at  timestamptz,
    break_min    integer NOT NULL CHECK (break_min BETWEEN 0 AND 600),
    reference    text NOT NULL,
    source       text NOT NULL CHECK (source IN ('hand', 'command', 'api')),
    recorded_by  text NOT NULL REFERENCES person,
    recorded_at  timestamptz NOT NULL,
    withdrawn_by text REFERENCES person,
    withdrawn_at timestamptz,
    CHECK (left_home_at < returned_at),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX call_out_person ON call_out (person_id, left_home_at);
CREATE INDEX call_out_rota ON call_out (rota_id, left_home_at);
CREATE INDEX call_out_open ON call_out (left_home_at) WHERE returned_at IS NULL AND withdrawn_at IS NULL;

CREATE TABLE work_done (
    work_id      text PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    break_min    integer NOT NULL CHECK (break_min BETWEEN 0 AND 600),
    recorded_by  text NOT NULL REFERENCES person,
    recorded_at  timestamptz NOT NULL,
    withdrawn_by text REFERENCES person,
    withdrawn_at timestamptz,
    CHECK (starts_at < ends_at),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX work_done_person ON work_done (person_id, starts_at);

CREATE TABLE compensatory_rest (
    rest_id      text PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    recorded_by  text NOT NULL REFERENCES person,
    recorded_at  timestamptz NOT NULL,
    withdrawn_by text REFERENCES person,
    withdrawn_at timestamptz,
    CHECK (starts_at < ends_at),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX compensatory_rest_person ON compensatory_rest (person_id, starts_at);

-- A feed lets in whoever has its address, so only the hash of its token is kept.
CREATE TABLE calendar_feed (
    calendar_id   text PRIMARY KEY,
    token_sha256  bytea NOT NULL UNIQUE,
    scope         text NOT NULL CHECK (scope IN ('mine', 'rota')),
    rota_id       text REFERENCES rota,
    person_id     text NOT NULL REFERENCES person,
    made_at       timestamptz NOT NULL,
    last_asked_at timestamptz,
    withdrawn_at  timestamptz,
    CHECK ((scope = 'rota') = (rota_id IS NOT NULL))
);
CREATE INDEX calendar_feed_person ON calendar_feed (person_id, made_at);

-- What was recorded is never written over: it is ended once, and another is recorded instead.
CREATE FUNCTION keep_rota_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'what was withdrawn stays so' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER once BEFORE UPDATE ON absence FOR EACH ROW EXECUTE FUNCTION keep_rota_record();
CREATE TRIGGER once BEFORE UPDATE ON wish FOR EACH ROW EXECUTE FUNCTION keep_rota_record();
CREATE TRIGGER once BEFORE UPDATE ON work_done FOR EACH ROW EXECUTE FUNCTION keep_rota_record();
CREATE TRIGGER once BEFORE UPDATE ON compensatory_rest FOR EACH ROW EXECUTE FUNCTION keep_rota_record();
CREATE TRIGGER once BEFORE UPDATE ON calendar_feed FOR EACH ROW EXECUTE FUNCTION keep_rota_record();

CREATE FUNCTION check_call_out_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR (OLD.returned_at IS NOT NULL
            AND (NEW.returned_at, NEW.break_min) IS DISTINCT FROM (OLD.returned_at, OLD.break_min)) THEN
        RAISE EXCEPTION 'a call-out ends once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON call_out FOR EACH ROW EXECUTE FUNCTION check_call_out_step();

CREATE FUNCTION check_rota_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
        RAISE EXCEPTION 'a rota goes on version by version, and ends once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON rota FOR EACH ROW EXECUTE FUNCTION check_rota_step();

CREATE FUNCTION check_rota_plan_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state = 'solving' AND NEW.state <> 'published'
            OR OLD.state = 'draft' AND NEW.state IN ('published', 'discarded')) THEN
        RAISE EXCEPTION 'a plan goes each step once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON rota_plan FOR EACH ROW EXECUTE FUNCTION check_rota_plan_step();

CREATE FUNCTION check_rota_change_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state IN ('asked', 'agreed') OR (OLD.state = 'approved' AND NEW.state = 'undone'))
        OR (OLD.state = 'agreed' AND NEW.state = 'asked')
        OR (OLD.agreed_at IS NOT NULL AND (NEW.agreed_by, NEW.agreed_at)
            IS DISTINCT FROM (OLD.agreed_by, OLD.agreed_at))
        OR (OLD.decided_at IS NOT NULL AND (NEW.decided_by, NEW.decided_at, NEW.brings)
            IS DISTINCT FROM (OLD.decided_by, OLD.decided_at, OLD.brings))
        OR NEW.undone_at < NEW.decided_at THEN
        RAISE EXCEPTION 'a change goes each step once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON rota_change FOR EACH ROW EXECUTE FUNCTION check_rota_change_step();

-- What decides who is on call holds only with its entry, written in the same transaction.
CREATE FUNCTION check_rota_logged(entry text, who text, since timestamptz, field text, id text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.log_entry
        WHERE leaf_index IS NULL AND kind = entry AND actor = who AND at = since
          AND position(convert_to(format('"kind":"%s"', entry), 'UTF8') IN body) > 0
          AND position(convert_to(format('"%s":"%s"', field, id), 'UTF8') IN body) > 0) THEN
        RAISE EXCEPTION '% holds with its entry in the log', id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END
$$;
CREATE FUNCTION check_rota_plan_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'published' THEN
        PERFORM public.check_rota_logged('rota.published', NEW.published_by, NEW.published_at, 'plan', NEW.plan_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON rota_plan DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_plan_logged();

CREATE FUNCTION check_rota_change_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'approved' THEN
        PERFORM public.check_rota_logged(
            'rota.change-approved', NEW.decided_by, NEW.decided_at, 'change', NEW.change_id);
    ELSIF NEW.state = 'undone' THEN
        PERFORM public.check_rota_logged('rota.change-undone', NEW.undone_by, NEW.undone_at, 'change', NEW.change_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON rota_change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_change_logged();

-- So do the records from which hours and rest follow: `TG_ARGV` are the kind of its entries and its id's name there.
CREATE FUNCTION check_rota_record_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    id text := to_jsonb(NEW) ->> TG_ARGV[2];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged(
            TG_ARGV[0] || '.recorded', NEW.recorded_by, NEW.recorded_at, TG_ARGV[1], id);
    ELSIF NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at THEN
        PERFORM public.check_rota_logged(
            TG_ARGV[0] || '.withdrawn', NEW.withdrawn_by, NEW.withdrawn_at, TG_ARGV[1], id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON absence DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_record_logged('absence', 'absence', 'absence_id');
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON call_out DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_record_logged('call-out', 'call_out', 'call_out_id');
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON work_done DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_record_logged('work', 'work', 'work_id');
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON compensatory_rest DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rota_record_logged('rest', 'rest', 'rest_id');

-- Turns are given while their plan is published, in the same transaction, and none that has begun.
CREATE FUNCTION check_rota_turn_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.rota_plan plan
        WHERE plan.plan_id = NEW.plan_id AND plan.rota_id = NEW.rota_id AND plan.state = 'published'
          AND plan.xmin = pg_current_xact_id()::xid
          AND plan.published_at < NEW.starts_at AND NEW.starts_at < plan.ends_at) THEN
        RAISE EXCEPTION 'turns are given by the plan that is being published'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER given BEFORE INSERT OR UPDATE ON rota_turn FOR EACH ROW EXECUTE FUNCTION check_rota_turn_given();
REVOKE EXECUTE ON FUNCTION keep_rota_record, check_call_out_step, check_rota_step, check_rota_plan_step,
    check_rota_change_step, check_rota_logged, check_rota_plan_logged, check_rota_change_logged,
    check_rota_record_logged, check_rota_turn_given FROM PUBLIC;
-- Which a trigger calls, as whoever wrote the row.
GRANT EXECUTE ON FUNCTION check_rota_logged TO muster_controller;

GRANT SELECT, INSERT ON rota, rota_version, rota_plan, rota_turn, rota_change, rota_terms, absence, wish, call_out,
    work_done, compensatory_rest, calendar_feed TO muster_controller;
GRANT UPDATE (version, ended_at, ended_by) ON rota TO muster_controller;
GRANT UPDATE (state, assigned, solving, counts, quality, beat_at, stop_asked, published_by, published_at) ON rota_plan
    TO muster_controller;
GRANT UPDATE (person_id, fixed, published_at, plan_id) ON rota_turn TO muster_controller;
GRANT UPDATE (state, brings, agreed_by, agreed_at, decided_by, decided_at, undone_by, undone_at) ON rota_change
    TO muster_controller;
GRANT UPDATE (withdrawn_by, withdrawn_at) ON absence, work_done, compensatory_rest TO muster_controller;
GRANT UPDATE (withdrawn_at) ON wish TO muster_controller;
GRANT UPDATE (returned_at, break_min, withdrawn_by, withdrawn_at) ON call_out TO muster_controller;
GRANT UPDATE (last_asked_at, withdrawn_at) ON calendar_feed TO muster_controller;

-- An alarm about a gap in cover ends when the gap does, and no person has taken it then.
ALTER TABLE event DROP CONSTRAINT event_acknowledged_by_fkey;
CREATE INDEX event_repeated ON event (repeat_key, event_id) WHERE repeat_key IS NOT NULL;
