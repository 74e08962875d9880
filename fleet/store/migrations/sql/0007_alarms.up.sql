-- Alarms: the rules that raise them, whom they page, and whether all of that is alive.

CREATE TABLE alarm_rules (
    version    integer PRIMARY KEY CHECK (version > 0),
    document   text NOT NULL,
    changed_by text NOT NULL REFERENCES person,
    changed_at timestamptz NOT NULL
);

-- `lasts`: its condition can be over. `in_page`: its summary may leave the house. `paged_from` is when paging began,
-- anew after a maintenance window, or where the condition came back.
CREATE TABLE alarm (
    alarm_no         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id         text NOT NULL UNIQUE CHECK (alarm_id ~ '^AL-[0-9a-f]{12}$'),
    subject_kind     text NOT NULL CHECK (subject_kind IN ('unit', 'deployment', 'person', 'rota', 'controller')),
    subject          text NOT NULL,
    kind             text NOT NULL,
    deployment_id    text REFERENCES deployment,
    severity         text NOT NULL CHECK (severity IN ('warning', 'alarm')),
    summary          text NOT NULL,
    in_page          boolean NOT NULL,
    rule             text NOT NULL,
    lasts            boolean NOT NULL,
    pages            boolean NOT NULL,
    route_to         text[] NOT NULL,
    raised_at        timestamptz NOT NULL,
    last_at          timestamptz NOT NULL,
    count            bigint NOT NULL DEFAULT 1,
    paged_from       timestamptz NOT NULL,
    level            smallint CHECK (level BETWEEN 0 AND 2),
    cleared_at       timestamptz,
    acknowledged_by  text,
    acknowledged_at  timestamptz,
    acknowledged_how text CHECK (acknowledged_how IN ('console', 'command', 'link', 'event', 'controller')),
    closed_at        timestamptz,
    CHECK (num_nonnulls(acknowledged_by, acknowledged_at, acknowledged_how) IN (0, 3)),
    CHECK ((closed_at IS NOT NULL) = (acknowledged_at IS NOT NULL AND (cleared_at IS NOT NULL OR NOT lasts)))
);
CREATE UNIQUE INDEX alarm_open ON alarm (subject_kind, subject, kind) WHERE closed_at IS NULL;
CREATE INDEX alarm_to_page ON alarm (alarm_no)
    WHERE pages AND acknowledged_at IS NULL AND cleared_at IS NULL AND closed_at IS NULL;
CREATE INDEX alarm_of_deployment ON alarm (deployment_id, alarm_no) WHERE deployment_id IS NOT NULL;
CREATE INDEX alarm_of_subject ON alarm (subject_kind, subject, alarm_no);

ALTER TABLE event ADD COLUMN alarm_id text REFERENCES alarm (alarm_id);
CREATE INDEX event_to_consider ON event (event_id)
    WHERE severity = 'alarm' AND alarm_id IS NULL AND acknowledged_at IS NULL;
CREATE INDEX event_of_alarm ON event (alarm_id) WHERE alarm_id IS NOT NULL;

CREATE TABLE alarm_window (
    window_id     text PRIMARY KEY,
    unit_id       text REFERENCES unit,
    deployment_id text REFERENCES deployment,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    reason        text NOT NULL,
    made_by       text NOT NULL REFERENCES person,
    made_at       timestamptz NOT NULL,
    ended_by      text REFERENCES person,
    ended_at      timestamptz,
    CHECK (num_nonnulls(unit_id, deployment_id) = 1),
    CHECK (starts_at < ends_at AND ends_at <= starts_at + interval '24 hours'),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX alarm_window_there ON alarm_window (ends_at) WHERE ended_at IS NULL;

-- An address that is withdrawn is forgotten. `works`: whether the last page that went there was taken.
CREATE TABLE contact (
    contact_id   text PRIMARY KEY,
    person_id    text NOT NULL REFERENCES person,
    channel      text NOT NULL CHECK (channel IN ('e-mail', 'webhook')),
    address      text NOT NULL,
    added_at     timestamptz NOT NULL,
    tested_at    timestamptz,
    works        boolean,
    withdrawn_at timestamptz,
    CHECK ((withdrawn_at IS NULL) = (address <> ''))
);
CREATE INDEX contact_person ON contact (person_id, added_at) WHERE withdrawn_at IS NULL;

-- `round`: 0 the first time through the levels, then how often all were paged again. Without a person: nobody was there.
-- `claimed_until`: a controller is sending it; past that time, another may.
CREATE TABLE page (
    page_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id      text NOT NULL REFERENCES alarm (alarm_id),
    paged_from    timestamptz NOT NULL,
    round         integer NOT NULL CHECK (round >= 0),
    level         smallint NOT NULL CHECK (level BETWEEN 0 AND 2),
    person_id     text REFERENCES person,
    contact_id    text REFERENCES contact,
    state         text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'dropped')),
    tries         integer NOT NULL DEFAULT 0,
    queued_at     timestamptz NOT NULL,
    try_at        timestamptz NOT NULL,
    claimed_until timestamptz,
    sent_at       timestamptz,
    error         text NOT NULL DEFAULT '',
    UNIQUE NULLS NOT DISTINCT (alarm_id, paged_from, round, level, person_id, contact_id),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (state IN ('failed', 'dropped') OR contact_id IS NOT NULL)
);
CREATE INDEX page_waiting ON page (try_at) WHERE state = 'queued';
CREATE INDEX page_done ON page (sent_at) WHERE state = 'sent';

-- A link acknowledges in somebody's name, so only the hash of its token is kept.
CREATE TABLE ack_link (
    token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    alarm_id     text NOT NULL REFERENCES alarm (alarm_id),
    person_id    text NOT NULL REFERENCES person,
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE INDEX ack_link_expires ON ack_link (expires_at);

-- How far each unit's rules are: `states` is JSON by the rule's name. `sampled_at` null: its newest report is to be
-- judged again, because a maintenance window held the answer back.
CREATE TABLE alarm_unit_state (
    unit_id    text PRIMARY KEY REFERENCES unit,
    sampled_at timestamptz,
    states     text NOT NULL
);

CREATE TABLE alarming_heartbeat (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at            timestamptz NOT NULL,
    round_s       double precision NOT NULL,
    last_error    text NOT NULL,
    told_at       timestamptz
);

-- An alarm says for good what it was raised for, and goes each step once.
CREATE FUNCTION check_alarm_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL
        OR (OLD.acknowledged_at IS NOT NULL
            AND (NEW.acknowledged_by, NEW.acknowledged_at, NEW.acknowledged_how)
                IS DISTINCT FROM (OLD.acknowledged_by, OLD.acknowledged_at, OLD.acknowledged_how))
        OR NEW.count < OLD.count OR NEW.last_at < OLD.last_at THEN
        RAISE EXCEPTION 'an alarm goes each step once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON alarm FOR EACH ROW EXECUTE FUNCTION check_alarm_step();

CREATE FUNCTION check_page_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'queued' OR NEW.tries < OLD.tries THEN
        RAISE EXCEPTION 'a page is sent once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON page FOR EACH ROW EXECUTE FUNCTION check_page_step();

CREATE FUNCTION keep_alarm_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
        RAISE EXCEPTION 'what has ended stays so' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER once BEFORE UPDATE ON alarm_window FOR EACH ROW EXECUTE FUNCTION keep_alarm_record('ended_at');
CREATE TRIGGER once BEFORE UPDATE ON contact FOR EACH ROW EXECUTE FUNCTION keep_alarm_record('withdrawn_at');
CREATE TRIGGER once BEFORE UPDATE ON ack_link FOR EACH ROW EXECUTE FUNCTION keep_alarm_record('used_at');

-- Whoever takes an alarm does it with the entry, written in the same transaction.
CREATE FUNCTION check_alarm_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged('alarm.raised', 'controller', NEW.raised_at, 'alarm', NEW.alarm_id);
    ELSIF NEW.acknowledged_at IS DISTINCT FROM OLD.acknowledged_at THEN
        PERFORM public.check_rota_logged(
            'alarm.acknowledged', NEW.acknowledged_by, NEW.acknowledged_at, 'alarm', NEW.alarm_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON alarm DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_alarm_logged();

REVOKE EXECUTE ON FUNCTION check_alarm_step, check_page_step, keep_alarm_record, check_alarm_logged FROM PUBLIC;

GRANT SELECT, INSERT ON alarm_rules, alarm, alarm_window, contact, page, ack_link, alarm_unit_state,
    alarming_heartbeat TO muster_controller;
GRANT UPDATE (severity, summary, lasts, pages, last_at, count, paged_from, level, cleared_at, acknowledged_by,
    acknowledged_at, acknowledged_how, closed_at) ON alarm TO muster_controller;
GRANT UPDATE (ended_by, ended_at) ON alarm_window TO muster_controller;
GRANT UPDATE (address, tested_at, works, withdrawn_at) ON contact TO muster_controller;
GRANT UPDATE (state, tries, try_at, claimed_until, sent_at, error) ON page TO muster_controller;
GRANT UPDATE (used_at) ON ack_link TO muster_controller;
GRANT DELETE ON ack_link TO muster_controller;
GRANT UPDATE, DELETE ON alarm_unit_state TO muster_controller;
GRANT UPDATE ON alarming_heartbeat TO muster_controller;
