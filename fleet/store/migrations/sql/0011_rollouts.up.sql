-- Rollouts: units are brought to a manifest ring by ring. `content` and `plan` are the exact JSON that they began with;
-- `sha256` is of the manifest's file. `changed_by` and `changed_at` are of the state.

CREATE TABLE rollout (
    rollout_id text PRIMARY KEY CHECK (rollout_id ~ '^RO-[0-9a-f]{12}$'),
    title      text NOT NULL,
    manifest   text NOT NULL,
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content    text NOT NULL,
    plan       text NOT NULL,
    permits    text NOT NULL,
    state      text NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'done', 'cancelled')),
    reason     text NOT NULL DEFAULT '',
    made_by    text NOT NULL REFERENCES person,
    made_at    timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX rollout_newest ON rollout (made_at DESC, rollout_id);
CREATE INDEX rollout_goes_on ON rollout (rollout_id) WHERE state IN ('running', 'paused', 'stopped');

CREATE TABLE rollout_ring (
    rollout_id text NOT NULL REFERENCES rollout,
    ring       smallint NOT NULL CHECK (ring >= 0),
    name       text NOT NULL,
    begun_at   timestamptz,
    reached_at timestamptz,
    ended_at   timestamptz,
    forgiven   integer NOT NULL DEFAULT 0 CHECK (forgiven >= 0),
    PRIMARY KEY (rollout_id, ring)
);

-- `tellings` is how often the unit was told, `command_id` the last order; `spool_id` and `seq` are of the last report
-- that was taken. `reason` and `versions` are the unit's words. `changed_by` is `unit` or `controller`. `put_off` is how
-- often the unit refused for a reason that passes, `again_at` until when it is not told for the last of them.
CREATE TABLE rollout_unit (
    rollout_id  text NOT NULL REFERENCES rollout,
    unit_id     text NOT NULL REFERENCES unit,
    ring        smallint NOT NULL,
    turn        integer NOT NULL,
    update_id   text NOT NULL UNIQUE CHECK (update_id ~ '^UP-[0-9a-f]{12}$'),
    state       text NOT NULL CHECK (state IN ('waiting', 'told', 'working', 'done', 'failed', 'rolled-back', 'refused',
                                               'left-out')),
    tellings    integer NOT NULL DEFAULT 0 CHECK (tellings >= 0),
    command_id  text REFERENCES command,
    told_at     timestamptz,
    spool_id    bigint,
    seq         bigint,
    part        text CHECK (part IN ('agent', 'mcu', 'modem')),
    done_bytes  bigint NOT NULL DEFAULT 0,
    total_bytes bigint NOT NULL DEFAULT 0,
    reason      text NOT NULL DEFAULT '',
    versions    text NOT NULL DEFAULT '{}',
    put_off     integer NOT NULL DEFAULT 0 CHECK (put_off >= 0),
    again_at    timestamptz,
    changed_by  text,
    changed_at  timestamptz,
    PRIMARY KEY (rollout_id, unit_id),
    FOREIGN KEY (rollout_id, ring) REFERENCES rollout_ring,
    CHECK ((tellings = 0) = (told_at IS NULL)),
    CHECK (tellings > 0 OR state IN ('waiting', 'left-out'))
) WITH (fillfactor = 70);
-- A unit is in one rollout at a time.
CREATE UNIQUE INDEX rollout_unit_once ON rollout_unit (unit_id) WHERE state IN ('waiting', 'told', 'working');
CREATE INDEX rollout_unit_open ON rollout_unit (rollout_id) WHERE state IN ('waiting', 'told', 'working');
CREATE INDEX rollout_unit_command ON rollout_unit (command_id) WHERE command_id IS NOT NULL;
CREATE INDEX rollout_unit_of ON rollout_unit (unit_id, told_at);

-- Rings and units come with their rollout, in its transaction, which has the entry; nothing of them has happened yet.
CREATE FUNCTION check_rollout_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.rollout
            WHERE rollout_id = NEW.rollout_id AND state = 'running' AND xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'the rollout % has begun', NEW.rollout_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER with_its_rollout BEFORE INSERT ON rollout_ring FOR EACH ROW EXECUTE FUNCTION check_rollout_begun();
CREATE TRIGGER with_its_rollout BEFORE INSERT ON rollout_unit FOR EACH ROW EXECUTE FUNCTION check_rollout_begun();
CREATE FUNCTION refuse_what_has_happened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nothing of a new rollout has happened' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER new BEFORE INSERT ON rollout FOR EACH ROW WHEN (NEW.state <> 'running')
    EXECUTE FUNCTION refuse_what_has_happened();
CREATE TRIGGER new BEFORE INSERT ON rollout_ring FOR EACH ROW
    WHEN (NEW.begun_at IS NOT NULL OR NEW.reached_at IS NOT NULL OR NEW.ended_at IS NOT NULL OR NEW.forgiven > 0)
    EXECUTE FUNCTION refuse_what_has_happened();
CREATE TRIGGER new BEFORE INSERT ON rollout_unit FOR EACH ROW
    WHEN (NEW.state NOT IN ('waiting', 'left-out') OR NEW.tellings > 0 OR NEW.seq IS NOT NULL)
    EXECUTE FUNCTION refuse_what_has_happened();

-- Rings begin one after another, and what has come to be of one stays; who lets a rollout go on forgives, with an entry.
CREATE FUNCTION check_ring_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of public.rollout;
BEGIN
    IF OLD.begun_at <> coalesce(NEW.begun_at, '-infinity') OR OLD.reached_at <> coalesce(NEW.reached_at, '-infinity')
            OR OLD.ended_at <> coalesce(NEW.ended_at, '-infinity')
            OR (NEW.begun_at IS NULL AND (NEW.reached_at IS NOT NULL OR NEW.ended_at IS NOT NULL))
            OR (NEW.begun_at IS NOT NULL AND NEW.ring > 0 AND NOT EXISTS (
                SELECT FROM public.rollout_ring
                WHERE rollout_id = NEW.rollout_id AND ring = NEW.ring - 1 AND reached_at <= NEW.begun_at)) THEN
        RAISE EXCEPTION 'ring % of % does not come to that', NEW.ring, NEW.rollout_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.forgiven <> OLD.forgiven THEN
        SELECT * INTO of FROM public.rollout WHERE rollout_id = NEW.rollout_id;
        PERFORM public.check_rota_logged('rollout.resumed', of.changed_by, of.changed_at, 'rollout', NEW.rollout_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER step AFTER UPDATE ON rollout_ring DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_ring_step();

-- A rollout that is done or cancelled stays so.
CREATE FUNCTION check_rollout_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('done', 'cancelled') OR (NEW.state = 'done' AND OLD.state <> 'running')
        OR (NEW.state = 'stopped' AND OLD.state <> 'running') OR (NEW.state = 'paused' AND OLD.state <> 'running') THEN
        RAISE EXCEPTION 'the rollout % does not come from % to %', NEW.rollout_id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON rollout FOR EACH ROW EXECUTE FUNCTION check_rollout_step();

CREATE FUNCTION check_rollout_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged('rollout.started', NEW.made_by, NEW.made_at, 'rollout', NEW.rollout_id);
    ELSE
        PERFORM public.check_rota_logged(
            'rollout.' || CASE NEW.state WHEN 'running' THEN 'resumed' ELSE NEW.state END,
            NEW.changed_by, NEW.changed_at, 'rollout', NEW.rollout_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON rollout DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_rollout_logged();

-- An update that has ended stays as it ended; a unit is told of a rollout that runs only.
CREATE FUNCTION check_update_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('done', 'failed', 'rolled-back', 'refused', 'left-out') THEN
        RAISE EXCEPTION 'the update % has ended', NEW.update_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.tellings <> OLD.tellings + (NEW.state = 'told' AND OLD.state = 'waiting')::integer
        OR (NEW.state IN ('waiting', 'told') AND OLD.state = 'working') THEN
        RAISE EXCEPTION 'the update % does not come from % to %', NEW.update_id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'told' AND OLD.state <> 'told' AND NOT EXISTS (
            SELECT FROM public.rollout WHERE rollout_id = NEW.rollout_id AND state = 'running') THEN
        RAISE EXCEPTION 'the rollout % does not run', NEW.rollout_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER step BEFORE UPDATE ON rollout_unit FOR EACH ROW EXECUTE FUNCTION check_update_step();

-- Nobody is left out but of a rollout that was cancelled, or as a unit that was revoked or quarantined: both have their
-- entries. STABLE: it sees what the statement saw that leaves the unit out.
CREATE FUNCTION check_left_out() RETURNS trigger LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.unit WHERE unit_id = NEW.unit_id
                AND (state = 'revoked' OR (state <> 'active' AND OLD.state <> 'working')))
            AND NOT EXISTS (SELECT FROM public.rollout
                WHERE rollout_id = NEW.rollout_id AND state = 'cancelled' AND OLD.state <> 'working') THEN
        RAISE EXCEPTION 'the unit % is not left out', NEW.unit_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER left_out BEFORE UPDATE ON rollout_unit FOR EACH ROW
    WHEN (NEW.state = 'left-out' AND OLD.state <> 'left-out') EXECUTE FUNCTION check_left_out();

CREATE FUNCTION check_update_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tellings > OLD.tellings THEN
        PERFORM public.check_rota_logged(
            'unit.update-told', 'controller', NEW.told_at, 'update', NEW.update_id);
    END IF;
    IF NEW.state <> OLD.state AND NEW.state IN ('done', 'failed', 'rolled-back', 'refused') THEN
        PERFORM public.check_rota_logged(
            'unit.update-ended', NEW.changed_by, NEW.changed_at, 'update', NEW.update_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER UPDATE ON rollout_unit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_update_logged();

REVOKE EXECUTE ON FUNCTION check_rollout_begun, refuse_what_has_happened, check_ring_step, check_rollout_step, check_rollout_logged,
    check_update_step, check_left_out, check_update_logged FROM PUBLIC;

GRANT SELECT, INSERT ON rollout, rollout_ring, rollout_unit TO muster_controller;
GRANT UPDATE (state, reason, changed_by, changed_at) ON rollout TO muster_controller;
GRANT UPDATE (begun_at, reached_at, ended_at, forgiven) ON rollout_ring TO muster_controller;
GRANT UPDATE (state, tellings, command_id, told_at, spool_id, seq, part, done_bytes, total_bytes, reason, versions,
    put_off, again_at, changed_by, changed_at) ON rollout_unit TO muster_controller;
