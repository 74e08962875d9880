-- Plans of harnesses by revision, which deployments were given, and what was measured once they were fitted.

CREATE TABLE harness (
    harness_id text PRIMARY KEY CHECK (harness_id ~ '^H-[0-9a-f]{12}$'),
    revision   integer NOT NULL CHECK (revision > 0)
);

-- A revision is what it was when it was kept; `sha256` is of its exact text. Counts are of what the rules said then.
CREATE TABLE harness_revision (
    harness_id    text NOT NULL REFERENCES harness,
    revision      integer NOT NULL CHECK (revision > 0),
    name          text NOT NULL CHECK (name ~ '^[A-Za-z][A-Za-z0-9_-]{0,23}$'),
    title         text NOT NULL,
    text          text NOT NULL,
    sha256        text NOT NULL CHECK (sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
    system_v      integer,
    loads         integer NOT NULL,
    conductors    integer NOT NULL,
    failed        integer NOT NULL,
    unjudged      integer NOT NULL,
    may_be_fitted boolean NOT NULL,
    kept_by       text NOT NULL REFERENCES person,
    kept_at       timestamptz NOT NULL,
    PRIMARY KEY (harness_id, revision)
);

-- `failed` is, as exact JSON, what did not pass when it was given.
CREATE TABLE deployment_harness (
    given_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment,
    harness_id    text NOT NULL,
    revision      integer NOT NULL,
    item          text REFERENCES kit_item,
    failed        text NOT NULL,
    given_by      text NOT NULL REFERENCES person,
    given_at      timestamptz NOT NULL,
    withdrawn_by  text REFERENCES person,
    withdrawn_at  timestamptz,
    FOREIGN KEY (harness_id, revision) REFERENCES harness_revision,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE UNIQUE INDEX deployment_harness_once ON deployment_harness (deployment_id, harness_id)
    WHERE withdrawn_at IS NULL;
CREATE INDEX deployment_harness_of ON deployment_harness (harness_id) WHERE withdrawn_at IS NULL;
CREATE INDEX deployment_harness_given ON deployment_harness (deployment_id, given_id);

-- Values as they were measured, and as they compared with the plan then; `sha256` is of both texts, one after the other.
CREATE TABLE harness_fitting (
    fitting_id text PRIMARY KEY CHECK (fitting_id ~ '^HF-[0-9a-f]{12}$'),
    given_id   bigint NOT NULL REFERENCES deployment_harness,
    measured   text NOT NULL,
    compared   text NOT NULL,
    sha256     text NOT NULL CHECK (sha256 = encode(sha256(convert_to(measured || compared, 'UTF8')), 'hex')),
    passed     boolean NOT NULL,
    note       text NOT NULL,
    made_by    text NOT NULL REFERENCES person,
    made_at    timestamptz NOT NULL,
    number     bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX harness_fitting_of ON harness_fitting (given_id, number);

-- Revisions count up by one, and a harness is at its newest.
CREATE FUNCTION check_harness_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public.harness WHERE harness_id = NEW.harness_id FOR UPDATE;
    IF NEW.revision <> 1 + (
            SELECT coalesce(max(revision), 0) FROM public.harness_revision WHERE harness_id = NEW.harness_id) THEN
        RAISE EXCEPTION 'a revision of % follows the one before', NEW.harness_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follows BEFORE INSERT ON harness_revision FOR EACH ROW EXECUTE FUNCTION check_harness_revision();

CREATE FUNCTION check_harness_newest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT revision FROM public.harness WHERE harness_id = NEW.harness_id) IS DISTINCT FROM (
            SELECT max(revision) FROM public.harness_revision WHERE harness_id = NEW.harness_id) THEN
        RAISE EXCEPTION 'the harness % is at its newest revision', NEW.harness_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER at_newest AFTER INSERT OR UPDATE ON harness DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_harness_newest();
CREATE CONSTRAINT TRIGGER at_newest AFTER INSERT ON harness_revision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_harness_newest();

CREATE FUNCTION check_harness_kept_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('harness.kept', NEW.kept_by, NEW.kept_at, 'harness', NEW.harness_id);
    PERFORM public.check_rota_logged('harness.kept', NEW.kept_by, NEW.kept_at, 'sha256', NEW.sha256);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON harness_revision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_harness_kept_logged();

CREATE FUNCTION check_harness_given_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry text := 'deployment.harness-given';
    who text := NEW.given_by;
    since timestamptz := NEW.given_at;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        entry := 'deployment.harness-withdrawn';
        who := NEW.withdrawn_by;
        since := NEW.withdrawn_at;
    END IF;
    PERFORM public.check_rota_logged(entry, who, since, 'deployment', NEW.deployment_id);
    PERFORM public.check_rota_logged(entry, who, since, 'harness', NEW.harness_id);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON deployment_harness DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_harness_given_logged();
CREATE TRIGGER once BEFORE UPDATE ON deployment_harness FOR EACH ROW EXECUTE FUNCTION keep_released('withdrawn_at');

-- What a deployment does not have any more is not measured for it.
CREATE FUNCTION check_harness_fitting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public.deployment_harness WHERE given_id = NEW.given_id AND withdrawn_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what is measured is a harness of a deployment'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER of_a_given_one BEFORE INSERT ON harness_fitting FOR EACH ROW EXECUTE FUNCTION check_harness_fitting();

CREATE FUNCTION check_harness_fitted_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('deployment.harness-fitted', NEW.made_by, NEW.made_at, 'fitting', NEW.fitting_id);
    PERFORM public.check_rota_logged('deployment.harness-fitted', NEW.made_by, NEW.made_at, 'sha256', NEW.sha256);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON harness_fitting DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_harness_fitted_logged();

REVOKE EXECUTE ON FUNCTION check_harness_revision, check_harness_newest, check_harness_kept_logged,
    check_harness_given_logged, check_harness_fitting, check_harness_fitted_logged FROM PUBLIC;

GRANT SELECT, INSERT ON harness, harness_revision, deployment_harness, harness_fitting TO muster_controller;
GRANT UPDATE (revision) ON harness TO muster_controller;
GRANT UPDATE (withdrawn_by, withdrawn_at) ON deployment_harness TO muster_controller;
