-- Kit with its custody, sites, and deployments. What can not be in two places is held by exclusion constraints.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Stores, vans and benches of the unit's own.
CREATE TABLE kit_place (
    place  text PRIMARY KEY CHECK (place ~ '^[A-Z0-9][A-Z0-9-]{0,11}$'),
    name   text NOT NULL,
    keeper text NOT NULL REFERENCES person
);

CREATE TABLE kit_model (
    model      text PRIMARY KEY CHECK (model ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    version    integer NOT NULL CHECK (version > 0),
    kind       text NOT NULL,
    counted    boolean NOT NULL,
    document   text NOT NULL,
    stock      integer NOT NULL DEFAULT 0 CHECK (stock >= 0),
    changed_by text NOT NULL REFERENCES person,
    changed_at timestamptz NOT NULL,
    CHECK (counted OR stock = 0)
);

CREATE TABLE kit_stock_move (
    move_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model         text NOT NULL REFERENCES kit_model,
    change        integer NOT NULL CHECK (change <> 0),
    deployment_id text,
    note          text NOT NULL,
    moved_by      text NOT NULL REFERENCES person,
    moved_at      timestamptz NOT NULL
);
CREATE INDEX kit_stock_move_model ON kit_stock_move (model, moved_at);

CREATE SEQUENCE kit_item_number;

CREATE TABLE site (
    site      text PRIMARY KEY CHECK (site ~ '^[A-Z][A-Z0-9-]{0,11}$'),
    version   integer NOT NULL CHECK (version > 0),
    address   text NOT NULL DEFAULT '',
    access    text NOT NULL DEFAULT '',
    erased_at timestamptz,
    erased_by text REFERENCES person,
    CHECK ((erased_at IS NULL) = (erased_by IS NULL)),
    CHECK (erased_at IS NULL OR (address = '' AND access = ''))
);

CREATE TABLE site_survey (
    site        text NOT NULL REFERENCES site,
    surveyed_at timestamptz NOT NULL,
    surveyed_by text NOT NULL REFERENCES person,
    supply      text NOT NULL,
    supply_mv   integer,
    signals     text NOT NULL,
    note        text NOT NULL,
    PRIMARY KEY (site, surveyed_at)
);

CREATE SEQUENCE deployment_number;

CREATE TABLE deployment (
    deployment_id    text PRIMARY KEY CHECK (deployment_id ~ '^DEP-[0-9]{1,6}$'),
    version          integer NOT NULL CHECK (version > 0),
    kind             text NOT NULL CHECK (kind IN ('av-capture', 'camera-alarm', 'property-tracking',
                                                   'vehicle-tracking', 'delivery-support', 'critical-incident')),
    state            text NOT NULL CHECK (state IN ('requested', 'feasible', 'planned', 'authorised', 'checked-out',
                                                    'fitted', 'commissioned', 'live', 'maintenance', 'recovered',
                                                    'closed', 'cancelled')),
    title            text NOT NULL,
    site             text REFERENCES site,
    starts_at        timestamptz NOT NULL,
    expected_back_at timestamptz NOT NULL,
    wants            text NOT NULL,
    works            text[] NOT NULL,
    modalities       text[] NOT NULL,
    lead_id          text REFERENCES person,
    rota_id          text REFERENCES rota,
    supervisor_id    text REFERENCES person,
    note             text NOT NULL,
    urgent           boolean NOT NULL,
    requested_by     text NOT NULL REFERENCES person,
    requested_at     timestamptz NOT NULL,
    CHECK (starts_at < expected_back_at)
);
CREATE INDEX deployment_open ON deployment (expected_back_at) WHERE state NOT IN ('closed', 'cancelled');

-- Each step that was gone, in order. `skipped` ones the fast path went past; what they, and steps that it went without
-- their papers, would have asked for is owed until `owed_until`.
CREATE TABLE deployment_step (
    step_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment,
    step          text NOT NULL,
    from_state    text NOT NULL,
    to_state      text NOT NULL,
    at            timestamptz NOT NULL,
    by            text NOT NULL REFERENCES person,
    skipped       boolean NOT NULL DEFAULT false,
    owed_until    timestamptz,
    owner_id      text REFERENCES person,
    made_up_at    timestamptz,
    made_up_by    text REFERENCES person,
    CHECK (owed_until IS NOT NULL OR NOT skipped),
    CHECK ((made_up_at IS NULL) = (made_up_by IS NULL)),
    CHECK (owed_until IS NOT NULL OR made_up_at IS NULL)
);
CREATE INDEX deployment_step_of ON deployment_step (deployment_id, step_id);
CREATE INDEX deployment_step_owed ON deployment_step (owed_until) WHERE made_up_at IS NULL;

CREATE TABLE deployment_authority (
    naming_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment,
    authority_id  text NOT NULL REFERENCES authority,
    named_by      text NOT NULL REFERENCES person,
    named_at      timestamptz NOT NULL,
    dropped_at    timestamptz
);
CREATE UNIQUE INDEX deployment_authority_named ON deployment_authority (deployment_id, authority_id)
    WHERE dropped_at IS NULL;

-- Somebody has every item at any time. `deployment_id` is what it is out for, `place` where it is kept when it is in.
CREATE TABLE kit_item (
    item             text PRIMARY KEY CHECK (item ~ '^K-[0-9]{4,6}$'),
    version          integer NOT NULL CHECK (version > 0),
    model            text NOT NULL REFERENCES kit_model,
    serial           text NOT NULL,
    unit_id          text UNIQUE REFERENCES unit,
    condition        text NOT NULL CHECK (condition IN ('good', 'worn', 'damaged', 'failed')),
    service          text NOT NULL CHECK (service IN ('in-service', 'quarantined', 'in-repair', 'lost', 'disposed')),
    service_reason   text NOT NULL DEFAULT '',
    custodian        text NOT NULL REFERENCES person,
    place            text REFERENCES kit_place,
    deployment_id    text REFERENCES deployment,
    out_since        timestamptz,
    expected_back_at timestamptz,
    added_at         timestamptz NOT NULL,
    CHECK ((place IS NULL) = (out_since IS NOT NULL)),
    CHECK (deployment_id IS NULL OR out_since IS NOT NULL)
);
CREATE INDEX kit_item_model ON kit_item (model);
CREATE INDEX kit_item_out ON kit_item (expected_back_at) WHERE out_since IS NOT NULL;
CREATE INDEX kit_item_deployment ON kit_item (deployment_id) WHERE deployment_id IS NOT NULL;

CREATE TABLE kit_movement (
    movement_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item          text NOT NULL REFERENCES kit_item,
    at            timestamptz NOT NULL,
    by            text NOT NULL REFERENCES person,
    from_person   text REFERENCES person,
    to_person     text NOT NULL REFERENCES person,
    from_place    text,
    to_place      text,
    deployment_id text,
    way           text NOT NULL CHECK (way IN ('new', 'out', 'in', 'hand-over', 'fast-path')),
    how           text NOT NULL CHECK (how IN ('scan', 'typed', 'desk')),
    condition     text NOT NULL
);
CREATE INDEX kit_movement_item ON kit_movement (item, movement_id);
CREATE INDEX kit_movement_deployment ON kit_movement (deployment_id) WHERE deployment_id IS NOT NULL;

CREATE TABLE kit_reading (
    reading_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item       text NOT NULL REFERENCES kit_item,
    counter    text NOT NULL,
    value      integer NOT NULL CHECK (value >= 0),
    read_at    timestamptz NOT NULL,
    read_by    text NOT NULL REFERENCES person
);
CREATE INDEX kit_reading_latest ON kit_reading (item, counter, reading_id);

-- A unit's running hours, as the controller adds them up from its reports.
CREATE TABLE unit_running (
    unit_id    text PRIMARY KEY REFERENCES unit,
    uptime_s   bigint NOT NULL,
    sampled_at timestamptz NOT NULL,
    total_s    bigint NOT NULL CHECK (total_s >= 0)
);

CREATE TABLE kit_maintained (
    maintained_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item          text NOT NULL REFERENCES kit_item,
    rule          text NOT NULL,
    done_at       timestamptz NOT NULL,
    done_by       text NOT NULL REFERENCES person,
    counter_value integer,
    note          text NOT NULL
);
CREATE INDEX kit_maintained_item ON kit_maintained (item, rule, done_at);

CREATE TABLE kit_reservation (
    reservation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item           text NOT NULL REFERENCES kit_item,
    deployment_id  text NOT NULL REFERENCES deployment,
    during         tstzrange NOT NULL CHECK (NOT isempty(during)),
    made_at        timestamptz NOT NULL,
    released_at    timestamptz,
    CONSTRAINT kit_in_one_place EXCLUDE USING gist (item WITH =, during WITH &&) WHERE (released_at IS NULL)
);
CREATE INDEX kit_reservation_deployment ON kit_reservation (deployment_id) WHERE released_at IS NULL;

CREATE TABLE visit (
    visit_id      text PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment,
    kind          text NOT NULL CHECK (kind IN ('survey', 'fit', 'maintain', 'attend', 'recover')),
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    works         text[] NOT NULL,
    away          boolean NOT NULL,
    made_at       timestamptz NOT NULL,
    dropped_at    timestamptz,
    CHECK (starts_at < ends_at)
);
CREATE INDEX visit_deployment ON visit (deployment_id) WHERE dropped_at IS NULL;

CREATE TABLE visit_person (
    visit_id   text NOT NULL REFERENCES visit,
    person_id  text NOT NULL REFERENCES person,
    role       text NOT NULL CHECK (role IN ('lead', 'engineer', 'driver', 'electrician')),
    during     tstzrange NOT NULL CHECK (NOT isempty(during)),
    absence_id text REFERENCES absence,
    dropped_at timestamptz,
    PRIMARY KEY (visit_id, person_id),
    CONSTRAINT person_in_one_place EXCLUDE USING gist (person_id WITH =, during WITH &&) WHERE (dropped_at IS NULL)
);
CREATE INDEX visit_person_of ON visit_person (person_id) WHERE dropped_at IS NULL;

CREATE TABLE readiness_certificate (
    certificate_id text PRIMARY KEY,
    deployment_id  text NOT NULL REFERENCES deployment,
    item           text NOT NULL REFERENCES kit_item,
    unit_id        text NOT NULL REFERENCES unit,
    issued_at      timestamptz NOT NULL,
    issued_by      text NOT NULL REFERENCES person,
    valid_until    timestamptz NOT NULL,
    passed         boolean NOT NULL,
    document       text NOT NULL
);
CREATE INDEX readiness_certificate_of ON readiness_certificate (deployment_id, issued_at);

CREATE TABLE checklist_template (
    kind       text NOT NULL,
    step       text NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    items      text NOT NULL,
    changed_by text REFERENCES person,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, step, version)
);

-- Which version a deployment's step goes by, from the first evidence on.
CREATE TABLE checklist (
    deployment_id text NOT NULL REFERENCES deployment,
    step          text NOT NULL,
    version       integer NOT NULL,
    begun_at      timestamptz NOT NULL,
    PRIMARY KEY (deployment_id, step)
);

CREATE TABLE checklist_evidence (
    evidence_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment,
    step          text NOT NULL,
    key           text NOT NULL,
    ticked        boolean NOT NULL,
    text          text NOT NULL,
    number        double precision,
    met           boolean NOT NULL,
    by            text NOT NULL REFERENCES person,
    at            timestamptz NOT NULL,
    FOREIGN KEY (deployment_id, step) REFERENCES checklist
);
CREATE INDEX checklist_evidence_of ON checklist_evidence (deployment_id, evidence_id);

-- Custody passes by movements only: whoever an item says has it is whom its latest movement says.
CREATE FUNCTION check_kit_custody() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_has record;
    latest record;
BEGIN
    SELECT custodian, place, deployment_id, condition INTO now_has FROM public.kit_item WHERE item = NEW.item;
    SELECT to_person, to_place, deployment_id INTO latest FROM public.kit_movement
        WHERE item = NEW.item ORDER BY movement_id DESC LIMIT 1;
    IF latest IS NULL OR (now_has.custodian, now_has.place, now_has.deployment_id)
            IS DISTINCT FROM (latest.to_person, latest.to_place, latest.deployment_id) THEN
        RAISE EXCEPTION 'custody of % passes by a movement', NEW.item USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER custody AFTER INSERT OR UPDATE ON kit_item DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_kit_custody();
CREATE CONSTRAINT TRIGGER custody AFTER INSERT ON kit_movement DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_kit_custody();

-- A movement goes on from where the one before it ended.
CREATE FUNCTION check_kit_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    had text;
    was_at text;
BEGIN
    PERFORM FROM public.kit_item WHERE item = NEW.item FOR UPDATE;
    SELECT to_person, to_place INTO had, was_at FROM public.kit_movement
        WHERE item = NEW.item ORDER BY movement_id DESC LIMIT 1;
    IF (had IS NULL) <> (NEW.way = 'new') OR (had, was_at) IS DISTINCT FROM (NEW.from_person, NEW.from_place) THEN
        RAISE EXCEPTION 'a movement of % goes on from the one before', NEW.item
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER goes_on BEFORE INSERT ON kit_movement FOR EACH ROW EXECUTE FUNCTION check_kit_movement();

-- Each holds with its entry, written in the same transaction.
CREATE FUNCTION check_kit_movement_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged(
        CASE NEW.way WHEN 'new' THEN 'kit.added' ELSE 'kit.moved' END, NEW."by", NEW.at, 'item', NEW.item);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON kit_movement DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_kit_movement_logged();

CREATE FUNCTION check_deployment_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged(
        'deployment.requested', NEW.requested_by, NEW.requested_at, 'deployment', NEW.deployment_id);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON deployment DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_deployment_logged();

CREATE FUNCTION check_deployment_step_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM public.check_rota_logged(
            'deployment.made-up', NEW.made_up_by, NEW.made_up_at, 'deployment', NEW.deployment_id);
        RETURN NULL;
    END IF;
    FOREACH entry IN ARRAY CASE WHEN NEW.skipped THEN ARRAY['deployment.step-owed']
                                WHEN NEW.owed_until IS NULL THEN ARRAY['deployment.changed']
                                ELSE ARRAY['deployment.changed', 'deployment.step-owed'] END LOOP
        PERFORM public.check_rota_logged(entry, NEW."by", NEW.at, 'deployment', NEW.deployment_id);
        PERFORM public.check_rota_logged(entry, NEW."by", NEW.at, 'step', NEW.step);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON deployment_step DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_deployment_step_logged();

-- A deployment's state is where its latest step led.
CREATE FUNCTION check_deployment_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    here text;
    led_to text;
BEGIN
    SELECT state INTO here FROM public.deployment WHERE deployment_id = NEW.deployment_id;
    SELECT to_state INTO led_to FROM public.deployment_step
        WHERE deployment_id = NEW.deployment_id ORDER BY step_id DESC LIMIT 1;
    IF here IS DISTINCT FROM coalesce(led_to, 'requested') THEN
        RAISE EXCEPTION 'a deployment comes to a state by a step' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER by_steps AFTER INSERT OR UPDATE ON deployment DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_deployment_state();
CREATE CONSTRAINT TRIGGER by_steps AFTER INSERT ON deployment_step DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_deployment_state();

CREATE FUNCTION check_deployment_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    led_to text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.owed_until IS NULL OR OLD.made_up_at IS NOT NULL THEN
            RAISE EXCEPTION 'paperwork is made up for once' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM FROM public.deployment WHERE deployment_id = NEW.deployment_id FOR UPDATE;
    SELECT to_state INTO led_to FROM public.deployment_step
        WHERE deployment_id = NEW.deployment_id ORDER BY step_id DESC LIMIT 1;
    IF NEW.from_state IS DISTINCT FROM coalesce(led_to, 'requested') THEN
        RAISE EXCEPTION 'a step goes on from the one before' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER goes_on BEFORE INSERT OR UPDATE ON deployment_step FOR EACH ROW EXECUTE FUNCTION check_deployment_step();

-- What was released, dropped or erased stays so.
CREATE FUNCTION keep_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
        RAISE EXCEPTION 'what has ended stays so' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER once BEFORE UPDATE ON kit_reservation FOR EACH ROW EXECUTE FUNCTION keep_released('released_at');
CREATE TRIGGER once BEFORE UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION keep_released('dropped_at');
CREATE TRIGGER once BEFORE UPDATE ON visit_person FOR EACH ROW EXECUTE FUNCTION keep_released('dropped_at');
CREATE TRIGGER once BEFORE UPDATE ON deployment_authority
    FOR EACH ROW EXECUTE FUNCTION keep_released('dropped_at');
CREATE TRIGGER once BEFORE UPDATE ON site FOR EACH ROW EXECUTE FUNCTION keep_released('erased_at');

REVOKE EXECUTE ON FUNCTION check_kit_custody, check_kit_movement, check_kit_movement_logged,
    check_deployment_logged, check_deployment_step_logged, check_deployment_state, check_deployment_step, keep_released
    FROM PUBLIC;

GRANT SELECT, INSERT ON kit_place, kit_model, kit_stock_move, site, site_survey, deployment, deployment_step,
    deployment_authority, kit_item, kit_movement, kit_reading, unit_running, kit_maintained, kit_reservation, visit,
    visit_person, readiness_certificate, checklist_template, checklist, checklist_evidence TO muster_controller;
GRANT USAGE ON SEQUENCE kit_item_number, deployment_number TO muster_controller;
GRANT UPDATE (name, keeper) ON kit_place TO muster_controller;
GRANT UPDATE (version, document, stock, changed_by, changed_at) ON kit_model TO muster_controller;
GRANT UPDATE (version, address, access, erased_at, erased_by) ON site TO muster_controller;
GRANT UPDATE (version, state, title, site, starts_at, expected_back_at, wants, works, modalities, lead_id, rota_id,
    supervisor_id, note) ON deployment TO muster_controller;
GRANT UPDATE (made_up_at, made_up_by) ON deployment_step TO muster_controller;
GRANT UPDATE (dropped_at) ON deployment_authority, visit, visit_person TO muster_controller;
GRANT UPDATE (version, serial, unit_id, condition, service, service_reason, custodian, place, deployment_id, out_since,
    expected_back_at) ON kit_item TO muster_controller;
GRANT UPDATE (uptime_s, sampled_at, total_s) ON unit_running TO muster_controller;
GRANT UPDATE (released_at) ON kit_reservation TO muster_controller;
