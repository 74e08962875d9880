-- Somebody who is out says from time to time that all is well. Nothing but times is kept. `due_told_at` and
-- `missed_told_at` are when the answer that is due now was asked for, and when it was told that it is missing.
-- `deployment_id` is no foreign key: whoever has locked a deployment waits for its people, and they not for it.
CREATE TABLE welfare (
    welfare_id     text PRIMARY KEY CHECK (welfare_id ~ '^WF-[0-9a-f]{12}$'),
    person_id      text NOT NULL REFERENCES person,
    call_out_id    text UNIQUE REFERENCES call_out,
    visit_id       text REFERENCES visit,
    deployment_id  text,
    every_min      integer NOT NULL CHECK (every_min BETWEEN 5 AND 480),
    grace_min      integer NOT NULL CHECK (grace_min BETWEEN 1 AND 480),
    started_by     text NOT NULL REFERENCES person,
    started_at     timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    answers        integer NOT NULL DEFAULT 0 CHECK (answers >= 0),
    answered_at    timestamptz,
    due_told_at    timestamptz,
    missed_told_at timestamptz,
    ended_by       text REFERENCES person,
    ended_at       timestamptz,
    ended_how      text CHECK (ended_how IN ('returned', 'withdrawn', 'self', 'supervisor', 'superseded')),
    CHECK (num_nonnulls(call_out_id, visit_id) <= 1),
    CHECK (due_at > coalesce(answered_at, started_at)),
    CHECK ((answers = 0) = (answered_at IS NULL)),
    CHECK (num_nonnulls(ended_by, ended_at, ended_how) IN (0, 3))
);
CREATE UNIQUE INDEX welfare_runs ON welfare (person_id) WHERE ended_at IS NULL;
CREATE INDEX welfare_due ON welfare (due_at) WHERE ended_at IS NULL;
CREATE INDEX welfare_ended ON welfare (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE welfare_answer (
    welfare_id  text NOT NULL REFERENCES welfare,
    number      integer NOT NULL CHECK (number > 0),
    due_at      timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    how         text NOT NULL CHECK (how IN ('said', 'page')),
    PRIMARY KEY (welfare_id, number)
);

-- A sheet is what it was when it was made; `sha256` is of its exact text. One sheet counts for a change.
CREATE TABLE handover (
    handover_id   text PRIMARY KEY CHECK (handover_id ~ '^HO-[0-9a-f]{12}$'),
    rota_id       text NOT NULL REFERENCES rota,
    change_at     timestamptz NOT NULL,
    outgoing      text NOT NULL REFERENCES person,
    incoming      text NOT NULL REFERENCES person,
    sheet         text NOT NULL,
    sha256        text NOT NULL CHECK (sha256 = encode(sha256(convert_to(sheet, 'UTF8')), 'hex')),
    made_by       text NOT NULL REFERENCES person,
    made_at       timestamptz NOT NULL,
    superseded_by text REFERENCES handover DEFERRABLE INITIALLY DEFERRED,
    CHECK (outgoing <> incoming)
);
CREATE UNIQUE INDEX handover_counts ON handover (rota_id, change_at) WHERE superseded_by IS NULL;
CREATE INDEX handover_newest ON handover (change_at, made_at);

CREATE TABLE handover_ack (
    handover_id text NOT NULL REFERENCES handover,
    person_id   text NOT NULL REFERENCES person,
    part        text NOT NULL CHECK (part IN ('outgoing', 'incoming')),
    sha256      text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (handover_id, part)
);

-- A timer goes on by answers only, and what has ended stays so.
CREATE FUNCTION check_welfare_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL
        OR (NEW.answers, NEW.answered_at, NEW.due_at) IS DISTINCT FROM (OLD.answers, OLD.answered_at, OLD.due_at)
            AND (NEW.answers <> OLD.answers + 1
                OR NEW.due_at <> NEW.answered_at + make_interval(mins => NEW.every_min)
                OR NOT EXISTS (
                    SELECT FROM public.welfare_answer
                    WHERE welfare_id = NEW.welfare_id AND number = NEW.answers AND answered_at = NEW.answered_at
                        AND due_at = OLD.due_at)) THEN
        RAISE EXCEPTION 'a welfare timer goes on by answers' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON welfare FOR EACH ROW EXECUTE FUNCTION check_welfare_step();

CREATE FUNCTION check_welfare_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged('welfare.started', NEW.started_by, NEW.started_at, 'welfare', NEW.welfare_id);
    ELSIF NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
        PERFORM public.check_rota_logged('welfare.ended', NEW.ended_by, NEW.ended_at, 'welfare', NEW.welfare_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON welfare DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_welfare_logged();

-- Nobody answers for somebody else.
CREATE FUNCTION check_welfare_answer_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('welfare.answered', person_id, NEW.answered_at, 'welfare', NEW.welfare_id)
        FROM public.welfare WHERE welfare_id = NEW.welfare_id;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON welfare_answer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_welfare_answer_logged();

CREATE FUNCTION check_handover_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('handover.made', NEW.made_by, NEW.made_at, 'handover', NEW.handover_id);
    PERFORM public.check_rota_logged('handover.made', NEW.made_by, NEW.made_at, 'sha256', NEW.sha256);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON handover DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_handover_logged();

-- What both have acknowledged stays, and so does what another sheet has taken the place of.
CREATE FUNCTION check_handover_superseded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.superseded_by IS NOT NULL
        OR (SELECT count(*) FROM public.handover_ack WHERE handover_id = NEW.handover_id) = 2 THEN
        RAISE EXCEPTION 'the handover % is over', NEW.handover_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER once BEFORE UPDATE ON handover FOR EACH ROW EXECUTE FUNCTION check_handover_superseded();

-- The two whose it is acknowledge the sheet that counts, as it is.
CREATE FUNCTION check_handover_ack() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sheet record;
BEGIN
    SELECT outgoing, incoming, sha256, superseded_by INTO sheet FROM public.handover
        WHERE handover_id = NEW.handover_id FOR SHARE;
    IF sheet.superseded_by IS NOT NULL OR sheet.sha256 <> NEW.sha256
        OR NEW.person_id <> (CASE NEW.part WHEN 'outgoing' THEN sheet.outgoing ELSE sheet.incoming END) THEN
        RAISE EXCEPTION 'the two of a handover acknowledge its sheet' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER of_the_two BEFORE INSERT ON handover_ack FOR EACH ROW EXECUTE FUNCTION check_handover_ack();

CREATE FUNCTION check_handover_ack_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('handover.acknowledged', NEW.person_id, NEW.at, 'handover', NEW.handover_id);
    PERFORM public.check_rota_logged('handover.acknowledged', NEW.person_id, NEW.at, 'sha256', NEW.sha256);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON handover_ack DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_handover_ack_logged();

REVOKE EXECUTE ON FUNCTION check_welfare_step, check_welfare_logged, check_welfare_answer_logged, check_handover_logged,
    check_handover_superseded, check_handover_ack, check_handover_ack_logged FROM PUBLIC;

GRANT SELECT, INSERT ON welfare, welfare_answer, handover, handover_ack TO muster_controller;
GRANT UPDATE (due_at, answers, answered_at, due_told_at, missed_told_at, ended_by, ended_at, ended_how) ON welfare
    TO muster_controller;
GRANT UPDATE (superseded_by) ON handover TO muster_controller;
